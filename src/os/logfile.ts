import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { errnoOf } from "./errno.ts";

/** Files that are descriptors of the daemon's own. */
const inherited = new Map([
  ["/dev/stdout", 1],
  ["/dev/stderr", 2],
]);

/** A file that is appended to. */
export class LogFile {
  readonly path: string;
  readonly #fd: number;
  /** Bytes in the file; undefined for what has no size, such as a terminal or a pipe. */
  size: number | undefined;

  /** @throws when the file cannot be opened for appending */
  constructor(path: string, mode = 0o666) {
    this.path = path;
    // Opening /dev/stdout fails where it is a socket, and would truncate or interleave where it is
    // a file: the daemon's own descriptor is meant.
    this.#fd = inherited.get(path) ?? openSync(path, "a", mode);
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
    if (!inherited.has(this.path)) closeSync(this.#fd);
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
