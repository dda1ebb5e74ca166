import path from "node:path";
import {
  type Backup,
  backupPath,
  isFull,
  newestFirst,
  parseBackup,
  planRotation,
} from "../logs/rotation.ts";
import { namesIn, type Sibling, siblingOf } from "../os/backups.ts";
import { unless } from "../os/errno.ts";
import type { LogFile } from "../os/logfile.ts";
import { movable, remove, rename } from "../os/logplace.ts";
import type { LogCare } from "./logcare.ts";

/** How a log is rotated. */
export interface RotationSpec {
  path: string;
  /** Size at which it is rotated; 0: never by its size. */
  maxBytes: number;
  /** Rotated logs to keep; 0: the log is emptied instead. */
  backups: number;
  /** What else is done with its files; undefined: nothing. */
  care?: LogCare | undefined;
}

/** One rotated log of a file, as it is on the disk. */
export type RotatedFile = Backup & Sibling;

/** Of more than so many numbers it is cheaper to read the folder than to ask for each. */
const FEW = 100;

/**
 * The rotated logs of a file, the newest first: `f.1` or `f.1.gz`, `f.2` or `f.2.gz` and so on, with
 * gaps where somebody has removed one. `f.1` is plain where more than one is kept. Of one number there
 * are two, with the same content, only where a daemon was killed in the middle of a compression and
 * the next one has not looked yet.
 * @param file the log itself, not a link to it (see `movable`)
 * @param upTo the highest number that counts: a folder may have thousands of others' files
 */
export function rotatedFiles(file: string, upTo = Infinity): RotatedFile[] {
  const folder = path.dirname(file);
  const base = path.basename(file);
  const names = upTo <= FEW ? namesUpTo(base, upTo) : namesIn(folder);
  return names
    .flatMap((name) => {
      const backup = parseBackup(base, name);
      const sibling = backup && siblingOf(folder, name);
      return sibling ? { ...backup, ...sibling } : [];
    })
    .sort(newestFirst);
}

const namesUpTo = (base: string, upTo: number): string[] =>
  Array.from({ length: Math.max(0, upTo) }, (_, at) => at + 1).flatMap((n) =>
    [false, true].map((gz) => backupPath(base, { n, gz })),
  );

/**
 * The highest numbers of the rotated logs in a folder, by the names of the logs; for those who look
 * after many of them.
 */
export function highestIn(folder: string): ReadonlyMap<string, number> {
  const highest = new Map<string, number>();
  for (const name of namesIn(folder)) {
    const base = name.replace(/\.\d+(?:\.gz)?$/, "");
    const n = parseBackup(base, name)?.n ?? 0;
    if (n > (highest.get(base) ?? 0)) highest.set(base, n);
  }
  return highest;
}

/** What has become of a log that was to be rotated. */
type Rotated = "moved" | "emptied" | "kept";

/** Rotates one log: all of it or nothing. */
export class Rotator {
  readonly #spec: RotationSpec;
  readonly #failing: (why: string) => void;
  #failed = false;
  /** After a failure it is tried again at this size, and not at each write. */
  #retryBytes = 0;

  /** @param failing is told once, until it works again */
  constructor(spec: RotationSpec, failing: (why: string) => void) {
    this.#spec = spec;
    this.#failing = failing;
  }

  /** Whether a log has reached its size; asked after every write. */
  isDue(file: LogFile | undefined): boolean {
    const { maxBytes } = this.#spec;
    if (!file || !isFull(file.size, maxBytes) || (file.size ?? 0) < this.#retryBytes) return false;
    // What was counted may be gone: logrotate's copytruncate empties a file without a word.
    file.look();
    if (isFull(file.size, maxBytes)) return true;
    this.#retryBytes = 0;
    return false;
  }

  /**
   * Moves the files on and opens the new one; or empties the log where no backups are kept. What
   * fails is undone: then the log goes on in the file it has.
   */
  rotate({ size, open, truncate }: { size: number; open(): void; truncate(): void }): Rotated {
    const { path: named, backups } = this.#spec;
    const file = movable(named);
    if (file === undefined) return "kept";
    try {
      if (backups > 0) moveOn(file, backups, open);
      else truncate();
    } catch (error) {
      this.#retryBytes = size + Math.ceil(this.#spec.maxBytes / 10);
      if (!this.#failed) this.#failing(error instanceof Error ? error.message : String(error));
      this.#failed = true;
      return "kept";
    }
    this.#failed = false;
    this.#retryBytes = 0;
    return backups > 0 ? "moved" : "emptied";
  }
}

function moveOn(file: string, backups: number, open: () => void): void {
  const undo: (() => void)[] = [];
  try {
    for (const step of planRotation(file, backups, rotatedFiles(file, backups))) {
      if (step.do === "remove") unless(["ENOENT"], () => remove(step.path));
      if (step.do !== "rename") continue;
      const { from, to } = step;
      // Somebody may have removed it meanwhile; the log itself, too.
      unless(["ENOENT"], () => {
        rename(from, to);
        undo.push(() => rename(to, from));
      });
    }
    open();
  } catch (error) {
    moveBack(undo.reverse(), error);
    throw error;
  }
}

function moveBack(undo: readonly (() => void)[], reason: unknown): void {
  try {
    for (const act of undo) act();
  } catch (error) {
    const message = `${reason}; and what had been moved could not be moved back: ${error}`;
    throw new Error(message, { cause: reason });
  }
}
