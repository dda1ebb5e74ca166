/** Counts what is lost of somebody's output, in bytes. */
export interface Tally {
  lost: number;
}

/** A line in a log that says what is missing there. */
export class Mark {
  /** So many bytes are missing. */
  readonly lost: number;
  /** A part of it is in the log already. */
  readonly begun: boolean;

  constructor(lost: number, begun = false) {
    this.lost = lost;
    this.begun = begun;
  }
}

/** Whose bytes they are; undefined: nobody's who counts. */
export type Owner = Tally | Mark | undefined;

/** Bytes that were to be written. */
export interface Unwritten {
  bytes: Uint8Array;
  owner: Owner;
  /** Nothing of them has been written. */
  whole: boolean;
}

/** Whose the rest of something is. */
export const ownerOfRest = ({ owner, whole }: Pick<Unwritten, "owner" | "whole">): Owner =>
  owner instanceof Mark && !whole ? new Mark(owner.lost, true) : owner;

/**
 * What has been lost of one log, and what the log is to say of it. The marks in it add up to what is
 * missing: one that was cut off is finished, and one that never came is made anew.
 */
export class Losses {
  /** Since the log last was in order. */
  #total = 0;
  /** Of these, what no mark tells. */
  #untold = 0;
  /** What is missing of a mark. */
  #rest: Uint8Array | undefined;

  /** Something has been lost since the log last was in order. */
  get any(): boolean {
    return this.#total > 0 || this.untold;
  }

  /** The log must have a mark before anything else. */
  get untold(): boolean {
    return this.#untold > 0 || this.#rest !== undefined;
  }

  add(bytes: number, tally: Tally | undefined): void {
    this.#total += bytes;
    this.#untold += bytes;
    if (tally) tally.lost += bytes;
  }

  /** Counts what will not be written. */
  addAll(pieces: readonly Unwritten[]): void {
    for (const piece of pieces) {
      const owner = ownerOfRest(piece);
      if (!(owner instanceof Mark)) this.add(piece.bytes.length, owner);
      else if (owner.begun) this.#rest = Buffer.from(piece.bytes);
      else this.#untold += owner.lost;
    }
  }

  /** What the log must have before anything else, to be written or given back by `addAll`. */
  takeMark(errno: string): { bytes: Uint8Array; owner: Mark } | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest) return { bytes: rest, owner: new Mark(0, true) };
    const lost = this.#untold;
    if (lost === 0) return undefined;
    this.#untold = 0;
    const text = `\n[drover: ${lost} bytes of output lost here: ${errno}]\n`;
    return { bytes: Buffer.from(text), owner: new Mark(lost) };
  }

  /** The log is in order, or over. @returns how many bytes have been lost since it last was */
  settle(): number {
    const total = this.#total;
    this.#total = 0;
    this.#untold = 0;
    this.#rest = undefined;
    return total;
  }
}
