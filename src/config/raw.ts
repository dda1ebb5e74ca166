import { parse as parseIni } from "ini";
import { decodeName, decodeValue, lex, toIni } from "./dialect.ts";
import type { Place, Problem } from "./problems.ts";

export interface RawValue extends Place {
  text: string;
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
  /** `[DEFAULT]`, whose values every section has that does not set them itself. */
  defaults: RawSection | undefined;
  problems: Problem[];
}

/** A file that has been read, by the name that messages should use. */
export interface SourceFile {
  path: string;
  text: string;
}

/**
 * Reads files in order into one set of sections. A later value of an option wins over an earlier
 * one, also across files.
 */
export function readSections(files: readonly SourceFile[]): RawConfig {
  const problems: Problem[] = [];
  const headers = new Map<string, Place>();
  let ini = "";
  for (const [index, { path, text }] of files.entries()) {
    const lexed = lex(text, path);
    for (const problem of lexed.problems) problems.push(problem);
    for (const { name, line } of lexed.sections) {
      if (!headers.has(name)) headers.set(name, { file: path, line });
    }
    ini += toIni(lexed, index);
  }
  const sections = decode(parseIni(ini), headers, files);
  const defaults = sections.get("DEFAULT");
  sections.delete("DEFAULT");
  return { sections, defaults, problems };
}

const nowhere: Place = { file: "", line: 0 };

function decode(
  parsed: Record<string, Record<string, unknown>>,
  headers: ReadonlyMap<string, Place>,
  files: readonly SourceFile[],
): Map<string, RawSection> {
  const sections = new Map<string, RawSection>();
  for (const [encoded, options] of Object.entries(parsed)) {
    const name = decodeName(encoded);
    const values = new Map<string, RawValue>();
    for (const [key, value] of Object.entries(options)) {
      const { text, file, line } = decodeValue(String(value));
      values.set(decodeName(key), { text, file: files[file]?.path ?? "", line });
    }
    sections.set(name, { name, values, ...(headers.get(name) ?? nowhere) });
  }
  return sections;
}
