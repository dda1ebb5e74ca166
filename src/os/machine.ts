import { statSync } from "node:fs";
import os from "node:os";
import { unless } from "./errno.ts";
import { findGroup, findUser } from "./users.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"];

export function isDirectory(path: string): boolean {
  return unless(absent, () => statSync(path).isDirectory()) ?? false;
}

/** What this machine is and who asks. */
export const machine = () => ({
  env: process.env,
  host: os.hostname(),
  home: os.homedir(),
  cwd: process.cwd(),
  uid: process.getuid?.() ?? 0,
  tempDir: os.tmpdir(),
  isDirectory,
  user: findUser,
  group: findGroup,
});
