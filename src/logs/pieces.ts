const NEWLINE = 0x0a;

/** Some of a stream: whole lines, each with its newline; or a part of a line that is too long. */
export interface Piece {
  bytes: Buffer;
  /** The line goes on in the next piece. */
  partial: boolean;
}

/**
 * Cuts one source's chunks into lines of at most so many bytes. A longer line is cut at the same
 * places however it comes, and never within a character.
 */
export class LinePieces {
  readonly #mostBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param mostBytes of a line, without its newline; at least 4 */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /**
   * @param chunk may be overwritten after this returns
   * @returns what is complete, in its order; only valid until `chunk` changes
   */
  push(chunk: Buffer): Piece[] {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const pieces = end > 0 ? this.#cutLines(this.#release(chunk.subarray(0, end))) : [];
    const rest = chunk.subarray(end);
    if (this.#heldBytes + rest.length <= this.#mostBytes) this.#hold(rest);
    else {
      const line = this.#release(rest);
      const left = this.#cutLine(line, 0, line.length, pieces);
      this.#hold(line.subarray(left));
    }
    return pieces;
  }

  /** The source has ended: what it left of a line, with the newline it did not write. */
  flush(): Piece[] {
    if (this.#heldBytes === 0) return [];
    return [{ bytes: this.#release(Buffer.of(NEWLINE)), partial: false }];
  }

  /** What was held, and what comes after it. */
  #release(next: Buffer): Buffer {
    if (this.#heldBytes === 0) return next;
    const all = Buffer.concat([...this.#held, next]);
    this.#held = [];
    this.#heldBytes = 0;
    return all;
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#held.push(Buffer.from(rest));
    this.#heldBytes += rest.length;
  }

  #cutLines(lines: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let from = 0;
    // Without a line that is too long there is nothing to look for.
    for (let start = 0; lines.length - from > this.#mostBytes && start < lines.length; ) {
      const newline = lines.indexOf(NEWLINE, start);
      if (newline - start > this.#mostBytes) {
        if (start > from) pieces.push({ bytes: lines.subarray(from, start), partial: false });
        from = this.#cutLine(lines, start, newline, pieces);
      }
      start = newline + 1;
    }
    if (from < lines.length) pieces.push({ bytes: lines.subarray(from), partial: false });
    return pieces;
  }

  /** @returns where the last part begins, which is not too long */
  #cutLine(bytes: Buffer, from: number, end: number, pieces: Piece[]): number {
    let at = from;
    while (end - at > this.#mostBytes) {
      const next = startOfCharacter(bytes, at + this.#mostBytes);
      pieces.push({ bytes: bytes.subarray(at, next), partial: true });
      at = next;
    }
    return at;
  }
}

/** Where the character begins that the byte belongs to; the byte itself when it belongs to none. */
function startOfCharacter(bytes: Buffer, at: number): number {
  for (let back = 0; back < 4; back++) {
    if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back;
  }
  return at;
}
