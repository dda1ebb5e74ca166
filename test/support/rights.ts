/** What only root can test: daemons of other users, and machines that are made a little different. */

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { tempDir } from "./daemon.ts";

export const isRoot = process.getuid?.() === 0;

/** Whether root may do this here; said when not, as the tests that need it are skipped. */
export function may(command: readonly string[], skipped: string): boolean {
  const [file = "", ...words] = command;
  if (isRoot && spawnSync(file, words).status === 0) return true;
  console.warn(`skipped: ${skipped}`);
  return false;
}

export const NOBODY = 65_534;

/** A command that becomes another one, as this user and with no other groups. */
export const asUser = (uid: number): string[] => [
  "setpriv",
  `--reuid=${uid}`,
  `--regid=${uid}`,
  "--clear-groups",
  "--",
];

/** What is mounted there is seen by what it starts, and by nobody else. */
export const inNamespace = ["unshare", "--mount"];

/** A folder of the test's own that every user may enter, and that may belong to another one. */
export function openFolder(uid = 0): string {
  const dir = tempDir();
  chmodSync(dir, 0o755);
  if (isRoot) chownSync(dir, uid, uid);
  return dir;
}
