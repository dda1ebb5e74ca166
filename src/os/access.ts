import { accessSync, constants, statSync } from "node:fs";
import { unless } from "./errno.ts";
import { groupsOf } from "./users.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"];

/** The permission bits of a file; undefined when there is none. */
export const modeOf = (path: string): number | undefined =>
  unless(absent, () => statSync(path).mode & 0o7777);

/**
 * Whether a user may write a file, or into a folder, by its owner, group and mode.
 * @param as undefined: the user who asks
 */
export function isWritable(path: string, as: { uid: number; gid: number } | undefined): boolean {
  if (as?.uid === 0) return true;
  if (!as || as.uid === process.getuid?.()) {
    return (
      unless([...absent, "EROFS", "EPERM"], () => {
        accessSync(path, constants.W_OK);
        return true;
      }) ?? false
    );
  }
  const stat = unless(absent, () => statSync(path));
  if (!stat) return false;
  if (stat.uid === as.uid) return (stat.mode & 0o200) !== 0;
  const groups = [as.gid, ...groupsOf(as.uid)];
  return (stat.mode & (groups.includes(stat.gid) ? 0o020 : 0o002)) !== 0;
}
