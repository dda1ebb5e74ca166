import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  writeSync,
} from "node:fs";
import { errnoOf, unless } from "./errno.ts";
import { descriptorOf, movable, nodeStream } from "./logplace.ts";
import { Outlet, type OutletEvents, type Target, tellsRoom } from "./outlet.ts";

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_NOCTTY } = constants;
/** What is full, or a FIFO that nobody reads, must not stop the daemon: it fails instead. */
const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY;

/** A file that is written to is looked at this often: it may have been deleted, or cut. */
const LOOK_MS = 1_000;
/** Bytes; what is more is timed always. */
const SMALL = 4_096;
/** Small writes that follow each other as quickly as this are timed once in so many. */
const BUSY_MS = 5;
const UNTIMED = 8;

/** What a log becomes that is made here; nothing of one that is there already is changed. */
export interface Creation {
  /** Not by the umask then. */
  mode: number | undefined;
  owner: Owner | undefined;
}

interface Owner {
  uid: number;
  /** -1: the group that it has anyway. */
  gid: number;
}

interface Opened extends Target {
  /** Ours to close. */
  own: boolean;
  /** What could not be done for it. */
  trouble?: string | undefined;
}

function open(path: string, creation: Creation): Opened {
  const fd = descriptorOf(path);
  if (fd !== undefined) return openInherited(fd);
  const { mode, owner } = creation;
  if (mode === undefined && !owner) return owned(openSync(path, flags, 0o666));
  return openOrMake(path, creation);
}

/** Whoever may write to the folder could put a link there: only what is certainly new is given away. */
function openOrMake(path: string, creation: Creation): Opened {
  const there = unless(["ENOENT"], () => openSync(path, flags & ~O_CREAT));
  if (there !== undefined) return owned(there);
  const { mode } = creation;
  // Until it has its owner nobody else is to read it.
  const first = mode === undefined ? 0o666 : 0o600;
  const name = movable(path) ?? path;
  const made = unless(["EEXIST"], () => openSync(name, flags | O_EXCL, first));
  if (made === undefined) return owned(openSync(path, flags, first));
  return { ...owned(made), trouble: fulfil(made, creation) };
}

/**
 * Gives a file that has just been made its owner and its mode.
 * @returns what could not be done, in words
 */
export function fulfil(fd: number, { mode, owner }: Creation): string | undefined {
  const trouble = owner && giveAway(fd, owner);
  try {
    if (mode !== undefined) fchmodSync(fd, mode);
  } catch (error) {
    return `cannot have mode ${mode?.toString(8)}: ${error}`;
  }
  return trouble;
}

function giveAway(fd: number, { uid, gid }: Owner): string | undefined {
  const stat = fstatSync(fd);
  try {
    fchownSync(fd, uid, gid < 0 ? stat.gid : gid);
    return undefined;
  } catch (error) {
    const only = process.getuid?.() === 0 ? "" : "only root may give files away; ";
    const wanted = `user ${uid}${gid < 0 ? "" : ` and group ${gid}`}`;
    return `cannot be given to ${wanted} and stays that of user ${stat.uid}: ${only}${error}`;
  }
}

const owned = (fd: number): Opened => ({ fd, own: true, stdio: undefined });

/** Opened anew, not to wait on it does not change it for those who share it. */
function openInherited(fd: 1 | 2): Opened {
  const isSocket = fstatSync(fd).isSocket();
  // A pipe of another user may not be opened, and a socket cannot be.
  const refusals = ["EACCES", "EPERM", "ENOENT"];
  const anew = isSocket
    ? undefined
    : unless(refusals, () => openSync(`/proc/self/fd/${fd}`, flags & ~O_CREAT));
  return anew === undefined ? { fd, own: false, stdio: nodeStream(fd) } : owned(anew);
}

const asItComes: Creation = { mode: undefined, owner: undefined };

/** A file that is appended to. */
export class LogFile {
  readonly path: string;
  readonly #opened: Opened;
  /** It has no room at times, and tells when it has. */
  readonly #canWait: boolean;
  /** Bytes in the file; undefined for what is not to be rotated, such as a terminal or a pipe. */
  size: number | undefined;
  /** Of its disk, as stat(2) has it. */
  readonly device: number;
  /** How long the latest write took that was timed, in milliseconds. */
  tookMs = 0;
  /** Of many small writes in a row not every one is timed, as that costs a tenth of one. */
  #untimed = 0;
  #timedAt = 0;
  /** Monotonic. */
  #lookedAt = performance.now();

  /**
   * @param creation for a file that is not there yet
   * @throws when the file cannot be opened for appending
   */
  constructor(path: string, creation: Creation = asItComes) {
    this.path = path;
    this.#opened = open(path, creation);
    const { fd, own, stdio } = this.#opened;
    const stat = fstatSync(fd);
    this.device = stat.dev;
    this.size = stat.isFile() && movable(path) !== undefined ? stat.size : undefined;
    this.#canWait = own ? !stat.isFile() && tellsRoom(fd) : stdio !== undefined;
  }

  /** What could not be done when it was made: its mode or its owner, in words. */
  get trouble(): string | undefined {
    return this.#opened.trouble;
  }

  /**
   * Appends all of it.
   * @returns how many bytes have gone: fewer than all when there is no more room, but may be again
   * @throws what the kernel gives, such as ENOSPC, with `written` bytes done; ESTALE for a file that
   * nothing leads to any more, by a look once a second
   */
  append(chunk: Uint8Array): number {
    if (this.#untimed > 0 && chunk.length < SMALL) {
      this.#untimed--;
      return this.#write(chunk);
    }
    const began = performance.now();
    if (began - this.#lookedAt > LOOK_MS && this.look()) throw new WriteError(0, new Deleted());
    try {
      return this.#write(chunk);
    } finally {
      this.tookMs = performance.now() - began;
      const isBusy = began - this.#timedAt < BUSY_MS && this.tookMs < BUSY_MS;
      this.#untimed = isBusy ? UNTIMED : 0;
      this.#timedAt = began;
    }
  }

  #write(chunk: Uint8Array): number {
    let written = 0;
    try {
      while (written < chunk.length) {
        const bytes = writeSync(this.#opened.fd, chunk, written, chunk.length - written);
        written += bytes;
        if (this.size !== undefined) this.size += bytes;
      }
    } catch (error) {
      if (!this.#canWait || errnoOf(error) !== "EAGAIN") throw new WriteError(written, error);
    }
    return written;
  }

  /**
   * Looks at the file, which somebody else may have cut: what is appended goes to its end even then.
   * @returns whether it has been deleted
   */
  look(): boolean {
    this.#lookedAt = performance.now();
    if (this.size === undefined) return false;
    const { nlink, size } = fstatSync(this.#opened.fd);
    this.size = size;
    return nlink === 0;
  }

  /** A way to append when there is room again. @throws what the kernel gives when that cannot be known */
  openOutlet<O>(events: OutletEvents<O>): Outlet<O> {
    return new Outlet(this.#opened, events);
  }

  truncate(): void {
    ftruncateSync(this.#opened.fd, 0);
    this.size = 0;
  }

  close(): void {
    if (this.#opened.own) closeSync(this.#opened.fd);
  }
}

/** As a server says it of a file that somebody else has deleted. */
class Deleted extends Error {
  readonly code = "ESTALE";
}

/** Whether nothing was written because nothing leads to the file any more: its name may be another's. */
export const isDeleted = (error: unknown): boolean =>
  error instanceof WriteError && error.errno === "ESTALE" && error.written === 0;

/** How a file fails that is of a disk, a server or a mount which is not there any more. */
const goneWith = new Set(["EIO", "ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "EROFS", "EBADF"]);

/** Whether a file that has failed so is to be opened anew: another disk may be there meanwhile. */
export const isGoneWith = (errno: string): boolean => goneWith.has(errno);

/** A write that failed after some bytes. */
export class WriteError extends Error {
  override readonly name = "WriteError";
  readonly written: number;
  readonly errno: string;

  constructor(written: number, cause: unknown) {
    const errno = errnoOf(cause) ?? String(cause);
    super(errno, { cause });
    this.written = written;
    this.errno = errno;
  }
}
