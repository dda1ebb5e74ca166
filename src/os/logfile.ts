import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { errnoOf, unless } from "./errno.ts";

/** Files that are descriptors of the daemon's own. */
const inherited = new Map([
  ["/dev/stdout", 1],
  ["/dev/stderr", 2],
]);

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
/** A FIFO or a terminal that nobody reads must not stop the daemon: it fails instead. */
const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;

/** @returns the descriptor, and whether it is ours to close */
function open(path: string, mode: number): [fd: number, own: boolean] {
  const fd = inherited.get(path);
  if (fd === undefined) return [openSync(path, flags, mode), true];
  // The daemon's own descriptor is meant. Opened anew, not to wait on it does not change it for
  // those who share it; a socket cannot be opened so, and a pipe of another user may not be.
  const anew = unless(["ENXIO", "EACCES", "EPERM", "ENOENT"], () =>
    openSync(`/proc/self/fd/${fd}`, flags & ~O_CREAT),
  );
  return anew === undefined ? [fd, false] : [anew, true];
}

/** A file that is appended to. */
export class LogFile {
  readonly path: string;
  readonly #fd: number;
  readonly #own: boolean;
  /** Bytes in the file; undefined for what has no size, such as a terminal or a pipe. */
  size: number | undefined;

  /** @throws when the file cannot be opened for appending */
  constructor(path: string, mode = 0o666) {
    this.path = path;
    [this.#fd, this.#own] = open(path, mode);
    const stat = fstatSync(this.#fd);
    this.size = stat.isFile() ? stat.size : undefined;
  }

  /** Appends all of it. @throws what the kernel gives, such as ENOSPC, with `written` bytes done */
  append(chunk: Uint8Array): void {
    let written = 0;
    try {
      while (written < chunk.length) {
        const bytes = writeSync(this.#fd, chunk, written, chunk.length - written);
        written += bytes;
        if (this.size !== undefined) this.size += bytes;
      }
    } catch (error) {
      throw new WriteError(written, error);
    }
  }

  truncate(): void {
    ftruncateSync(this.#fd, 0);
    this.size = 0;
  }

  close(): void {
    if (this.#own) closeSync(this.#fd);
  }
}

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

export const exists = existsSync;
export const rename = renameSync;
