import { expand } from "./expand.ts";
import type { Facts } from "./facts.ts";
import type { Kind } from "./kinds/kind.ts";
import { boolean, booleanOf } from "./kinds/words.ts";
import { type Known, namesFor, type Scope } from "./names.ts";
import { BadValue, isEnough, type Problem, quote, suggest } from "./problems.ts";
import { problemIn, type RawSection, type RawValue } from "./raw.ts";

export const required = Symbol("required");

type Default = string | undefined | typeof required;

/** One option of a section. */
export interface OptionRow<T = unknown, D extends Default = Default> {
  kind: Kind<T>;
  /** What it is when it is not set, as one would write it; undefined: nothing; `required`: it must be set. */
  default: D;
  /** One sentence for people. */
  doc: string;
  /** The names it may expand, where these are not those of its section. */
  names?: Scope;
  /** Its text is expanded twice, as supervisord does with the logs of programs. */
  twice?: true;
  /** It is a percentage, as `25%`: the percent sign at its end need not be doubled. */
  percents?: true;
  /** It is expanded even where `expand=no`. */
  always?: true;
  /** What taking over a new value costs: nothing (`live`), or a restart of what it configures. */
  change?: "live" | "restart";
  /** supervisord's own option, or one that only drover has. */
  origin?: "drover";
  /** The letter of droverd's flag that overrides it; empty: it has only a long form. */
  flag?: string;
  /** What a value looks like, for options without a default. */
  example?: string;
  /** It or another one must be set: a configuration to start from has this one. */
  orAnother?: true;
  /** Its value is never shown. */
  secret?: true;
}

export const option = <T, const D extends Default>(row: OptionRow<T, D>): OptionRow<T, D> => row;

// biome-ignore lint/suspicious/noExplicitAny: rows of every kind; `Values` gives each its type back
export type Table = Readonly<Record<string, OptionRow<any>>>;

/** The values of a table's options, each with the type of its kind. */
export type Values<T extends Table> = {
  [K in keyof T]: T[K] extends OptionRow<infer V, infer D>
    ? undefined extends D
      ? V | undefined
      : V
    : never;
};

export interface Reading {
  facts: Facts;
  /** Everything wrong with the configuration so far; reading goes on after a problem. */
  problems: Problem[];
}

/** How the options of one section are read. */
export interface SectionReading<T extends Table = Table> {
  section: RawSection;
  known: Known;
  /** The names that its options may expand, where their rows name no others. */
  names: Scope;
  /** Read only these, onto values that have been read before. */
  again?: { only: ReadonlySet<string>; onto: Values<T> };
}

/**
 * Expands and reads the options of a section. What is wrong becomes a problem, and the option takes
 * its default, so that one pass finds every mistake.
 */
export function readOptions<T extends Table>(
  table: T,
  { section, known, names, again }: SectionReading<T>,
  { facts, problems }: Reading,
): Values<T> {
  const defaults = defaultsOf(table, facts);
  const values: Record<string, unknown> = { ...(again?.onto ?? defaults.values) };
  if (!again) {
    for (const name of defaults.required) {
      if (section.values.has(name)) continue;
      problems.push(problemIn(section, name, "this option is required and not set"));
    }
  }
  const literal = isLiteral(section);
  for (const name of again?.only ?? section.values.keys()) {
    const given = section.values.get(name);
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!given || !row) continue;
    try {
      const asIs = given.literal || (literal && !row.always);
      const text = asIs ? given.text : expanded(given, row, known, names);
      // No path, argument or variable can have one.
      if (text.includes("\0")) throw new BadValue("expected text without NUL characters");
      values[name] = row.kind.parse(text, facts);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push(problemIn(section, name, describe(error, row, given)));
    }
  }
  return values as Values<T>;
}

/** What is wrong with a secret must not tell it, nor what came out of a variable of the environment. */
function describe(error: BadValue, row: OptionRow, { text }: RawValue): string {
  if (!text.includes("%")) return error.message;
  if (row.secret) {
    return (
      `expected ${row.kind.expected}, with a percent sign written %%, and only names that are ` +
      "known here in %(name)s; expand=no takes values as they stand"
    );
  }
  const isUnreadable = error.message.startsWith(`expected ${row.kind.expected}, got `);
  return isUnreadable && text.includes("%(ENV_")
    ? `expected ${row.kind.expected}, got what ${quote(text)} expands to`
    : error.message;
}

/** Whether `expand=no` takes the values of a section as they stand. A bad value is told elsewhere. */
function isLiteral(section: RawSection): boolean {
  const given = section.values.get("expand");
  return given !== undefined && booleanOf(given.text) === false;
}

function expanded(given: RawValue, row: OptionRow, known: Known, names: Scope): string {
  const { file } = given;
  const text = row.percents ? given.text.replace(/(?<!%)%\s*$/, "%%") : given.text;
  if (!text.includes("%")) return text;
  const lookup = namesFor(row.names ?? names, known, file);
  const once = expand(text, lookup);
  return row.twice && once.includes("%") ? expand(once, lookup) : once;
}

interface Defaults {
  values: Readonly<Record<string, unknown>>;
  required: readonly string[];
}

const remembered = new WeakMap<Facts, Map<Table, Defaults>>();

/** What a table's options are when they are not set: the same on one machine, and read once. */
function defaultsOf(table: Table, facts: Facts): Defaults {
  const known = remembered.get(facts) ?? new Map<Table, Defaults>();
  remembered.set(facts, known);
  const found = known.get(table) ?? readDefaults(table, facts);
  known.set(table, found);
  return found;
}

function readDefaults(table: Table, facts: Facts): Defaults {
  const rows = Object.entries(table);
  const values = rows.map(([name, row]) => {
    const text = row.default;
    return [name, typeof text === "string" ? row.kind.parse(text, facts) : undefined] as const;
  });
  return {
    values: Object.fromEntries(values),
    required: rows.flatMap(([name, row]) => (row.default === required ? name : [])),
  };
}

/** Warns about each option of a section that its table does not have; supervisord ignores them. */
export function warnUnknown(table: Table, section: RawSection, problems: Problem[]): void {
  for (const [option, { inherited }] of section.values) {
    if (inherited || Object.hasOwn(table, option)) continue;
    if (isEnough(problems)) return;
    const near = suggest(option, Object.keys(table));
    const message = `drover has no such option, it is ignored${near}`;
    problems.push(problemIn(section, option, message, "warning"));
  }
}

/** In every section: its values are taken as they stand. */
export const commonOptions = {
  expand: option({
    kind: boolean,
    default: "yes",
    origin: "drover",
    doc: "With no, the section's values are taken literally: % is a percent sign.",
  }),
};
