import { isUtf8 } from "node:buffer";
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
    // What the kernel makes up as it is read, below /proc, says that it has no bytes.
    const knowsSize = stat.isFile() && stat.size > 0;
    if (knowsSize && stat.size > mostBytes) return undefined;
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(knowsSize ? stat.size + 1 : CHUNK);
      const length = readSync(fd, chunk);
      total += length;
      if (total > mostBytes) return undefined;
      chunks.push(chunk.subarray(0, length));
      // A file that gives less than was asked for is at its end; a pipe only at the next nothing.
      if (length === 0 || (knowsSize && length < chunk.length)) return Buffer.concat(chunks);
    }
  } finally {
    unless(["EBADF"], () => closeSync(fd));
  }
}

function decode(bytes: Buffer): Text {
  if (isUtf8(bytes)) return { text: bytes.toString("utf8") };
  return { unusable: `not UTF-8 text: ${firstMistake(bytes)}` };
}

/** No character has a newline in it, so that each line is text by itself or is not. */
function firstMistake(bytes: Buffer): string {
  let number = 1;
  for (let start = 0; start < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    if (!isUtf8(line)) return `byte 0x${firstBad(line).toString(16)} in line ${number}`;
    start = end + 1;
  }
  return "a part of a character";
}

/** The byte at which the first character that is none begins. */
function firstBad(line: Buffer): number {
  for (let at = 0; at < line.length; ) {
    const lead = line[at] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!isUtf8(line.subarray(at, at + length))) return lead;
    at += length;
  }
  return 0;
}
