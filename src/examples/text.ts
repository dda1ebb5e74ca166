/** What the spool worker does to a job: read a text file that may still be on its way in. */

import { createHash, type Hash } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import * as fs from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";

const recentMs = 100;
const quietMs = 50;

/**
 * Let a file that is still being written in place, as by `cp FILE ready/`, come to rest: when it
 * changed within the last 100 ms, wait until 50 ms pass without a change. Wall-clock time has to
 * do, because that is what a file's mtime is in; one in the future only costs the 50 ms.
 */
export async function settle(path: string, clock = { now: Date.now, sleep }): Promise<void> {
  let last = await fs.lstat(path);
  if (clock.now() - last.mtimeMs >= recentMs) return;
  for (;;) {
    await clock.sleep(quietMs);
    const next = await fs.lstat(path);
    if (next.size === last.size && next.mtimeMs === last.mtimeMs) return;
    last = next;
  }
}

interface Tally {
  hash: Hash;
  bytes: number;
  lines: number;
  words: number;
  inWord: boolean;
}

/**
 * One pass over a text file: its checksum and counts, and a compressed copy in `gzipTo`.
 * @throws what is wrong with the file, as a sentence for its worker's log
 */
export async function readText(path: string, gzipTo: string): Promise<Tally> {
  const tally = { hash: createHash("sha256"), bytes: 0, lines: 0, words: 0, inWord: false };
  const file = await openToRead(path);
  const read = file.createReadStream({ highWaterMark: 256 * 1024 });
  const counted = (chunks: AsyncIterable<Buffer>) => countAll(tally, chunks);
  await pipeline(read, counted, createGzip(), createWriteStream(gzipTo));
  return tally;
}

async function openToRead(path: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`expected a file this worker may read, got ${code}`, { cause });
  }
}

async function* countAll(tally: Tally, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    count(tally, chunk);
    yield chunk;
  }
}

const newline = 10;
const space = 32;

/** Lines as `wc -l` counts them and words as `wc -w` does: a word may span two chunks. */
function count(tally: Tally, chunk: Buffer): void {
  const nul = chunk.indexOf(0);
  if (nul >= 0) throw new Error(`not text: NUL byte at offset ${tally.bytes + nul}`);
  let { lines, words, inWord } = tally;
  for (let at = 0; at < chunk.length; at++) {
    const byte = chunk[at] ?? 0; // by index: for-of over a Buffer takes twice as long
    if (byte === newline) lines++;
    const isSpace = byte === space || (byte >= 9 && byte <= 13); // tab, newline, VT, FF, CR
    if (!isSpace && !inWord) words++;
    inWord = !isSpace;
  }
  tally.hash.update(chunk);
  Object.assign(tally, { bytes: tally.bytes + chunk.length, lines, words, inWord });
}
