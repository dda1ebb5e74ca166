import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { errnoOf, unless } from "./errno.ts";

type Text =
  | { text: string }
  | { missing: string }
  | { unreadable: string }
  | { unusable: string }
  | { tooLong: true };

const CHUNK = 64 * 1024;

/**
 * Reads a text file of at most `mostBytes`.
 * @returns the text; or that it is not there; or why it cannot be opened; or why what is in it is no
 *   text; or that it is longer
 */
export function readText(path: string, mostBytes: number): Text {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { unreadable: "this is a directory" };
    // Opening a FIFO or a device may never return; a pipe that a shell hands over is open already.
    if (!stat.isFile() && !handedOver.test(path)) return { unreadable: "this is no regular file" };
    const bytes = readUpTo(path, mostBytes);
    return bytes ? decode(bytes) : { tooLong: true };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === "ENOENT" || errno === "ENOTDIR") return { missing: "there is no such file" };
    if (errno === "EACCES") return { unreadable: "there is no permission to read this file" };
    return { unreadable: `this file cannot be read: ${errno}` };
  }
}

const handedOver = /^\/(?:dev\/stdin|dev\/fd\/\d+|proc\/self\/fd\/\d+)$/;

function readUpTo(path: string, mostBytes: number): Buffer | undefined {
  const fd = openSync(path, "r");
  try {
    const stat = fstatSync(fd);
    const size = stat.isFile() ? stat.size : CHUNK;
    if (stat.isFile() && size > mostBytes) return undefined;
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(size + 1);
      const length = readSync(fd, chunk);
      total += length;
      if (total > mostBytes) return undefined;
      chunks.push(chunk.subarray(0, length));
      // A file that gives less than was asked for is at its end; a pipe only at the next nothing.
      if (length === 0 || (stat.isFile() && length < chunk.length)) return Buffer.concat(chunks);
    }
  } finally {
    unless(["EBADF"], () => closeSync(fd));
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(bytes: Buffer): Text {
  try {
    return { text: strict.decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What could not be decoded comes back as other bytes.
    const again = Buffer.from(lenient.decode(bytes));
    const at = bytes.findIndex((byte, index) => byte !== again[index]);
    const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
    const byte = (bytes[at] ?? 0).toString(16).padStart(2, "0");
    return { unusable: `not UTF-8 text: byte 0x${byte} in line ${line}` };
  }
}
