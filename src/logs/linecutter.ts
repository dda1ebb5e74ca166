const NEWLINE = 0x0a;

/** A longer line is given in pieces: what waits for a newline is held in memory. */
export const LONGEST_LINE = 65_536;

export interface Line {
  /** Without the newline. */
  bytes: Buffer;
  /** It goes on the line before it, which was too long. */
  continues: boolean;
  /** It is too long, and the next one goes on. */
  partial: boolean;
}

/** Cuts the chunks of one log into lines, wherever the chunks are cut. */
export class LineCutter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** What has been given last was a piece of the line that goes on. */
  #within = false;

  /** @param chunk may not be changed while the lines are in use */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    for (let start = 0; start < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline < 0 ? chunk.length : newline;
      const most = start + LONGEST_LINE - this.#heldBytes;
      if (end > most) {
        lines.push(this.#piece(chunk.subarray(start, most), true));
        start = most;
      } else if (newline >= 0) {
        lines.push(this.#piece(chunk.subarray(start, end), false));
        start = end + 1;
      } else {
        this.#held.push(chunk.subarray(start));
        this.#heldBytes += chunk.length - start;
        start = chunk.length;
      }
    }
    return lines;
  }

  /** The log has ended: what there is of a line without a newline. */
  flush(): Line[] {
    return this.#heldBytes > 0 || this.#within ? [this.#piece(Buffer.alloc(0), false)] : [];
  }

  #piece(rest: Buffer, partial: boolean): Line {
    const bytes = this.#held.length > 0 ? Buffer.concat([...this.#held, rest]) : rest;
    this.#held = [];
    this.#heldBytes = 0;
    const continues = this.#within;
    this.#within = partial;
    return { bytes, continues, partial };
  }
}
