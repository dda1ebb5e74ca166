import { BadValue } from "./problems.ts";
import { escapedCharacter, readQuoted, UnclosedQuote } from "./shlex.ts";

/**
 * Reads `environment=`: `A=1,B="two, three"`, also over several lines. A value with other than word
 * characters needs quotes. As in supervisord one token of any kind separates the pairs.
 * Where a quote is not closed, the text is read as by supervisord 4.2.5, for which a quote inside a word
 * is a character like any other and a backslash escapes nothing: `A=it's`, `A="C:\\dir\\"`.
 * @throws BadValue when a key, a `=` or a value is missing, or a quote is not closed
 */
export function parseKeyValues(text: string): Record<string, string> {
  const tokens = tokensOf(text);
  const pairs: Record<string, string> = Object.create(null);
  for (let i = 0; i < tokens.length; i += 4) {
    const [key, equals, value] = tokens.slice(i, i + 3);
    if (key === undefined || equals !== "=" || value === undefined) {
      throw new BadValue(
        `expected KEY=value pairs with commas between them, and quotes around values with other ` +
          `than letters, digits and _/.+-():; this is not so ${place(i)}`,
      );
    }
    pairs[key] = value;
  }
  return pairs;
}

/** Where in the text it went wrong; what stands there may be a secret. */
const place = (at: number): string => (at === 0 ? "from the start" : `after pair ${at / 4}`);

function tokensOf(text: string): string[] {
  try {
    return tokenize(text);
  } catch (error) {
    const tokens = error instanceof UnclosedQuote ? tokenizeAsOf425(text) : undefined;
    if (tokens) return tokens;
    throw error;
  }
}

/** Of shlex's legacy mode: a quoted token, a word, white space or a comment, any other character. */
const piece425 =
  /("[^"]*"|'[^']*')|([\w/.+\-():](?:[\w/.+\-():'"]|#[^\n]*\n?)*)|([ \t\r\n]+|#[^\n]*)|([^'"])/suy;

/** @returns undefined when a quote is not closed by these rules either */
function tokenizeAsOf425(text: string): string[] | undefined {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; at = piece425.lastIndex) {
    piece425.lastIndex = at;
    const found = piece425.exec(text);
    if (!found) return undefined;
    const [, quoted, word, , other] = found;
    const token = quoted ?? word?.replace(/#[^\n]*\n?/g, "") ?? other;
    if (token !== undefined) tokens.push(tokens.length % 4 === 2 ? unquoted(token) : token);
  }
  return tokens;
}

/** All quotes at both ends of a value go, whichever they are. */
function unquoted(token: string): string {
  const isQuote = (at: number) => token[at] === "'" || token[at] === '"';
  let start = 0;
  let end = token.length;
  while (isQuote(start)) start++;
  while (end > start && isQuote(end - 1)) end--;
  return token.slice(start, end);
}

/**
 * One piece of `environment=`: white space or a comment, unquoted characters of a word, an escaped
 * character, the start of a quoted piece, or any other character, which is a token of its own.
 * supervisord knows only the letters of Latin-1: of other unquoted words it takes the first letter.
 * Made when it is needed: its classes take a start their time.
 */
const createPiece = () => /([ \t\r\n]+|#[^\n]*)|([\p{L}\p{M}\p{N}_/.+\-():]+)|\\(.?)|(['"])|(.)/suy;

function tokenize(text: string): string[] {
  const piece = createPiece();
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
