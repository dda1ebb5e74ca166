const NEWLINE = 0x0a;

/** For the lines of every stream: what is in it is used up before the next are put there. */
const shared = Buffer.allocUnsafeSlow(262_144);

const nothing = Buffer.alloc(0);

/** Puts a text before each line of one source. */
export class LinePrefix {
  readonly #prefix: () => Buffer;
  /** The last piece ended within a line. */
  #open = false;

  /** @param prefix or what gives the one of the lines that are pushed together */
  constructor(prefix: string | (() => string)) {
    const fixed = typeof prefix === "string" ? Buffer.from(prefix) : undefined;
    const changing = typeof prefix === "string" ? () => "" : prefix;
    this.#prefix = () => fixed ?? Buffer.from(changing());
  }

  /**
   * @param pieces of the source, in their order; a line may go on in the next call
   * @returns all of them with the prefixes; only valid until the next call on any source
   */
  push(pieces: readonly Buffer[]): Buffer {
    if (pieces.length === 0) return nothing;
    const prefix = this.#prefix();
    const room = roomFor(pieces, prefix.length);
    const out = room > shared.length ? Buffer.allocUnsafe(room) : shared;
    let at = 0;
    for (const piece of pieces) {
      for (let start = 0; start < piece.length; ) {
        if (!this.#open) at += prefix.copy(out, at);
        const newline = piece.indexOf(NEWLINE, start);
        this.#open = newline < 0;
        const end = this.#open ? piece.length : newline + 1;
        at += piece.copy(out, at, start, end);
        start = end;
      }
    }
    return out.subarray(0, at);
  }
}

/** Most bytes that the pieces may become. */
function roomFor(pieces: readonly Buffer[], prefixBytes: number): number {
  let room = prefixBytes;
  for (const piece of pieces) {
    room += piece.length;
    if (prefixBytes === 0) continue;
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) {
      room += prefixBytes;
    }
  }
  return room;
}
