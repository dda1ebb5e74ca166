import path from "node:path";
import { type Lexed, lex } from "./dialect.ts";
import type { Facts } from "./facts.ts";
import { inheritValues } from "./inherit.ts";
import type { Known } from "./names.ts";
import { includeOptions } from "./options/include.ts";
import { ConfigError, type Problem, quote } from "./problems.ts";
import { problemIn, type RawConfig, type RawSection, readSections } from "./raw.ts";
import type { Reader } from "./reader.ts";
import type { KindOf } from "./section.ts";
import { readOptions } from "./table.ts";

/** All files of one configuration together; no fleet's is near it, and a mistake must not take the memory. */
const MOST_BYTES = 8 * 2 ** 20;

export interface Sources extends RawConfig {
  /** There is an `[include]`: then `%(here)s` is known in every option, as in supervisord. */
  hereEverywhere: boolean;
}

interface Manner {
  kindOf: KindOf;
  includes: boolean;
  /** Sections that are not are checked as far as they must be to find the others. */
  isWanted?: (section: string) => boolean;
}

/**
 * Reads a configuration file, or the `*.conf` and `*.ini` of a folder in their order, and what they
 * include.
 * @throws ConfigError when there is nothing to read
 */
export function readSources(
  source: string,
  reader: Reader,
  facts: Facts,
  { kindOf, includes, isWanted }: Manner,
): Sources {
  const problems: Problem[] = [];
  const files = new FileSet(reader, isWanted);
  for (const file of facts.isDirectory(source) ? filesOf(source, reader) : [source]) {
    const message = Object.values(files.take(file) ?? {})[0];
    if (message !== undefined) problems.push({ severity: "error", file, line: 0, message });
  }
  if (files.taken.length === 0) throw new ConfigError(problems);
  const root = readSections(files.taken);
  inheritValues(root, kindOf);
  const include = root.sections.get("include");
  if (!include || !includes) {
    return {
      ...root,
      problems: [...problems, ...root.problems],
      hereEverywhere: false,
    };
  }
  const own = files.taken.length;
  takeIncluded(include, files, reader, { facts, problems });
  warnOfNested(files.taken.slice(0, own), files.taken.slice(own), problems);
  const all = readSections(files.taken);
  inheritValues(all, kindOf);
  return { ...all, problems: [...problems, ...all.problems], hereEverywhere: true };
}

/** As in supervisord only the first file's `[include]` counts. */
function warnOfNested(
  own: readonly Lexed[],
  included: readonly Lexed[],
  problems: Problem[],
): void {
  for (const { file, sections: headers } of included) {
    const nested = headers.find(({ name }) => name === "include");
    if (!nested || own.some((lexed) => path.resolve(lexed.file) === path.resolve(file))) continue;
    const message = "this is an included file, and what it includes is not read";
    problems.push({ severity: "warning", file, line: nested.line, section: "include", message });
  }
}

function filesOf(folder: string, reader: Reader): string[] {
  const found = ["*.conf", "*.ini"].flatMap((pattern) => reader.glob(path.join(folder, pattern)));
  if (found.length > 0) return found.sort();
  const message = "expected files named *.conf or *.ini in this folder, and there are none";
  throw new ConfigError([{ severity: "error", file: folder, line: 0, message }]);
}

interface Failure {
  missing?: string;
  unreadable?: string;
  unusable?: string;
}

/** Files that have been read, of which there is only so much. */
class FileSet {
  readonly taken: Lexed[] = [];
  readonly #reader: Reader;
  readonly #isWanted: ((section: string) => boolean) | undefined;
  #left = MOST_BYTES;

  constructor(reader: Reader, isWanted?: (section: string) => boolean) {
    this.#reader = reader;
    this.#isWanted = isWanted;
  }

  /** Reads a file; @returns why it could not, when it could not. */
  take(file: string): Failure | undefined {
    const given = this.#reader.read(file, this.#left);
    if ("tooLong" in given) return { unusable: tooLong };
    if (!("text" in given)) return given;
    this.#left -= given.text.length;
    const lexed = lex(given.text, file);
    this.taken.push(this.#isWanted ? only(lexed, this.#isWanted) : lexed);
    return undefined;
  }
}

const only = (lexed: Lexed, isWanted: (section: string) => boolean): Lexed => ({
  ...lexed,
  sections: lexed.sections.filter(({ name }) => isWanted(name)),
  entries: lexed.entries.filter(({ section }) => isWanted(section)),
});

const tooLong = `the files of a configuration may have ${MOST_BYTES / 2 ** 20} MB together, and with this there would be more`;

/** The files that `[include]` names. Patterns are relative to the first file and kept in their order. */
function takeIncluded(
  include: RawSection,
  files: FileSet,
  reader: Reader,
  { facts, problems }: { facts: Facts; problems: Problem[] },
): void {
  const known: Known = {
    env: facts.env,
    values: { host_node_name: facts.host },
    hereEverywhere: true,
    cwd: facts.cwd,
  };
  const place = { section: include, known, names: "host" } as const;
  const values = readOptions(includeOptions, place, { facts, problems });
  const base = path.dirname(path.resolve(facts.cwd, include.file));
  const report = (message: string, severity: Problem["severity"] = "warning") =>
    problems.push(problemIn(include, "files", message, severity));
  for (const pattern of (values.files ?? "").split(/\s+/).filter((word) => word !== "")) {
    const matches = reader.glob(path.resolve(base, pattern));
    if (matches.length === 0) report(`no file matches ${quote(pattern)}`);
    for (const match of matches) {
      const failure = files.take(match);
      if (!failure) continue;
      // As in supervisord what cannot be opened is passed over, and what cannot be read is not.
      if (failure.unusable) report(`${match}: ${failure.unusable}`, "error");
      else report(`${match} is left out: ${failure.missing ?? failure.unreadable}`);
    }
  }
}
