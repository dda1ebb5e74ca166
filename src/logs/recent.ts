const MOST_BYTES = 2_048;
const MOST_LINES = 10;

/**
 * The last bytes that a child wrote to one stream, to tell what it said before it died. One that
 * never writes costs no buffer.
 */
export class Recent {
  #kept: Buffer | undefined;
  #length = 0;
  /** There were more bytes before those that are kept. */
  #cut = false;

  /** @param chunk may be overwritten after this returns */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#kept ??= Buffer.allocUnsafeSlow(MOST_BYTES);
    const tail = chunk.length > MOST_BYTES ? chunk.subarray(-MOST_BYTES) : chunk;
    if (this.#length + chunk.length > MOST_BYTES) this.#cut = true;
    const excess = this.#length + tail.length - MOST_BYTES;
    if (excess > 0) {
      // Moving 2 KB costs less than a ring that wraps, which needs two views of such a chunk.
      this.#kept.copyWithin(0, excess, this.#length);
      this.#length -= excess;
    }
    this.#kept.set(tail, this.#length);
    this.#length += tail.length;
  }

  /**
   * @returns at most the last 10 lines that have something to read, the last one also without its
   *   newline. Invalid UTF-8 is replaced, and so are control characters other than tabs. A line of
   *   which the start may be lost is left out; when it is all there is, it begins with `…`.
   * @param clean takes out of the bytes what nobody wants to see; they are its own
   */
  lines(clean: (bytes: Buffer) => Buffer = (bytes) => bytes): string[] {
    if (!this.#kept) return [];
    const start = this.#cut ? restOfCharacter(this.#kept) : 0;
    const bytes = clean(Buffer.from(this.#kept.subarray(start, this.#length)));
    const all = bytes.toString("utf8").split("\n").map(readable);
    const whole = all.slice(this.#cut ? 1 : 0).filter((line) => line !== "");
    if (whole.length > 0) return whole.slice(-MOST_LINES);
    return all[0] ? [`…${all[0]}`] : [];
  }

  /** Forgets what has come so far. */
  clear(): void {
    this.#length = 0;
    this.#cut = false;
  }
}

/** How many bytes at the start belong to a character of which the first byte is lost. */
function restOfCharacter(bytes: Buffer): number {
  let at = 0;
  while (at < 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** What steers a terminal, breaks a line of text, or shows it in another order than it has. */
const unsafe = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const DELETE = 0x7f;

const readable = (line: string): string => line.trimEnd().replace(unsafe, picture);

/** The Unicode picture of a control character, such as ␛; the replacement where there is none. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code === DELETE) return "␡";
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
}
