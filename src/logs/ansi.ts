const ESC = 0x1b;
const BRACKET = 0x5b;

/** A longer one is none: what comes then is output again. */
const LONGEST = 256;

/**
 * Takes terminal control sequences out of the bytes of one stream: ESC `[`, parameters, and the
 * letter that ends them. Where supervisord knows the letter the same bytes go; it goes on to the next
 * letter that it knows otherwise, and throws away the rest of what it has read where there is none.
 * Here a sequence may be cut over chunks, and one that is broken off (by a byte that cannot be in one,
 * by its length, or by the end) takes nothing with it but its own beginning.
 */
export class AnsiStripper {
  /** What the stream has ended in so far: text, an ESC that may begin a sequence, or one's inside. */
  #state: "text" | "esc" | "sequence" = "text";
  /** Bytes of the sequence so far. */
  #length = 0;

  /** @returns what is left of the chunk, in its own memory, which is overwritten */
  push(chunk: Buffer): Buffer {
    if (this.#state === "text" && !chunk.includes(ESC)) return chunk;
    return this.#strip(chunk);
  }

  /** The stream has ended. @returns what was held back and is output after all: an ESC, or nothing */
  end(): Buffer {
    const held = this.#state === "esc" ? Buffer.of(ESC) : Buffer.alloc(0);
    this.#state = "text";
    return held;
  }

  #strip(chunk: Buffer): Buffer {
    const owed = this.#state === "esc" && chunk.length > 0 && chunk[0] !== BRACKET;
    // The ESC that the last chunk ended with was text: the one byte that has no room in this one.
    if (owed) {
      this.#state = "text";
      return Buffer.concat([Buffer.of(ESC), this.push(chunk)]);
    }
    let to = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === "text") {
        const found = chunk.indexOf(ESC, at);
        const end = found < 0 ? chunk.length : found;
        if (to < at) chunk.copyWithin(to, at, end);
        to += end - at;
        at = end;
        if (found >= 0) {
          this.#state = "esc";
          at++;
        }
      } else if (this.#state === "esc") {
        if (chunk[at] === BRACKET) {
          this.#state = "sequence";
          this.#length = 2;
          at++;
        } else {
          // Read in this chunk, so there is room for it: nothing is further along than it was.
          chunk[to++] = ESC;
          this.#state = "text";
        }
      } else at = this.#skip(chunk, at);
    }
    return chunk.subarray(0, to);
  }

  /** @returns where the sequence ends, or the chunk */
  #skip(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      this.#length++;
      if (byte >= 0x20 && byte < 0x40 && this.#length < LONGEST) continue;
      this.#state = "text";
      const isEnd = byte >= 0x40 && byte < 0x7f;
      return isEnd ? at + 1 : at;
    }
    return chunk.length;
  }
}

/** What is left of a whole text, in its own memory or a new one. */
export function stripAll(text: Buffer): Buffer {
  const stripper = new AnsiStripper();
  const left = stripper.push(text);
  const held = stripper.end();
  return held.length > 0 ? Buffer.concat([left, held]) : left;
}
