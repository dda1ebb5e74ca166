const NEWLINE = 0x0a;

/** A longer line is passed on in pieces: what waits for a newline is held in memory. */
const LONGEST_HELD = 1_048_576;

/** Cuts one source's chunks at line ends, so that sources that share a file never tear a line. */
export class LineJoiner {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The start of a line that was too long has been passed on without its end. */
  #open = false;

  /**
   * @param chunk may be overwritten after this returns
   * @returns pieces to write now and together; they are only valid until `chunk` changes
   */
  push(chunk: Buffer): Buffer[] {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const rest = chunk.subarray(end);
    if (end === 0 && this.#heldBytes + rest.length <= LONGEST_HELD) {
      this.#hold(rest);
      return [];
    }
    const ready = [...this.#held, end === 0 ? rest : chunk.subarray(0, end)];
    this.#release();
    this.#open = end === 0;
    if (end > 0) this.#hold(rest);
    return ready;
  }

  /** The source has ended: what it left of a line, with the newline it did not write. */
  flush(): Buffer[] {
    if (this.#heldBytes === 0 && !this.#open) return [];
    this.#open = false;
    const ready = [...this.#held, Buffer.of(NEWLINE)];
    this.#release();
    return ready;
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#held.push(Buffer.from(rest));
    this.#heldBytes += rest.length;
  }

  #release(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}
