import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { unless } from "../os/errno.ts";

/** How many copies programs have been scaled to, by their names. */
export type Scales = ReadonlyMap<string, number>;

/** What has been scaled is kept beside the channels, so that the next droverd knows it too. */
export class ScaleFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** What cannot be read scales nothing. */
  read(): Scales {
    const text = unless(["ENOENT"], () => readFileSync(this.#file, "utf8"));
    if (text === undefined) return new Map();
    try {
      const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
      return new Map(
        entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])),
      );
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return new Map();
    }
  }

  /** As a whole or not at all. @throws what the kernel gives */
  write(scales: Scales): void {
    if (scales.size === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    const next = `${this.#file}.new`;
    writeFileSync(next, JSON.stringify(Object.fromEntries(scales)), { mode: 0o600 });
    renameSync(next, this.#file);
  }
}
