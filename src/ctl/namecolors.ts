/** Cyan, yellow, green, magenta, blue, and the same bright; not red, which looks like trouble. */
const palette = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const NEWLINE = 0x0a;
const SEPARATOR = " | ";

/** Colours the names before lines `name | text`, a colour for each name as it first comes. */
export class NameColors {
  readonly #colors = new Map<string, number>();
  #held: Buffer = Buffer.alloc(0);

  /** @returns the whole lines that there are by now */
  push(chunk: Buffer): Buffer {
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const out: Buffer[] = [];
    let start = 0;
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
      out.push(...this.#line(all.subarray(start, end + 1)));
      start = end + 1;
    }
    this.#held = Buffer.from(all.subarray(start));
    return Buffer.concat(out);
  }

  end(): Buffer {
    return Buffer.concat(this.#line(this.#held));
  }

  #line(line: Buffer): Buffer[] {
    const end = line.indexOf(SEPARATOR);
    if (end < 0) return [line];
    const name = line.toString("utf8", 0, end);
    const color = this.#colors.get(name) ?? palette[this.#colors.size % palette.length] ?? 0;
    this.#colors.set(name, color);
    return [
      Buffer.from(`\x1b[${color}m${name} |\x1b[0m`),
      line.subarray(end + SEPARATOR.length - 1),
    ];
  }
}
