/**
 * What a terminal acts on, as bytes read one to a character: a colour, a control character of Unicode
 * in UTF-8, or one of ASCII but for tab and the ends of lines.
 */
const acted =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\x1b\[[\d;:]*m|\xc2[\x80-\x9f]|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\n/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const anything = /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/;

const RESET = "\x1b[0m";
/** It may begin a control character whose rest comes with the next chunk. */
const LEAD = 0xc2;

/**
 * Makes what processes have written fit for a terminal: it sets no title, moves no cursor and answers
 * no question of it. Control characters are shown as less(1) shows them; colours stay, to the end of
 * their line.
 */
export class Harmless {
  readonly #colors: boolean;
  #isColored = false;
  #held: Buffer = Buffer.alloc(0);

  /** @param colors false: they are taken out */
  constructor(colors: boolean) {
    this.#colors = colors;
  }

  push(chunk: Buffer): Buffer {
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const isCut = all.at(-1) === LEAD;
    this.#held = isCut ? Buffer.of(LEAD) : Buffer.alloc(0);
    const bytes = (isCut ? all.subarray(0, -1) : all).toString("latin1");
    if (!this.#isColored && !anything.test(bytes)) return isCut ? all.subarray(0, -1) : all;
    return Buffer.from(
      bytes.replace(acted, (found) => this.#shown(found)),
      "latin1",
    );
  }

  #shown(found: string): string {
    if (found === "\n") {
      const end = this.#isColored ? `${RESET}\n` : "\n";
      this.#isColored = false;
      return end;
    }
    if (found.length > 2) {
      if (!this.#colors) return "";
      this.#isColored = found !== RESET;
      return found;
    }
    const code = found.charCodeAt(found.length - 1);
    if (found.length === 2) return `\\x${code.toString(16)}`;
    return code === 0x7f ? "^?" : `^${String.fromCharCode(code + 0x40)}`;
  }
}
