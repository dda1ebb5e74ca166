import { constants } from "node:fs";
import { open } from "node:fs/promises";

const { O_RDONLY, O_NONBLOCK } = constants;

/**
 * The text of a file that is expected to be small, without waiting in the loop for its disk.
 * @throws what the kernel gives; Error for what is no regular file, as a pipe or a device may have no
 * end, and for a file of more than `mostBytes`
 */
export async function readSmallFile(file: string, mostBytes: number): Promise<string> {
  // Opening a pipe would else wait for one who writes to it.
  const handle = await open(file, O_RDONLY | O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`expected a regular file: ${file}`);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(mostBytes + 1) });
    if (bytesRead > mostBytes) throw new Error(`expected at most ${mostBytes} bytes: ${file}`);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
