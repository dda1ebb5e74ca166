import { BadValue, quote } from "./problems.ts";
import { readQuoted } from "./shlex.ts";

/** What may stand unquoted in `environment=`; anything else is a token of its own. */
const wordCharacter = /[\p{L}\p{N}_/.+\-():]/u;

/**
 * Reads `environment=`: `A=1,B="two, three"`, also over several lines. A value with other than word
 * characters needs quotes. As in supervisord one token of any kind separates the pairs.
 * @throws BadValue when a key, a `=` or a value is missing, or a quote is not closed
 */
export function parseKeyValues(text: string): Record<string, string> {
  const tokens = tokenize(text);
  const pairs: Record<string, string> = Object.create(null);
  for (let i = 0; i < tokens.length; i += 4) {
    const [key, equals, value] = tokens.slice(i, i + 3);
    if (key === undefined || equals !== "=" || value === undefined) {
      throw new BadValue(
        `expected KEY=value pairs with commas between them, and quotes around values with other ` +
          `than letters, digits and _/.+-():, got ${quote(text)}`,
      );
    }
    pairs[key] = value;
  }
  return pairs;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let word: string | undefined;
  const flush = () => {
    if (word !== undefined) tokens.push(word);
    word = undefined;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (/\s/.test(c)) flush();
    else if (c === "#") {
      // A comment to the end of the line.
      flush();
      const end = text.indexOf("\n", i);
      i = end < 0 ? text.length : end;
    } else if (c === "\\") {
      if (++i >= text.length) throw new BadValue("No escaped character");
      word = (word ?? "") + text.charAt(i);
    } else if (c === "'" || c === '"') {
      const quoted = readQuoted(text, i);
      word = (word ?? "") + quoted.text;
      i = quoted.end;
    } else if (wordCharacter.test(c)) word = (word ?? "") + c;
    else {
      flush();
      tokens.push(c);
    }
  }
  flush();
  return tokens;
}
