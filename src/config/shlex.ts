import { BadValue } from "./problems.ts";

/**
 * Splits a command line as Python's `shlex.split` does, which is how supervisord reads `command=`:
 * white space separates, quotes and backslashes group; no variables, globs, pipes or comments.
 * @throws BadValue "No closing quotation" or "No escaped character"
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (" \t\r\n".includes(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === "\\") {
      if (++i >= text.length) throw new BadValue("No escaped character");
      word = (word ?? "") + text.charAt(i);
    } else if (c === "'" || c === '"') {
      const quoted = readQuoted(text, i);
      word = (word ?? "") + quoted.text;
      i = quoted.end;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Reads from the quote at `start`. In double quotes a backslash escapes only `"` and itself. */
export function readQuoted(text: string, start: number): { text: string; end: number } {
  const quote = text.charAt(start);
  let out = "";
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === quote) return { text: out, end: i };
    const next = text.charAt(i + 1);
    if (quote === '"' && c === "\\" && next === "") throw new BadValue("No escaped character");
    if (quote === '"' && c === "\\" && (next === '"' || next === "\\")) {
      out += next;
      i++;
    } else {
      out += c;
    }
  }
  throw new BadValue("No closing quotation");
}
