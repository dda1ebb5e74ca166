import { closeSync, constants, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errnoOf } from "./errno.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const PIECE = 262_144;

/** Somebody wrote to the file while it was being compressed. */
class Changed extends Error {
  constructor(file: string) {
    super(`${file} has been written to while it was being compressed`);
  }
}

/**
 * Compresses a file into another one that is not there yet, on the threads beside the event loop. The
 * other has its mode, its owner (as far as that is allowed) and the time of its last write, and is on
 * the disk when this resolves. What fails or is aborted leaves nothing behind.
 * @returns what the file was that has been compressed
 * @throws what the kernel gives
 */
export async function gzipFile(from: string, to: string, signal: AbortSignal): Promise<Stats> {
  const source = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = await source.stat();
    if (!stat.isFile()) throw new Error(`${from} is no regular file`);
    const target = await open(to, "wx", 0o600);
    try {
      await compress(source, target, signal);
      const { size, mtimeMs } = await source.stat();
      if (size !== stat.size || mtimeMs !== stat.mtimeMs) throw new Changed(from);
      await resemble(target, stat);
      await target.sync();
    } catch (error) {
      await unlink(to).catch(() => undefined);
      throw error;
    } finally {
      await target.close();
    }
    return stat;
  } finally {
    await source.close();
  }
}

const compress = (source: FileHandle, target: FileHandle, signal: AbortSignal): Promise<void> =>
  pipeline(
    piecesOf(source),
    createGzip({ chunkSize: PIECE }),
    async (packed: AsyncIterable<Buffer>) => {
      for await (const piece of packed) await target.writeFile(piece);
    },
    { signal },
  );

async function* piecesOf(source: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await source.read(Buffer.allocUnsafe(PIECE), 0, PIECE, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function resemble(target: FileHandle, { uid, gid, mode, atime, mtime }: Stats) {
  try {
    await target.chown(uid, gid);
  } catch (error) {
    // Whoever is not root may compress what others own, and cannot give it to them.
    if (errnoOf(error) !== "EPERM") throw error;
  }
  await target.chmod(mode & 0o777);
  await target.utimes(atime, mtime);
}

/**
 * How many bytes a gzip file holds when it is unpacked, by its last four bytes: modulo 4 GB.
 * undefined for what is too short to be one.
 */
export function unpackedSize(file: string, size: number): number | undefined {
  const SHORTEST = 18;
  if (size < SHORTEST) return undefined;
  const fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const last = Buffer.alloc(4);
    return readSync(fd, last, 0, last.length, size - last.length) === last.length
      ? last.readUInt32LE()
      : undefined;
  } finally {
    closeSync(fd);
  }
}
