import { LineCutter } from "../logs/linecutter.ts";
import { compilePattern } from "../logs/pattern.ts";

/**
 * Listens for a line that a pattern matches; RE2, which is loaded where it is needed. What comes while
 * it is loaded counts as well.
 */
export class LineEar {
  readonly #lines = new LineCutter();
  readonly #heard: () => void;
  #early: Buffer[] | undefined = [];
  #matches: ((line: Buffer) => boolean) | undefined;

  /** @param failed the pattern is none for RE2: nothing matches */
  constructor(
    pattern: string,
    { heard, failed }: { heard: () => void; failed: (error: unknown) => void },
  ) {
    this.#heard = heard;
    compilePattern(pattern).then(
      (matches) => this.#begin(matches),
      (error) => {
        this.#begin(() => false);
        failed(error);
      },
    );
  }

  push(chunk: Buffer): void {
    const bytes = Buffer.from(chunk);
    if (this.#matches) this.#look(bytes, this.#matches);
    else this.#early?.push(bytes);
  }

  #begin(matches: (line: Buffer) => boolean): void {
    this.#matches = matches;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const bytes of early) this.#look(bytes, matches);
  }

  #look(chunk: Buffer, matches: (line: Buffer) => boolean): void {
    for (const { bytes } of this.#lines.push(chunk)) if (matches(bytes)) this.#heard();
  }
}
