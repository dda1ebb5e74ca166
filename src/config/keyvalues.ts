import { BadValue, quote } from "./problems.ts";
import { escapedCharacter, readQuoted } from "./shlex.ts";

/**
 * One piece of `environment=`: white space or a comment, unquoted characters of a word, an escaped
 * character, the start of a quoted piece, or any other character, which is a token of its own.
 * supervisord knows only the letters of Latin-1: of other unquoted words it takes the first letter.
 */
const piece = /([ \t\r\n]+|#[^\n]*)|([\p{L}\p{M}\p{N}_/.+\-():]+)|\\(.?)|(['"])|(.)/suy;

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
          `than letters, digits and _/.+-():; this is not so ${place(tokens, i)}`,
      );
    }
    pairs[key] = value;
  }
  return pairs;
}

/** By the key alone: values are where secrets are. */
const place = (tokens: readonly string[], at: number): string =>
  at === 0 ? "from the start" : `after the start of the value of ${quote(tokens[at - 4] ?? "")}`;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let word: string | undefined;
  const flush = () => {
    if (word !== undefined) tokens.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const [, space, plain, escaped, quoteMark, other] = piece.exec(text) ?? [];
    if (quoteMark !== undefined) {
      const quoted = readQuoted(text, at);
      word = (word ?? "") + quoted.text;
      piece.lastIndex = quoted.end + 1;
    } else if (plain !== undefined || escaped !== undefined) {
      word = (word ?? "") + (plain ?? escapedCharacter(escaped));
    } else {
      flush();
      if (space === undefined && other !== undefined) tokens.push(other);
    }
  }
  flush();
  return tokens;
}
