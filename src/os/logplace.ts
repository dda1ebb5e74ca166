import {
  accessSync,
  close,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { unless } from "./errno.ts";

/** How a place answers that is not there, may not be seen, or whose disk or server has gone. */
export const absent = [
  ...["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"],
  ...["EACCES", "EPERM"],
  ...["EIO", "ENOTCONN", "ESTALE", "ENODEV", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH"],
];

/** Names of the daemon's own descriptors. */
const descriptors = new Map<string, 1 | 2>([
  ["/dev/stdout", 1],
  ["/dev/stderr", 2],
]);

/** The descriptor of the daemon's own that a log's name means. */
export const descriptorOf = (file: string): 1 | 2 | undefined => descriptors.get(file);

/** Node's stream on a pipe or a socket that the daemon was started with: with it, nothing waits there. */
export function nodeStream(fd: 1 | 2): Socket | undefined {
  const stat = fstatSync(fd);
  if (!stat.isFIFO() && !stat.isSocket()) return undefined;
  const stream: unknown = fd === 1 ? process.stdout : process.stderr;
  if (!(stream instanceof Socket)) return undefined;
  // Whoever writes is told of errors; without a listener they would also end the daemon.
  return stream.off("error", ignore).on("error", ignore);
}

const ignore = () => undefined;

/** Devices, and descriptors of whatever process; not the folder for shared memory, which has files. */
const special = /^\/(?:dev(?!\/shm\/)|proc)\//;

/** The kernel follows no more links in a row either. */
const MOST_LINKS = 40;

/**
 * Where a log is, over links, when it is a file that may be renamed or cut, or is not there yet.
 * @returns undefined for what is no regular file, and for everything under /dev and /proc
 */
export function movable(file: string, links = MOST_LINKS): string | undefined {
  const folder = unless(absent, () => realpathSync.native(path.dirname(file)));
  if (folder === undefined) return file;
  const name = path.join(folder, path.basename(file));
  if (special.test(name) || links === 0) return undefined;
  const stat = unless(absent, () => lstatSync(name));
  if (stat?.isSymbolicLink()) return movable(path.resolve(folder, readlinkSync(name)), links - 1);
  return !stat || stat.isFile() ? name : undefined;
}

/** Whether a file is not there, and nothing is known that keeps it from being made. */
export function canBeMade(file: string): boolean {
  return (
    unless(absent, () => {
      if (lstatSync(file, { throwIfNoEntry: false })) return false;
      accessSync(path.dirname(file), constants.W_OK | constants.X_OK);
      return true;
    }) ?? false
  );
}

/** What a log holds, and when it was written to last; undefined when it is no regular file. */
export function contentOf(file: string): { size: number; mtimeMs: number } | undefined {
  const stat = unless(absent, () => statSync(file));
  return stat?.isFile() && movable(file) !== undefined
    ? { size: stat.size, mtimeMs: stat.mtimeMs }
    : undefined;
}

/** Removes a log, over links. @returns false, and touches nothing, when it is no regular file */
export function removeLog(file: string): boolean {
  const found = movable(file);
  if (found === undefined) return false;
  unless(["ENOENT"], () => unlinkSync(found));
  return true;
}

/**
 * What a device, a pipe or a descriptor of the daemon's is, whatever it is called here.
 * @returns undefined for a file, and for what is not there
 */
export function deviceOf(file: string): string | undefined {
  const fd = descriptorOf(file);
  const stat = fd === undefined ? unless(absent, () => statSync(file)) : fstatSync(fd);
  if (!stat || (stat.isFile() && fd === undefined)) return undefined;
  return `${stat.dev}:${stat.ino}`;
}

export const exists = existsSync;

/** Gives a file another name; who has that name now loses it. @throws what the kernel gives */
export const rename = (from: string, to: string): void => lettingGo(to, () => renameSync(from, to));

/** Removes a file. @throws what the kernel gives */
export const remove = (file: string): void => lettingGo(file, () => unlinkSync(file));

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const notToBeHeld = [...absent, "EMFILE", "ENFILE", "ENXIO", "EPERM", "EIO"];

/**
 * Takes the last name of a file away. What a large one has on the disk takes the kernel tens of
 * milliseconds to free; held open until then, that is done on a thread beside the loop.
 */
function lettingGo(file: string, act: () => void): void {
  const fd = unless(notToBeHeld, () =>
    openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY),
  );
  try {
    act();
  } finally {
    if (fd !== undefined) close(fd, ignore);
  }
}
