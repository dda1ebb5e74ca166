/** Bytes that wait to be written. */
export interface Piece<O> {
  bytes: Buffer;
  /** Whose they are. */
  owner: O;
  /** Nothing of them has been written. */
  whole: boolean;
}

/** What waits to be written somewhere, in its order. */
export class Backlog<O> {
  #pieces: Piece<O>[] = [];
  #bytes = 0;

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is to be written next. */
  get next(): Buffer | undefined {
    return this.#pieces[0]?.bytes;
  }

  /** What is to be written next, of whole pieces; at least one, and no other beyond so many bytes. */
  first(most: number): Buffer {
    const pieces: Buffer[] = [];
    let sum = 0;
    for (const { bytes } of this.#pieces) {
      if (sum > 0 && sum + bytes.length > most) break;
      pieces.push(bytes);
      sum += bytes.length;
    }
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, sum);
  }

  /** @param chunk may be overwritten after this returns */
  push(chunk: Uint8Array, owner: O): void {
    if (chunk.length === 0) return;
    this.#pieces.push({ bytes: Buffer.from(chunk), owner, whole: true });
    this.#bytes += chunk.length;
  }

  /** So many of the first bytes are written; they may be of several pieces. */
  written(bytes: number): void {
    this.#bytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const [first] = this.#pieces;
      if (!first) return;
      if (left < first.bytes.length) {
        this.#pieces[0] = { ...first, bytes: first.bytes.subarray(left), whole: false };
        return;
      }
      left -= first.bytes.length;
      this.#pieces.shift();
    }
  }

  /** Gives up what waits. */
  takeAll(): Piece<O>[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }
}

/** How many bytes these are. */
export const bytesOf = (pieces: readonly Piece<unknown>[]): number =>
  pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
