import { writeSync } from "node:fs";
import { errnoOf } from "./errno.ts";

const FULL_PIPE_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes in order and completely, also to a pipe that is full for a while.
 * @returns false when nobody reads any more, as with `| head`
 * @throws what the kernel gives for another reason
 */
export function writeAll(fd: number, chunk: Buffer | string): boolean {
  let rest = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (errnoOf(error) === "EPIPE") return false;
      if (errnoOf(error) !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, FULL_PIPE_MS);
    }
  }
  return true;
}
