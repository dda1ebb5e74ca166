import { type Place, type Problem, quote } from "./problems.ts";

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

/** White space as Python has it, which is not quite that of `\s` and `trim()`: a BOM is none. */
const spaces =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const space = new RegExp(`[${spaces}]`);
const notSpace = new RegExp(`[^${spaces}]`);

const isSpace = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  // Nearly every character is told by its number.
  return code === 0x20 || ((code < 0x20 || code > 0x7f) && space.test(text.charAt(at)));
};

/** Not a regex: one for the end takes forever on a long run of white space that is not at the end. */
function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text, end - 1)) end--;
  return text.slice(0, end);
}

function strip(text: string): string {
  const start = text.search(notSpace);
  return start < 0 ? "" : stripEnd(text.slice(start));
}

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
  // Half a surrogate pair would not come back from `ini` as the same name.
  const lines = text.toWellFormed().split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const commentAt = commentStart(raw);
    const value = strip(commentAt === undefined ? raw : raw.slice(0, commentAt));
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
      const message = `expected a section such as [program:name] first, got ${quote(raw.trim())}`;
      out.problems.push({ severity: "error", file, line, message });
      return out;
    }
    const at = value.search(delimiter);
    const key = strip(value.slice(0, Math.max(0, at)));
    if (key === "") {
      const message = `expected option=value, got ${quote(raw.trim())}`;
      out.problems.push({ severity: "error", file, line, section, message });
      continue;
    }
    entry = {
      section,
      key: key.toLowerCase(),
      lines: [strip(value.slice(at + 1))],
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
  let semicolon = line.indexOf(";");
  let hash = line.indexOf("#");
  if (semicolon < 0 && hash < 0) return undefined;
  const first = line[line.search(notSpace)];
  if (first === ";" || first === "#") return 0;
  while (semicolon >= 0 || hash >= 0) {
    const bySemicolon = startsComment(line, semicolon);
    const byHash = startsComment(line, hash);
    if (bySemicolon && byHash) return Math.min(semicolon, hash);
    if (bySemicolon) return semicolon;
    if (byHash) return hash;
    if (semicolon >= 0) semicolon = line.indexOf(";", semicolon + 1);
    if (hash >= 0) hash = line.indexOf("#", hash + 1);
  }
  return undefined;
}

const startsComment = (line: string, at: number): boolean =>
  at === 0 || (at > 0 && isSpace(line, at - 1));

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
      const value = lines.length === 1 ? lines[0] : stripEnd(lines.join("\n"));
      text += `${encodeName(key)}=${encodeText(`${file}:${line}=${value}`)}\n`;
    }
  }
  return text;
}

/** `ini` ends a line at U+2028 and U+2029 too; JSON need not write them as they are. */
const encodeText = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u2028\u2029]/g,
    (separator) => `\\u${separator.charCodeAt(0).toString(16)}`,
  );

const plainName = /^[a-z0-9_]+$/;

const encodeName = (name: string): string =>
  plainName.test(name) ? `:${name}` : `:${encodeURIComponent(name).replaceAll(".", "%2E")}`;

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
