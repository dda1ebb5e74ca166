/**
 * What Python's `str.isprintable` calls unprintable: all but U+0020 of the separators and controls. In
 * a function, because to look up such classes takes a start its time, and most never need them.
 */
const isUnprintable = (char: string): boolean => /[^\x20\P{Z}]|\p{C}/u.test(char);
const special = /[\\'"]|[^\x20-\x7e]/;

const named = new Map([
  ["\\", "\\\\"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

/**
 * Python's `repr` of a text, which is what `%(name)r` gives: in single quotes, or in double ones
 * where that saves escapes. Which characters are unprintable follows the Unicode tables of Node.
 */
export const repr = (text: string): string => quoted(text, isUnprintable);

/** Python's `ascii`, for `%(name)a`: as `repr`, with everything beyond ASCII escaped. */
export const ascii = (text: string): string =>
  quoted(text, (char) => char > "\x7e" || isUnprintable(char));

/** Python's `repr` of bytes. */
export const bytesRepr = (bytes: Buffer): string =>
  `b${quoted(bytes.toString("latin1"), (char) => char < " " || char > "~")}`;

function quoted(text: string, mustEscape: (char: string) => boolean): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  if (!special.test(text)) return quote + text + quote;
  let out = quote;
  for (const char of text) {
    if (char === quote) out += `\\${quote}`;
    else out += named.get(char) ?? (mustEscape(char) ? escaped(char) : char);
  }
  return out + quote;
}

function escaped(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
