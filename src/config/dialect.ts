import { isEnough, type Place, type Problem } from "./problems.ts";

/** One `key = value` as supervisord reads it, before expansion. */
interface Entry extends Place {
  section: string;
  key: string;
  text: string;
}

export interface Lexed {
  file: string;
  entries: Entry[];
  /** Every section header, also of empty sections, in order. */
  sections: { name: string; line: number }[];
  problems: Problem[];
}

/** White space as Python has it, which is not quite that of `\s` and `trim()`: a BOM is none. */
const spaces =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const space = new RegExp(`[${spaces}]`);

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

/** How many characters of white space a text starts with. */
function indentOf(text: string): number {
  let start = 0;
  while (start < text.length && isSpace(text, start)) start++;
  return start;
}

const strip = (text: string): string => stripEnd(text.slice(indentOf(text)));

/** `[name]`, up to the last bracket; what follows it counts for nothing. */
function headerOf(value: string): string | undefined {
  const end = value.startsWith("[") ? value.lastIndexOf("]") : -1;
  return end > 1 ? value.slice(1, end) : undefined;
}

/** Where the name of an option ends; 0 when the line has none. */
function endOfName(value: string): number {
  const equals = value.indexOf("=");
  const colon = value.indexOf(":");
  return Math.max(0, colon < 0 || (equals >= 0 && equals < colon) ? equals : colon);
}

/**
 * What nearly every line is: an option in small letters and its value, with nothing about it that the
 * rules have more to say to. They take five times as long, which is most of the start of droverctl.
 */
const plain = /^([a-z_]+)=([!-"$-:<-~](?:[ -"$-:<-~]*[!-"$-:<-~])?)$/;

/**
 * Splits the text of a file by supervisord's lexical rules, which are those of Python's
 * RawConfigParser with inline comments.
 */
export function lex(text: string, file: string): Lexed {
  const out: Lexed = { file, entries: [], sections: [], problems: [] };
  let section: string | undefined;
  let entry: Entry | undefined;
  /** The lines after the first of the value that is being read. */
  let more: string[] = [];
  let indent = 0;
  // Half a surrogate pair would not come back from `ini` as the same name.
  const whole = text.toWellFormed();
  const lines = whole.includes("\r") ? whole.split(/\r\n|\n|\r/) : whole.split("\n");
  let line = 0;
  for (const raw of lines) {
    line++;
    const [, plainKey, plainText] = (section !== undefined && plain.exec(raw)) || [];
    if (section !== undefined && plainKey !== undefined && plainText !== undefined) {
      complete(entry, more);
      more = [];
      indent = 0;
      entry = { section, key: plainKey, text: plainText, file, line };
      out.entries.push(entry);
      continue;
    }
    const commentAt = commentStart(raw);
    const value = strip(commentAt === undefined ? raw : raw.slice(0, commentAt));
    if (value === "") {
      // A blank line may stand inside a value; a line with only a comment adds nothing to it.
      if (commentAt === undefined) more.push("");
      continue;
    }
    const column = indentOf(raw);
    if (entry && column > indent) {
      more.push(value);
      continue;
    }
    complete(entry, more);
    more = [];
    indent = column;
    const header = headerOf(value);
    if (header !== undefined) {
      section = header;
      entry = undefined;
      out.sections.push({ name: section, line });
      continue;
    }
    if (section === undefined) {
      const message = raw.startsWith("\ufeff")
        ? "expected no byte order mark: save this file as UTF-8 without one"
        : "expected a section such as [program:name] before this line";
      out.problems.push({ severity: "error", file, line, message });
      return out;
    }
    const at = endOfName(value);
    const key = stripEnd(value.slice(0, at));
    if (key === "") {
      const message = "expected option=value; to go on with the value above, indent the line";
      out.problems.push({ severity: "error", file, line, section, message });
      if (isEnough(out.problems)) return out;
      continue;
    }
    entry = { section, key: key.toLowerCase(), text: strip(value.slice(at + 1)), file, line };
    out.entries.push(entry);
  }
  complete(entry, more);
  return out;
}

/** Adds the lines that continue a value; blank ones at its end are none of it. */
function complete(entry: Entry | undefined, more: readonly string[]): void {
  if (entry && more.length > 0) entry.text = stripEnd([entry.text, ...more].join("\n"));
}

/**
 * Where the comment of a line starts. supervisord looks for the n-th `;` and the n-th `#` together,
 * and the first round in which one of them has white space before it decides.
 */
function commentStart(line: string): number | undefined {
  let semicolon = line.indexOf(";");
  let hash = line.indexOf("#");
  if (semicolon < 0 && hash < 0) return undefined;
  const first = line[indentOf(line)];
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
 * The names of the entries as text for the `ini` package, which puts sections and options together.
 * It gives them back verbatim: they are percent-encoded, so that it splits none at a dot, cuts no
 * comment and drops no `__proto__`. The value of each is a number, for it to change nothing in them.
 * @param first the number of the first entry
 */
export function toIni({ entries, sections }: Lexed, first: number): string {
  const lines = new Map<string, string[]>(sections.map(({ name }) => [name, []]));
  for (const [index, { section, key }] of entries.entries()) {
    lines.get(section)?.push(`${encodeName(key)}=${first + index}\n`);
  }
  let text = "";
  for (const [name, own] of lines) text += `[${encodeName(name)}]\n${own.join("")}`;
  return text;
}

const plainName = /^[\w:-]+$/;

const encodeName = (name: string): string =>
  plainName.test(name) ? `:${name}` : `:${encodeURIComponent(name).replaceAll(".", "%2E")}`;

/** Undoes `toIni` for a section or an option name that `ini` returned. */
export const decodeName = (name: string): string =>
  name.includes("%") ? decodeURIComponent(name.slice(1)) : name.slice(1);
