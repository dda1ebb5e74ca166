import { accessSync, constants, statSync } from "node:fs";
import { CommandError, findCommand } from "./command.ts";
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

/** Whether this is a folder, or may be one inside a folder that the caller may not look into. */
export const mayBeDirectory = (path: string): boolean =>
  unless(
    ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"],
    () => unless(["EACCES"], () => statSync(path).isDirectory()) ?? true,
  ) ?? false;

/**
 * Why a command word cannot be run, in supervisord's words; undefined when it can, or when somebody
 * else may be able to.
 * @param searchPath undefined: that of the caller
 */
export function commandFault(word: string, searchPath: string | undefined): string | undefined {
  try {
    findCommand(word, searchPath ?? (process.env.PATH || undefined));
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return word.includes("/") && isForOthers(word) ? undefined : error.message;
  }
}

/** A file that others may run, or one that cannot be seen. */
const isForOthers = (path: string): boolean =>
  unless(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"], () => {
    const stat = unless(["EACCES"], () => statSync(path));
    return !stat || (!stat.isDirectory() && (stat.mode & 0o111) !== 0);
  }) ?? false;
