import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { systemClock } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import type { Sink } from "./sink.ts";

/** As in supervisord a follower sees the last so many bytes first. */
const FIRST_BYTES = 1_024;
const CHUNK = 65_536;
/** A reader that has taken nothing for so long is dropped when there is more for it. */
const PATIENCE_MS = 30_000;

/**
 * A log as it grows, over rotations: reads as far as its own reader does, so that a slow one costs
 * no memory here. Woken by the sink's writes; nothing is polled.
 */
export class Follow extends Readable {
  readonly #sink: Sink;
  readonly #unsubscribe: () => void;
  #fd: number;
  #generation: number;
  /** How many rotations there had been when our file was the newest. */
  #rotations: number;
  #fullSince = systemClock.monotonicMs();
  #position: number;
  #wanted = false;
  #scheduled = false;

  /** @returns undefined when the log's file cannot be opened */
  static open(sink: Sink): Follow | undefined {
    const fd = openLog(sink.spec.path);
    return fd === undefined ? undefined : new Follow(sink, fd);
  }

  private constructor(sink: Sink, fd: number) {
    super();
    this.#sink = sink;
    this.#fd = fd;
    this.#generation = sink.generation;
    this.#rotations = sink.rotations;
    this.#position = Math.max(0, fstatSync(fd).size - FIRST_BYTES);
    this.#unsubscribe = sink.onWrite(() => this.#wake());
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#unsubscribe();
    this.#wanted = false;
    closeSync(this.#fd);
    done(error);
  }

  /** Many writes in one turn of the loop are one reason to look. */
  #wake(): void {
    if (!this.#wanted && systemClock.monotonicMs() - this.#fullSince > PATIENCE_MS) {
      this.destroy();
      return;
    }
    if (this.#scheduled || !this.#wanted) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#wanted) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const bytes = readSync(this.#fd, chunk, 0, CHUNK, this.#position);
      if (bytes > 0) {
        this.#position += bytes;
        this.#give(chunk.subarray(0, bytes));
      } else if (!this.#goOn()) return;
    }
  }

  #give(chunk: Buffer): void {
    this.#wanted = this.push(chunk);
    if (!this.#wanted) this.#fullSince = systemClock.monotonicMs();
  }

  /** Goes on in the file that comes after this one; false when this one is still the newest. */
  #goOn(): boolean {
    const { generation, rotations, spec } = this.#sink;
    if (this.#generation === generation && this.#rotations === rotations) return false;
    // Each rotation has moved the files one on: ours was the newest, and is `.N` after N of them.
    const behind = rotations - this.#rotations;
    const next = behind > 1 ? `${spec.path}.${behind - 1}` : spec.path;
    const fd = openLog(next);
    if (fd === undefined) return this.#skip();
    this.#generation = generation;
    this.#rotations += Math.min(behind, 1);
    const [was, is] = [fstatSync(this.#fd), fstatSync(fd)];
    closeSync(this.#fd);
    this.#fd = fd;
    // The same file opened again, for a new child, goes on where it was; unless it was emptied.
    const same = was.ino === is.ino && was.dev === is.dev;
    if (!same || is.size < this.#position) this.#position = 0;
    return true;
  }

  /** What should come next has been rotated away already: says so, and goes on with what there is. */
  #skip(): boolean {
    const { rotations, spec } = this.#sink;
    const behind = rotations - this.#rotations;
    if (behind <= 1) return false;
    this.#rotations = rotations - Math.min(behind - 1, spec.backups + 1);
    this.#give(Buffer.from("\n[drover: a part of the log was rotated away before it was read]\n"));
    return true;
  }
}

const openLog = (path: string): number | undefined =>
  unless(["ENOENT", "EACCES", "ENXIO", "EISDIR"], () =>
    openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
  );
