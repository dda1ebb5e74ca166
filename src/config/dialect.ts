import type { Place, Problem } from "./problems.ts";

/** One `key = value` as supervisord reads it, before expansion. */
interface Entry extends Place {
  section: string;
  key: string;
  /** The lines of the value; joined once the value is complete. */
  lines: string[];
}

export interface Lexed {
  entries: Entry[];
  /** Every section header, also of empty sections, in order. */
  sections: { name: string; line: number }[];
  problems: Problem[];
}

const sectionHeader = /^\[(.+)\]/s;
const delimiter = /[=:]/;
const comments = [";", "#"];

/** White space as Python has it, which is not quite that of `\s` and `trim()`: a BOM is none. */
const spaces =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const space = new RegExp(`[${spaces}]`);
const notSpace = new RegExp(`[^${spaces}]`);
const end = new RegExp(`[${spaces}]+$`);
const edges = new RegExp(`^[${spaces}]+|[${spaces}]+$`, "g");

/**
 * Splits the text of a file by supervisord's lexical rules, which are those of Python's
 * RawConfigParser with inline comments.
 * The value of an entry is complete only when the whole file has been read.
 */
export function lex(text: string, file: string): Lexed {
  const out: Lexed = { entries: [], sections: [], problems: [] };
  let section: string | undefined;
  let entry: Entry | undefined;
  let indent = 0;
  const lines = text.split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const commentAt = commentStart(raw);
    const value = (commentAt === undefined ? raw : raw.slice(0, commentAt)).replace(edges, "");
    if (value === "") {
      // A blank line may stand inside a value; a line with only a comment adds nothing to it.
      if (commentAt === undefined) entry?.lines.push("");
      continue;
    }
    const column = raw.search(notSpace);
    if (entry && column > indent) {
      entry.lines.push(value);
      continue;
    }
    indent = column;
    const header = sectionHeader.exec(value)?.[1];
    if (header !== undefined) {
      section = header;
      entry = undefined;
      out.sections.push({ name: section, line });
      continue;
    }
    if (section === undefined) {
      const message = `expected a section such as [program:name] first, got ${JSON.stringify(raw.trim())}`;
      out.problems.push({ severity: "error", file, line, message });
      return out;
    }
    const at = value.search(delimiter);
    const key = value.slice(0, Math.max(0, at)).replace(edges, "");
    if (key === "") {
      const message = `expected option=value, got ${JSON.stringify(raw.trim())}`;
      out.problems.push({ severity: "error", file, line, section, message });
      continue;
    }
    entry = {
      section,
      key: key.toLowerCase(),
      lines: [value.slice(at + 1).replace(edges, "")],
      file,
      line,
    };
    out.entries.push(entry);
  }
  return out;
}

/**
 * Where the comment of a line starts. supervisord looks for the n-th `;` and the n-th `#` together,
 * and the first round in which one of them has white space before it decides.
 */
function commentStart(line: string): number | undefined {
  const first = line[line.search(notSpace)];
  if (first === ";" || first === "#") return 0;
  let open = comments.map((mark) => ({ mark, at: -1 }));
  while (open.length > 0) {
    open = open
      .map(({ mark, at }) => ({ mark, at: line.indexOf(mark, at + 1) }))
      .filter(({ at }) => at >= 0);
    const starts = open
      .map(({ at }) => at)
      .filter((at) => at === 0 || space.test(line[at - 1] ?? ""));
    if (starts.length > 0) return Math.min(...starts);
  }
  return undefined;
}

/**
 * The same entries as text that the `ini` package returns verbatim: names are percent-encoded, so
 * that it splits no section at a dot and drops no `__proto__`, and values are JSON strings, so that
 * it cuts no comment, strips no quote and guesses no type. Each value brings its place along.
 * @param file a number for the file, given back with each value
 */
export function toIni({ entries, sections }: Lexed, file: number): string {
  const bySection = new Map<string, Entry[]>(sections.map(({ name }) => [name, []]));
  for (const entry of entries) bySection.get(entry.section)?.push(entry);
  let text = "";
  for (const [name, own] of bySection) {
    text += `[${encodeName(name)}]\n`;
    for (const { key, line, lines } of own) {
      const value = lines.length === 1 ? lines[0] : lines.join("\n").replace(end, "");
      text += `${encodeName(key)}=${encodeText(`${file}:${line}=${value}`)}\n`;
    }
  }
  return text;
}

/** `ini` ends a line at U+2028 and U+2029 too; JSON need not write them as they are. */
const encodeText = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replaceAll(
    /[\u2028\u2029]/g,
    (separator) => `\\u${separator.charCodeAt(0).toString(16)}`,
  );

const plainName = /^[a-z0-9_]+$/;

const encodeName = (name: string): string =>
  plainName.test(name)
    ? `:${name}`
    : `:${encodeURIComponent(name.toWellFormed()).replaceAll(".", "%2E")}`;

/** Undoes `toIni` for a section or an option name that `ini` returned. */
export const decodeName = (name: string): string =>
  name.includes("%") ? decodeURIComponent(name.slice(1)) : name.slice(1);

/** Undoes `toIni` for a value that `ini` returned. */
export function decodeValue(value: string): { text: string; file: number; line: number } {
  const colon = value.indexOf(":");
  const equals = value.indexOf("=");
  return {
    text: value.slice(equals + 1),
    file: Number(value.slice(0, colon)),
    line: Number(value.slice(colon + 1, equals)),
  };
}
