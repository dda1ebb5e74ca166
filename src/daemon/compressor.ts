import type { Stats } from "node:fs";
import path from "node:path";
import { backupPath, planCompression } from "../logs/rotation.ts";
import { errnoOf, unless } from "../os/errno.ts";
import { gzipFile, unpackedSize } from "../os/gzip.ts";
import { movable, remove, rename } from "../os/logplace.ts";
import { type RotatedFile, type RotationSpec, rotatedFiles } from "./rotator.ts";

/**
 * A life of the daemon gives its work up when it ends, and the next may have begun by then: it waits
 * for the end of that.
 */
let working: Promise<void> = Promise.resolve();

/** utimes() keeps microseconds at best. */
const SAME_TIME_MS = 2;
const FOUR_GB = 2 ** 32;

/** A log itself, not a link to it, and how many rotated ones are kept. */
interface Log {
  file: string;
  backups: number;
}

/** Compresses rotated logs, one at a time for the whole daemon, beside its work. */
export class Compressor {
  readonly #troubled: (spec: RotationSpec, why: string) => void;
  readonly #waiting = new Set<RotationSpec>();
  readonly #abort = new AbortController();
  #busy = false;

  /** @param troubled is told of a log whose rotated logs cannot be compressed */
  constructor(troubled: (spec: RotationSpec, why: string) => void) {
    this.#troubled = troubled;
  }

  /** Compresses what is to be compressed of a log by now. */
  add(spec: RotationSpec): void {
    this.#waiting.add(spec);
    if (this.#busy) return;
    this.#busy = true;
    working = working.then(() => this.#run());
  }

  /** What is half done is given up, and begun again by the next daemon. */
  close(): void {
    this.#waiting.clear();
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    for (const spec of this.#waiting) {
      this.#waiting.delete(spec);
      try {
        await this.#compressAll(spec);
      } catch (error) {
        if (this.#abort.signal.aborted) break;
        this.#troubled(spec, error instanceof Error ? error.message : String(error));
      }
    }
    this.#busy = false;
  }

  async #compressAll({ path: named, backups }: RotationSpec): Promise<void> {
    const file = movable(named);
    if (file === undefined) return;
    // Looked at anew each time: a rotation may have moved all of them meanwhile.
    for (;;) {
      const [next] = planCompression(rotatedFiles(file, backups), backups);
      if (!next || this.#abort.signal.aborted) return;
      await this.#compress({ file, backups }, backupPath(file, next));
    }
  }

  async #compress({ file, backups }: Log, from: string): Promise<void> {
    const part = partOf(file);
    // What a daemon that was killed has left.
    unless(["ENOENT"], () => remove(part));
    const source = await this.#pack(from, part);
    // A rotation has moved it before it was open.
    if (!source) return;
    try {
      // Nothing comes between these: whoever looks sees the one or the other.
      const files = rotatedFiles(file, backups);
      const now = files.find(({ gz, ino, dev }) => !gz && ino === source.ino && dev === source.dev);
      const taken = files.some(({ n, gz }) => gz && n === now?.n);
      if (!now || taken) return;
      rename(part, backupPath(file, { n: now.n, gz: true }));
      remove(now.path);
    } finally {
      unless(["ENOENT"], () => remove(part));
    }
  }

  /** @returns undefined when there is no such file */
  async #pack(from: string, part: string): Promise<Stats | undefined> {
    try {
      return await gzipFile(from, part, this.#abort.signal);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      return undefined;
    }
  }
}

/** Where a log is compressed into: hidden, so that no pattern for logs matches it. */
const partOf = (file: string): string =>
  path.join(path.dirname(file), `.${path.basename(file)}.gz.part`);

/**
 * Removes what a daemon that was killed in the middle of a compression has left: the half of a file,
 * and a file that is there compressed as well, which is certain only if size and time agree.
 */
export function removeLeftovers({ file, backups }: Log): void {
  unless(["ENOENT"], () => remove(partOf(file)));
  const files = rotatedFiles(file, backups);
  for (const plain of files.filter(({ gz }) => !gz)) {
    const packed = files.find(({ n, gz }) => gz && n === plain.n);
    if (packed && holdsTheSame(packed, plain)) remove(plain.path);
  }
}

const holdsTheSame = (packed: RotatedFile, plain: RotatedFile): boolean =>
  Math.abs(packed.mtimeMs - plain.mtimeMs) < SAME_TIME_MS &&
  unpackedSize(packed.path, packed.size) === plain.size % FOUR_GB;
