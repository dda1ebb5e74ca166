import { BadValue } from "./problems.ts";

/**
 * Splits a command line as Python's `shlex.split` does, which is how supervisord reads `command=`:
 * white space separates, quotes and backslashes group; no variables, globs, pipes or comments.
 * @throws BadValue "No closing quotation" or "No escaped character"
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const [, space, plain, escaped, quoteMark] = piece.exec(text) ?? [];
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quoteMark !== undefined) {
      const quoted = readQuoted(text, at);
      word = (word ?? "") + quoted.text;
      piece.lastIndex = quoted.end + 1;
    } else {
      word = (word ?? "") + (plain ?? escapedCharacter(escaped));
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** White space, unquoted characters, an escaped one, or the start of a quoted piece. */
const piece = /([ \t\r\n]+)|([^ \t\r\n'"\\]+)|\\(.?)|(['"])/sy;

/** What follows a backslash. @throws BadValue when that is the end of the text */
export function escapedCharacter(escaped: string | undefined): string {
  if (!escaped) throw new BadValue("No escaped character");
  return escaped;
}

export class UnclosedQuote extends BadValue {}

/** Reads from the quote at `start`. In double quotes a backslash escapes only `"` and itself. */
export function readQuoted(text: string, start: number): { text: string; end: number } {
  const inside = text.charAt(start) === '"' ? insideDouble : insideSingle;
  let out = "";
  for (let at = start + 1; at < text.length; at = inside.lastIndex) {
    inside.lastIndex = at;
    const [, plain, escaped] = inside.exec(text) ?? [];
    if (plain !== undefined) out += plain;
    else if (escaped === undefined) return { text: out, end: at };
    else out += (/["\\]/.test(escaped) ? "" : "\\") + escapedCharacter(escaped);
  }
  throw new UnclosedQuote("No closing quotation");
}

const insideSingle = /([^']+)|'/y;
const insideDouble = /([^"\\]+)|\\(.?)|"/sy;
