import { type FSWatcher, lstatSync, readlinkSync, statSync, watch } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP"];

/** What a path is by now: another file, folder or link is another one. */
function identityOf(file: string): string {
  const stat = unless(absent, () => lstatSync(file, { throwIfNoEntry: false }));
  if (!stat) return "";
  const target = stat.isSymbolicLink() ? (unless(absent, () => readlinkSync(file)) ?? "") : "";
  return `${stat.dev}:${stat.ino}:${target}`;
}

/**
 * Tells when a path comes, goes, or is another thing than it was: a symbolic link that leads elsewhere,
 * or a folder that was made anew. It is told by the folder that the path is in; where there is none
 * yet, by the next one above it.
 */
export class Anchor {
  readonly #file: string;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;
  #identity: string;
  #watcher: FSWatcher | undefined;
  /** Path and identity of the folder that is watched. */
  #watched = "";

  constructor(file: string, changed: () => void, failed: (error: unknown) => void) {
    this.#file = file;
    this.#changed = changed;
    this.#failed = failed;
    this.#identity = identityOf(file);
    this.#arm();
  }

  #arm(): void {
    let folder = path.dirname(this.#file);
    const isThere = () => unless(absent, () => statSync(folder).isDirectory()) ?? false;
    while (!isThere() && folder !== path.dirname(folder)) folder = path.dirname(folder);
    const watched = `${folder}\n${identityOf(folder)}`;
    if (watched === this.#watched) return;
    this.#watcher?.close();
    try {
      this.#watcher = watch(folder, () => this.#look());
      this.#watcher.on("error", () => this.#look());
      this.#watched = watched;
    } catch (error) {
      this.#failed(error);
      return;
    }
    // It may have come before it was watched.
    this.#look();
  }

  #look(): void {
    const now = identityOf(this.#file);
    if (now !== this.#identity) {
      this.#identity = now;
      this.#changed();
    }
    this.#arm();
  }

  close(): void {
    this.#watcher?.close();
  }
}
