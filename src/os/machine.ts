import { readFileSync, statSync } from "node:fs";
import os from "node:os";
import { unless } from "./errno.ts";
import { findGroup, findUser } from "./users.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"];

export function isDirectory(path: string): boolean {
  return unless(absent, () => statSync(path).isDirectory()) ?? false;
}

/** @returns the text, or undefined when the file is missing, unreadable or not UTF-8 */
export function readText(path: string): string | undefined {
  const bytes = unless([...absent, "EISDIR", "EPERM"], () => readFileSync(path));
  if (!bytes) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
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
