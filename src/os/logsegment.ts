import { closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { unless } from "./errno.ts";

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
const READ_AT_ONCE = O_RDONLY | O_NONBLOCK | O_NOCTTY;
const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG", "ENXIO", "EISDIR"];
const readLater = promisify(read);
const CHUNK = 65_536;

/** One file of a log, open for reading: it stays readable when it is renamed or removed. */
export interface LogSegment {
  /** The same for two that are the same file. */
  readonly id: string;
  /** Of the last write, in milliseconds since the Epoch. */
  readonly mtimeMs: number;
  /** In bytes, as of now; undefined for a compressed file: nobody knows before it has been read. */
  size(): number | undefined;
  /**
   * Reads in a thread. One call at a time.
   * @returns fewer bytes than `most` at times, and none at the end
   * @throws what the kernel gives; of a compressed file also what is wrong with it
   */
  read(position: number, most: number): Promise<Buffer>;
  /** Waits for the bytes of a file that is about to be cut. */
  readNow(position: number, most: number): Buffer;
  close(): void;
}

/**
 * Opens a file of a log without waiting.
 * @returns undefined when there is none, or it is none that has content to give back
 */
export function openSegment(path: string): LogSegment | undefined {
  const fd = unless(absent, () => openSync(path, READ_AT_ONCE));
  if (fd === undefined) return undefined;
  const stat = fstatSync(fd);
  if (stat.isFile()) {
    const known = { id: `${stat.dev}:${stat.ino}`, mtimeMs: stat.mtimeMs };
    return path.endsWith(".gz") ? compressedSegment(fd, known) : plainSegment(fd, known);
  }
  closeSync(fd);
  return undefined;
}

type Known = Pick<LogSegment, "id" | "mtimeMs">;

function plainSegment(fd: number, known: Known): LogSegment {
  const release = onceUnused(() => closeSync(fd));
  return {
    ...known,
    size: () => fstatSync(fd).size,
    read: (position, most) =>
      release.after(async () => {
        const buffer = Buffer.allocUnsafe(most);
        const { bytesRead } = await readLater(fd, buffer, 0, most, position);
        return withoutWaste(buffer.subarray(0, bytesRead));
      }),
    readNow(position, most) {
      const buffer = Buffer.allocUnsafe(most);
      return buffer.subarray(0, readSync(fd, buffer, 0, most, position));
    },
    close: release.close,
  };
}

/** What a slow reader has before it is not to hold a buffer that is mostly empty. */
const withoutWaste = (bytes: Buffer): Buffer =>
  bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;

/** Reads on from where it is; going back means beginning anew. */
function compressedSegment(fd: number, known: Known): LogSegment {
  let chunks = decompress(fd);
  let chunk: Buffer = Buffer.alloc(0);
  let start = 0;
  const release = onceUnused(() => {
    chunks.close();
    closeSync(fd);
  });
  return {
    ...known,
    size: () => undefined,
    read: (position, most) =>
      release.after(async () => {
        if (position < start) {
          chunks.close();
          chunks = decompress(fd);
          [chunk, start] = [Buffer.alloc(0), 0];
        }
        while (position >= start + chunk.length) {
          const next = await chunks.next();
          if (!next) return Buffer.alloc(0);
          [chunk, start] = [next, start + chunk.length];
        }
        return chunk.subarray(position - start, position - start + most);
      }),
    readNow: () => Buffer.alloc(0),
    close: release.close,
  };
}

/** The content of a compressed file, piece by piece: never more than one of them in memory. */
function decompress(fd: number) {
  const gunzip = createGunzip();
  // Whoever reads is told of errors; the iterator throws them.
  pipeline(contentOf(fd), gunzip, () => undefined);
  const iterator = gunzip[Symbol.asyncIterator]();
  return {
    async next(): Promise<Buffer | undefined> {
      const { value, done } = await iterator.next();
      return done ? undefined : value;
    },
    close: () => void gunzip.destroy(),
  };
}

/** The descriptor stays open: a stream of Node's would close it. */
async function* contentOf(fd: number): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await readLater(fd, buffer, 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A descriptor must not be closed while a thread reads from it: its number may be another's then. */
function onceUnused(free: () => void) {
  let [busy, closed] = [0, false];
  const freeIfUnused = () => {
    if (closed && busy === 0) free();
  };
  return {
    async after<T>(use: () => Promise<T>): Promise<T> {
      busy++;
      try {
        return await use();
      } finally {
        busy--;
        freeIfUnused();
      }
    },
    close() {
      if (closed) return;
      closed = true;
      freeIfUnused();
    },
  };
}
