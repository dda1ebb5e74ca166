import { accessSync, constants, statSync } from "node:fs";
import os from "node:os";
import { errnoOf, unless } from "./errno.ts";
import { findGroup, findUser } from "./users.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"];

export function isDirectory(path: string): boolean {
  return unless(absent, () => statSync(path).isDirectory()) ?? false;
}

/** Why a folder cannot be the working directory: the kernel's name for it; undefined when it can. */
export function folderFault(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return "ENOTDIR";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
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
