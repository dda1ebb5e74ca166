import { parse as parseIni } from "ini";
import { decodeName, type Lexed, toIni } from "./dialect.ts";
import type { Place, Problem } from "./problems.ts";

export interface RawValue extends Place {
  text: string;
  /** The section it stands in. */
  section: string;
  /** It comes from another section: DEFAULT or program-default. */
  inherited?: true;
  /** It is taken as it stands: nothing in it is expanded. */
  literal?: true;
}

/** A section as written: nothing expanded, nothing checked. */
export interface RawSection extends Place {
  name: string;
  values: Map<string, RawValue>;
}

/** A section that is not there sets nothing. */
export const emptySection = (name: string, file: string): RawSection => ({
  name,
  file,
  line: 0,
  values: new Map(),
});

/** A problem with an option of a section, at its line; at the section's where it is not set. */
export function problemIn(
  section: RawSection,
  option: string | undefined,
  message: string,
  severity: Problem["severity"] = "error",
): Problem {
  const value = option === undefined ? undefined : section.values.get(option);
  const { file, line } = value ?? section;
  const name = value?.section ?? section.name;
  return { severity, file, line, section: name, ...(option && { option }), message };
}

export interface RawConfig {
  sections: Map<string, RawSection>;
  /** `[DEFAULT]`, whose values every section has that does not set them itself. */
  defaults: RawSection | undefined;
  problems: Problem[];
}

/**
 * Puts files together, in their order, into one set of sections. A later value of an option wins
 * over an earlier one, also across files.
 */
export function readSections(files: readonly Lexed[]): RawConfig {
  const headers = new Map<string, Place>();
  const values = files.flatMap(({ entries }) => entries);
  let count = 0;
  let ini = "";
  for (const lexed of files) {
    for (const { name, line } of lexed.sections) {
      if (!headers.has(name)) headers.set(name, { file: lexed.file, line });
    }
    ini += toIni(lexed, count);
    count += lexed.entries.length;
  }
  const sections = decode(parseIni(ini), headers, values);
  const problems = files.flatMap((lexed) => lexed.problems);
  const defaults = sections.get("DEFAULT");
  sections.delete("DEFAULT");
  return { sections, defaults, problems };
}

const nowhere: Place = { file: "", line: 0 };

function decode(
  parsed: Record<string, Record<string, unknown>>,
  headers: ReadonlyMap<string, Place>,
  values: readonly RawValue[],
): Map<string, RawSection> {
  const sections = new Map<string, RawSection>();
  for (const encoded in parsed) {
    const name = decodeName(encoded);
    const own = new Map<string, RawValue>();
    const options = parsed[encoded];
    for (const key in options) {
      const value = values[Number(options[key])];
      if (value) own.set(decodeName(key), value);
    }
    const { file, line } = headers.get(name) ?? nowhere;
    sections.set(name, { name, values: own, file, line });
  }
  return sections;
}
