import { expand, type Names } from "./expand.ts";
import type { Facts } from "./facts.ts";
import type { Kind } from "./kinds.ts";
import { BadValue, type Problem, suggest } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";

/** One option of a section. */
export interface OptionRow<T> {
  kind: Kind<T>;
  /** What it is when the section does not set it; `required` means that it must. */
  default: T | typeof required;
  /** One sentence for people. */
  doc: string;
  /** supervisord's own option, or one that only drover has. */
  origin?: "drover";
}

export const required = Symbol("required");

export const option = <T>(row: OptionRow<T>): OptionRow<T> => row;

// biome-ignore lint/suspicious/noExplicitAny: rows of every kind; `Values` gives each its type back
type Table = Record<string, OptionRow<any>>;

/** The values of a table's options, each with the type of its kind. */
export type Values<T extends Table> = {
  [K in keyof T]: T[K] extends OptionRow<infer V> ? V : never;
};

export interface Reading {
  facts: Facts;
  /** Everything wrong with the configuration so far; reading goes on after a problem. */
  problems: Problem[];
}

/**
 * Expands and reads the options of a section. What is wrong becomes a problem, and the option takes
 * its default, so that one pass finds every mistake.
 * @param namesFor the names an option may expand; it is given the folder of the option's own file
 */
export function readOptions<T extends Table>(
  table: T,
  section: RawSection,
  namesFor: (option: string, file: string) => Names,
  { facts, problems }: Reading,
): Values<T> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const given = section.values.get(name);
    values[name] = row.default === required ? undefined : row.default;
    if (!given) {
      if (row.default === required)
        problems.push(problemIn(section, name, "this option is required and not set"));
      continue;
    }
    try {
      // Most values name nothing: the names are only gathered for those that do.
      const { text } = given;
      const full = text.includes("%") ? expand(text, namesFor(name, given.file)) : text;
      values[name] = row.kind.parse(full, facts);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push(problemIn(section, name, error.message));
    }
  }
  return values as Values<T>;
}

/** Warns about each option of a section that its table does not have; supervisord ignores them. */
export function warnUnknown(table: Table, section: RawSection, problems: Problem[]): void {
  for (const option of section.values.keys()) {
    if (Object.hasOwn(table, option)) continue;
    const near = suggest(option, Object.keys(table));
    const message = `drover has no such option, it is ignored${near}`;
    problems.push(problemIn(section, option, message, "warning"));
  }
}
