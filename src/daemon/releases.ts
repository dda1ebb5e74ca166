import { realpathSync, type Stats, statSync } from "node:fs";
import path from "node:path";
import { unless } from "../os/errno.ts";
import { isScript, mayBeEntry, type Release, staleness } from "../process/release.ts";

const absent = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"];

/** The script is among the first words, where there is one. */
const MOST_WORDS = 16;

/** What files are, each looked at once: the copies of a program are started from the same. */
export class Looks {
  readonly #folders = new Map<string, Release["folder"]>();
  readonly #stats = new Map<string, Stats | undefined>();

  folder(given: string): Release["folder"] {
    if (!this.#folders.has(given)) {
      const found = unless(absent, () => {
        const real = realpathSync.native(given);
        const { dev, ino } = statSync(real);
        return { path: real, identity: `${dev}:${ino}` };
      });
      this.#folders.set(given, found);
    }
    return this.#folders.get(given);
  }

  stat(file: string): Stats | undefined {
    if (!this.#stats.has(file)) {
      const found = unless(absent, () => statSync(file, { throwIfNoEntry: false }));
      this.#stats.set(file, found?.isFile() ? found : undefined);
    }
    return this.#stats.get(file);
  }

  identity(file: string): string {
    const stat = this.stat(file);
    return stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}` : "";
  }
}

let ofTurn: Looks | undefined;

/** The same for all who ask in one turn of the loop. */
function looksOfTurn(): Looks {
  if (!ofTurn) {
    ofTurn = new Looks();
    setImmediate(() => {
      ofTurn = undefined;
    });
  }
  return ofTurn;
}

/** What a child is started from now: its folder, its program, and the script that this is given. */
export function releaseOf(
  {
    file,
    argv,
    directory,
  }: { file: string; argv: readonly string[]; directory: string | undefined },
  looks = looksOfTurn(),
): Release {
  const place = (word: string) => path.resolve(directory ?? "", word);
  const script = argv
    .slice(1, MOST_WORDS)
    .filter(mayBeEntry)
    .map(place)
    .find((candidate) => {
      const stat = looks.stat(candidate);
      return stat !== undefined && isScript(candidate, stat.mode);
    });
  const files = [place(file), ...(script === undefined ? [] : [script])];
  return {
    folder: directory === undefined ? undefined : looks.folder(directory),
    files: files.map((each) => ({ path: each, identity: looks.identity(each) })),
  };
}

/** Why what runs is older than what would be started now; undefined: it is not. */
export function stalenessOf(
  then: Release,
  directory: string | undefined,
  looks = looksOfTurn(),
): string | undefined {
  const folder = directory === undefined ? undefined : looks.folder(directory);
  const files = then.files.map(({ path: file }) => ({
    path: file,
    identity: looks.identity(file),
  }));
  return staleness(then, { folder, files });
}
