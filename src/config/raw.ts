import { parse as parseIni } from "ini";
import { decodeName, decodeValue, lex, toIni } from "./dialect.ts";
import type { Place, Problem } from "./problems.ts";

interface RawValue extends Place {
  text: string;
}

/** A section as written: nothing expanded, nothing checked. */
export interface RawSection extends Place {
  name: string;
  values: Map<string, RawValue>;
}

/** A problem with an option of a section, at its line; at the section's where it is not set. */
export function problemIn(
  section: RawSection,
  option: string | undefined,
  message: string,
  severity: Problem["severity"] = "error",
): Problem {
  const { file, line } = (option && section.values.get(option)) || section;
  return { severity, file, line, section: section.name, ...(option && { option }), message };
}

export interface RawConfig {
  sections: Map<string, RawSection>;
  problems: Problem[];
}

/** A file that has been read, by the name that messages should use. */
export interface SourceFile {
  path: string;
  text: string;
}

/**
 * Reads files in order into one set of sections. A later value of an option wins over an earlier
 * one, also across files; `[DEFAULT]` gives every section values it does not set itself.
 */
export function readSections(files: readonly SourceFile[]): RawConfig {
  const problems: Problem[] = [];
  const headers = new Map<string, Place>();
  const places = new Map<string, Place>();
  let ini = "";
  for (const { path, text } of files) {
    const lexed = lex(text, path);
    problems.push(...lexed.problems);
    for (const { name, line } of lexed.sections) {
      if (!headers.has(name)) headers.set(name, { file: path, line });
    }
    for (const { section, key, file, line } of lexed.entries) {
      places.set(placeKey(section, key), { file, line });
    }
    ini += toIni(lexed);
  }
  const sections = decode(parseIni(ini), headers, places);
  inheritDefaults(sections);
  return { sections, problems };
}

const placeKey = (section: string, key: string): string => `${section}\0${key}`;
const nowhere: Place = { file: "", line: 0 };

function decode(
  parsed: Record<string, Record<string, unknown>>,
  headers: ReadonlyMap<string, Place>,
  places: ReadonlyMap<string, Place>,
): Map<string, RawSection> {
  const sections = new Map<string, RawSection>();
  for (const [encoded, options] of Object.entries(parsed)) {
    const name = decodeName(encoded);
    const values = new Map<string, RawValue>();
    for (const [key, value] of Object.entries(options)) {
      const option = decodeName(key);
      const place = places.get(placeKey(name, option)) ?? nowhere;
      values.set(option, { text: decodeValue(value), ...place });
    }
    sections.set(name, { name, values, ...(headers.get(name) ?? nowhere) });
  }
  return sections;
}

function inheritDefaults(sections: Map<string, RawSection>): void {
  const defaults = sections.get("DEFAULT");
  if (!defaults) return;
  sections.delete("DEFAULT");
  for (const { values } of sections.values()) {
    for (const [option, value] of defaults.values) {
      if (!values.has(option)) values.set(option, value);
    }
  }
}
