/** One who writes, and can be made to wait. */
export interface Writer {
  /** There is no room. What is written all the same is kept in memory. */
  pause(): void;
  resume(): void;
}

/** Those who write to one place that has no room at times. */
export class Writers {
  readonly #hasRoom: () => boolean;
  readonly #writing = new Set<Writer>();
  /** In the order of their turns; made for the first who has to wait, as nearly nobody does. */
  #waiting: Set<Writer> | undefined;
  #resuming = false;

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** One who comes while there is no room has to wait from the start; it is not told so. */
  add(writer: Writer): void {
    if (this.#hasRoom()) this.#writing.add(writer);
    else this.#wait(writer);
  }

  remove(writer: Writer): void {
    this.#writing.delete(writer);
    this.#waiting?.delete(writer);
  }

  #wait(writer: Writer): void {
    this.#waiting ??= new Set();
    this.#waiting.add(writer);
  }

  pause(): void {
    for (const writer of this.#writing) {
      this.#wait(writer);
      writer.pause();
    }
    this.#writing.clear();
  }

  /**
   * One after another, each with a chance to write before the next, for as long as there is room:
   * whoever takes the last of it is behind all others then.
   */
  resume(): void {
    if (this.#resuming || !this.#waiting?.size || !this.#hasRoom()) return;
    this.#resuming = true;
    // The loop reads between two of these, and not between an event and the first.
    setImmediate(() => {
      this.#resuming = false;
      const [next] = this.#waiting ?? [];
      if (!next || !this.#hasRoom()) return;
      this.#waiting?.delete(next);
      this.#writing.add(next);
      next.resume();
      this.resume();
    });
  }
}
