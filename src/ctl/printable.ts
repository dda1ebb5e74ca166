import stringWidth from "string-width";

/** Text from elsewhere, with nothing in it that a terminal would act on. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0);
    if (code > 0x7f) return `\\x${code.toString(16)}`;
    return code === 0x7f ? "^?" : `^${String.fromCharCode(code + 0x40)}`;
  });

/** Columns on a terminal. */
export const widthOf = (text: string): number => stringWidth(text);

const ELLIPSIS = "…";

/** @param width columns; what has more loses its end */
export function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let short = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    short += segment;
  }
  return width < 1 ? "" : short + ELLIPSIS;
}

export const padded = (text: string, width: number, side: "left" | "right"): string => {
  const spaces = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "left" ? text + spaces : spaces + text;
};

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof styles;

export const styled = (text: string, style: Style | undefined): string =>
  style === undefined || text === "" ? text : `\x1b[${styles[style]}m${text}\x1b[0m`;
