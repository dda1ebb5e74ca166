/**
 * Writes logs on a disk that may hang, for the daemon, in a process of its own: there it may stand
 * still. Reads requests from its stdin and answers each on its stdout; ends when the daemon does.
 */

import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { errnoOf, unless } from "../os/errno.ts";
import type { LaneAnswer, LaneRequest } from "../os/lane.ts";
import { type Creation, isDeleted, isGoneWith, LogFile, WriteError } from "../os/logfile.ts";
import { absent, removeLog } from "../os/logplace.ts";
import { Rotator } from "./rotator.ts";

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
/** Not to wait for the writer of a FIFO. */
const LOOK = O_RDONLY | O_NONBLOCK | O_NOCTTY;

type Done = Pick<LaneAnswer, "opened" | "rotated" | "trouble">;

/** How a log is made and rotated. */
interface Rules {
  maxBytes: number;
  backups: number;
  creation?: Creation;
}

/** One log that is open, or was. */
class Log {
  readonly #path: string;
  readonly #creation: Creation | undefined;
  readonly #rotator: Rotator;
  #file: LogFile | undefined;
  /** Of the request that is under way. */
  done: Done = { opened: 0, rotated: 0 };

  constructor(path: string, { maxBytes, backups, creation }: Rules) {
    this.#path = path;
    this.#creation = creation;
    this.#rotator = new Rotator({ path, maxBytes, backups }, (why) => {
      this.done.trouble = `cannot rotate ${path}, it goes on as it is: ${why}`;
    });
  }

  /** A file that was open before is closed only then. */
  open(): LogFile {
    const file = new LogFile(this.#path, this.#creation);
    this.close();
    this.#file = file;
    this.done.opened++;
    if (file.trouble) this.done.trouble = `${this.#path} ${file.trouble}`;
    return file;
  }

  openUnlessOpen(): LogFile {
    return this.#file ?? this.open();
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  /** @throws WriteError with what has gone before */
  write(data: Buffer): number {
    const written = this.#append(data);
    if (this.#rotator.isDue(this.#file)) this.rotate();
    return written;
  }

  #append(data: Buffer): number {
    try {
      return this.openUnlessOpen().append(data);
    } catch (error) {
      if (!isDeleted(error)) throw error;
      this.close();
      return this.open().append(data);
    }
  }

  rotate(): void {
    const file = this.openUnlessOpen();
    const { size } = file;
    if (size === undefined) return;
    const open = () => void this.open();
    const rotated = this.#rotator.rotate({ size, open, truncate: () => file.truncate() });
    if (rotated === "moved") this.done.rotated++;
    if (rotated === "emptied") this.done.opened++;
  }

  /**
   * Asks the disk for something. Whatever it is, there is an answer. To be opened is more than to be
   * looked for: that may be known here without the disk.
   */
  look(): void {
    for (const file of [this.#path, path.dirname(this.#path)]) {
      const fd = unless(absent, () => openSync(file, LOOK));
      if (fd === undefined) continue;
      closeSync(fd);
      return;
    }
  }

  /** Begins it anew, as `Sink.clear`. */
  clear(): void {
    if (this.openUnlessOpen().size !== undefined && removeLog(this.#path)) this.open();
  }
}

const logs = new Map<number, Log>();

function perform(what: LaneRequest["do"], log: Log, data: Buffer): number {
  switch (what) {
    case "open":
      log.openUnlessOpen();
      return 0;
    case "reopen":
      log.open();
      return 0;
    case "rotate":
      log.rotate();
      return 0;
    case "clear":
      log.clear();
      return 0;
    case "close":
      log.close();
      return 0;
    case "look":
      log.look();
      return 0;
    case "write":
      return log.write(data);
  }
}

function answer(request: LaneRequest & { id: number }, data: Buffer): LaneAnswer & { id: number } {
  const began = performance.now();
  const { id, path, rules } = request;
  const log = logs.get(request.log) ?? new Log(path, rules as Rules);
  if (request.do === "close" || request.do === "look") logs.delete(request.log);
  else logs.set(request.log, log);
  log.done = { opened: 0, rotated: 0 };
  const tookMs = () => performance.now() - began;
  try {
    const written = perform(request.do, log, data);
    // A pipe that is full; here nothing waits for it.
    const errno = written < data.length ? { errno: "EAGAIN" } : {};
    return { id, written, ...errno, ...log.done, tookMs: tookMs() };
  } catch (error) {
    const written = error instanceof WriteError ? error.written : 0;
    const errno = error instanceof WriteError ? error.errno : (errnoOf(error) ?? String(error));
    if (isGoneWith(errno)) unless([errno], () => log.close());
    return { id, written, errno, ...log.done, tookMs: tookMs() };
  }
}

/** What has been read and not yet used. */
let held = Buffer.alloc(0);
const chunk = Buffer.alloc(65_536);

/** @returns false at the end */
function readMore(): boolean {
  const bytes = readSync(0, chunk);
  held = Buffer.concat([held, chunk.subarray(0, bytes)]);
  return bytes > 0;
}

for (;;) {
  let end = held.indexOf(10);
  while (end < 0 && readMore()) end = held.indexOf(10);
  if (end < 0) break;
  const { bytes, ...request } = JSON.parse(held.toString("utf8", 0, end));
  while (held.length < end + 1 + bytes && readMore());
  // What was cut off because the daemon ended has been counted there.
  if (held.length < end + 1 + bytes) break;
  const data = held.subarray(end + 1, end + 1 + bytes);
  held = held.subarray(end + 1 + bytes);
  try {
    writeSync(1, `${JSON.stringify(answer(request, data))}\n`);
  } catch (error) {
    if (errnoOf(error) !== "EPIPE") throw error;
    // Nobody is there to hear it; what has come is written all the same.
  }
}
