import path from "node:path";
import { parse } from "dotenv";
import type { Problem } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";
import type { FileText, Reader } from "./reader.ts";
import type { Reading } from "./table.ts";

/** An environment file is a page of lines; what is longer is something else. */
const MOST_BYTES = 2 ** 20;

interface EnvironmentFile {
  values: Readonly<Record<string, string>>;
  /** Why it cannot be read. */
  failure: string | undefined;
  /** There is no such file, which a - before its name allows. */
  missing: boolean;
  /** Lines that say nothing: they are no KEY=value. */
  stray: readonly number[];
}

/** The environment files of one configuration: each is read once, however many processes name it. */
export class EnvironmentFiles {
  readonly #reader: Reader;
  readonly #files = new Map<string, EnvironmentFile>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * The values of `environment_file=`: names separated by white space or commas, a later file wins.
   * Names are relative to the file of the configuration in which they stand.
   */
  read(
    section: RawSection,
    names: string,
    { facts: { cwd }, problems }: Reading,
  ): Record<string, string> {
    if (names === "") return {};
    const base = path.dirname(
      path.resolve(cwd, section.values.get("environment_file")?.file ?? ""),
    );
    const report = (severity: Problem["severity"], message: string) =>
      problems.push(problemIn(section, "environment_file", message, severity));
    const values: Record<string, string> = {};
    for (const word of names.split(/[\s,]+/).filter((name) => name !== "")) {
      const optional = word.startsWith("-");
      const file = path.resolve(base, optional ? word.slice(1) : word);
      const known = this.#files.has(file);
      const read = this.#open(file);
      if (read.failure !== undefined && !(optional && read.missing)) {
        report("error", `${file}: ${read.failure}`);
      }
      if (!known && read.stray.length > 0) {
        const lines = `line${read.stray.length > 1 ? "s" : ""} ${read.stray.join(", ")}`;
        report("warning", `${file}: ${lines}: expected KEY=value; ignored`);
      }
      Object.assign(values, read.values);
    }
    return values;
  }

  #open(file: string): EnvironmentFile {
    const known = this.#files.get(file);
    if (known) return known;
    const given = this.#reader.read(file, MOST_BYTES);
    const opened = understand(given);
    this.#files.set(file, opened);
    return opened;
  }
}

const failed = (failure: string, missing = false): EnvironmentFile => ({
  values: {},
  failure,
  missing,
  stray: [],
});

function understand(given: FileText): EnvironmentFile {
  if ("missing" in given) return failed(given.missing, true);
  if ("unreadable" in given) return failed(given.unreadable);
  if ("unusable" in given) return failed(given.unusable);
  if ("tooLong" in given)
    return failed("an environment file may have 1 MB, and this one is longer");
  if (given.text.includes("\0")) return failed("no environment can have a NUL character");
  // The other parser of dotenv takes for ever over some files.
  const values = parse(given.text, { fast: true });
  return { values, failure: undefined, missing: false, stray: strayLines(given.text) };
}

const MOST_STRAY = 5;
const assignment = /^\s*(?:export\s+)?[\w.-]+\s*[=:]/;

/**
 * The dotenv parser passes over what it does not understand. Where no value goes over several lines,
 * what it passed over can be told line by line.
 */
function strayLines(text: string): number[] {
  if (/["'`][^"'`]*\n/.test(text)) return [];
  return text
    .split(/\r\n|\n|\r/)
    .flatMap((line, index) => (/^\s*(?:#|$)/.test(line) || assignment.test(line) ? [] : index + 1))
    .slice(0, MOST_STRAY);
}
