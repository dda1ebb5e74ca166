import { type Kind, kind, limited, type Refuse } from "./kind.ts";

const wholeNumber = /^[+-]?\d+(?:_\d+)*$/;

/** A whole number as Python's int() reads it: white space around it and `_` between digits. */
export function readInteger(text: string, refuse: Refuse): number {
  const trimmed = text.trim();
  return wholeNumber.test(trimmed) ? clamp(Number(trimmed.replaceAll("_", ""))) : refuse();
}

/** Python's numbers have no end; beyond what can be counted one is as good as another. */
const clamp = (number: number): number =>
  Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);

const integerAs = (expected: string): Kind<number> =>
  kind(expected, (text, _, refuse) => readInteger(text, refuse));

export const integer = integerAs("a whole number such as 3");

/** Whole seconds, as in supervisord. */
export const seconds = integerAs("whole seconds such as 10");

export const integerFrom = (least: number, most: number): Kind<number> =>
  limited(
    integer,
    `a whole number from ${least} to ${most}`,
    (number) => number >= least && number <= most,
  );

const sizeUnits = new Map([
  ["kb", 2 ** 10],
  ["mb", 2 ** 20],
  ["gb", 2 ** 30],
]);

/** A size in bytes: `512`, `50MB`; the suffixes KB, MB and GB are powers of 1024. */
export const bytes = kind("a size such as 512, 100KB, 50MB or 1GB", (text, _, refuse) => {
  const unit = sizeUnits.get(text.slice(-2).toLowerCase());
  return clamp(readInteger(unit ? text.slice(0, -2) : text, refuse) * (unit ?? 1));
});

export const bytesFrom = (least: number, most: number): Kind<number> =>
  limited(bytes, `a size from ${least} to ${most} bytes`, (size) => size >= least && size <= most);

/** The system's calls take no more; they use the lowest bits. */
const HIGHEST_MODE = 2 ** 32 - 1;

export const octal = kind("an octal number such as 022", (text, _, refuse) => {
  const digits = /^\+?(?:0o)?([0-7]+(?:_[0-7]+)*)$/i.exec(text.trim())?.[1] ?? refuse();
  const number = Number.parseInt(digits.replaceAll("_", ""), 8);
  return number <= HIGHEST_MODE ? number : refuse();
});

const durationUnits = new Map([
  ["ms", 1],
  ["", 1_000],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** A length of time of drover's own options, in milliseconds: `500ms`, `10s`, `5m`, `2h`; seconds without a unit. */
export const duration = kind("a duration such as 500ms, 10s, 5m or 2h", (text, _, refuse) => {
  const [, digits, word = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? refuse();
  const unit = durationUnits.get(word.toLowerCase()) ?? refuse();
  const milliseconds = Math.round(Number(digits) * unit);
  return Number.isSafeInteger(milliseconds) ? milliseconds : refuse();
});

export const exitcodes = kind(
  "exit codes from 0 to 255 with commas between them",
  (text, _, refuse): readonly number[] =>
    text === ""
      ? []
      : text.split(",").map((part) => {
          const code = readInteger(part, refuse);
          return code >= 0 && code <= 255 ? code : refuse();
        }),
);
