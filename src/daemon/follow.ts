import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { unless } from "../os/errno.ts";
import type { Sink } from "./sink.ts";

/** As in supervisord a follower sees the last so many bytes first. */
const FIRST_BYTES = 1_024;
const CHUNK = 65_536;

/**
 * A log as it grows, over rotations: reads as far as its own reader does, so that a slow one costs
 * no memory here. Woken by the sink's writes; nothing is polled.
 */
export class Follow extends Readable {
  readonly #sink: Sink;
  readonly #unsubscribe: () => void;
  #fd: number;
  #generation: number;
  #position: number;
  #wanted = false;
  #scheduled = false;

  /** @returns undefined when the log's file cannot be opened */
  static open(sink: Sink): Follow | undefined {
    const fd = unless(["ENOENT", "EACCES", "ENXIO", "EISDIR"], () => openSync(sink.spec.path, "r"));
    return fd === undefined ? undefined : new Follow(sink, fd);
  }

  private constructor(sink: Sink, fd: number) {
    super();
    this.#sink = sink;
    this.#fd = fd;
    this.#generation = sink.generation;
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
        this.#wanted = this.push(chunk.subarray(0, bytes));
      } else if (!this.#reopen()) return;
    }
  }

  /** Goes on in the file that has taken this one's place; false when none has. */
  #reopen(): boolean {
    if (this.#generation === this.#sink.generation) return false;
    const next = unless(["ENOENT"], () => openSync(this.#sink.spec.path, "r"));
    if (next === undefined) return false;
    this.#generation = this.#sink.generation;
    const [was, is] = [fstatSync(this.#fd), fstatSync(next)];
    closeSync(this.#fd);
    this.#fd = next;
    // The same file opened again, for a new child, goes on where it was; unless it was emptied.
    const same = was.ino === is.ino && was.dev === is.dev;
    if (!same || is.size < this.#position) this.#position = 0;
    return true;
  }
}
