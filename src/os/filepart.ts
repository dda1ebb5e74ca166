import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { errnoOf } from "./errno.ts";

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
/** Not to wait for the writer of a FIFO. */
const READ_AT_ONCE = O_RDONLY | O_NONBLOCK | O_NOCTTY;

/** There is nothing by that name that could be read, as far as this process can see. */
const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG", "ENXIO"];

/** In bytes. */
interface Part {
  offset: number;
  length: number;
}

/**
 * Reads a part of a regular file in a thread: one that does not answer, as on a network that is gone,
 * stops nobody else.
 * @param choose is given the size of the file now; what it throws is passed on
 * @returns undefined when there is no such file, or it is none that has content to give back
 * @throws what the kernel gives
 */
export async function readFilePart(
  path: string,
  choose: (size: number) => Part,
): Promise<Buffer | undefined> {
  const file = await openIfThere(path);
  if (!file) return undefined;
  try {
    const stat: Stats = await file.stat();
    // A terminal or a FIFO has nothing to give back, and reading it would wait.
    if (!stat.isFile()) return undefined;
    return await readAll(file, choose(stat.size));
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, READ_AT_ONCE);
  } catch (error) {
    if (absent.includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** Less than asked for when the file has been cut meanwhile. */
async function readAll(file: FileHandle, { offset, length }: Part): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let have = 0;
  while (have < length) {
    const { bytesRead } = await file.read(bytes, have, length - have, offset + have);
    if (bytesRead === 0) break;
    have += bytesRead;
  }
  return bytes.subarray(0, have);
}
