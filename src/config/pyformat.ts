import { ascii, repr } from "./pyrepr.ts";

/** What stands after the name in a placeholder: `-08.3d` and the like. */
export interface Form {
  /** Any of `-+ #0`, in any order and number. */
  flags: string;
  width: number;
  /** Undefined when there is none, which is not the same as 0. */
  precision: number | undefined;
  /** One of those that `isText` and `isNumeric` know, or `c`. */
  conversion: string;
}

export const isText = (conversion: string): boolean => "sra".includes(conversion);
export const isNumeric = (conversion: string): boolean => "diuoxXeEfFgG".includes(conversion);

/** `s`, `r` and `a`: a precision cuts, and zeros pad nothing. Lengths are those of Python, in code points. */
export function formatText(value: string | number, form: Form): string {
  const { conversion, precision, width } = form;
  const full = typeof value === "number" ? String(value) : (textOf[conversion]?.(value) ?? "");
  if (width === 0 && precision === undefined) return full;
  return justify({ sign: "", prefix: "", body: cut(full, precision) }, form, false);
}

const textOf: Record<string, (value: string) => string> = {
  s: (value) => value,
  r: repr,
  a: ascii,
};

/** `c`: the one character that the value is, or has as its code point; undefined for any other value. */
export function formatCharacter(value: string | number, form: Form): string | undefined {
  const body = typeof value === "number" ? characterOf(value) : value;
  if (body === undefined || lengthOf(body, 2) !== 1) return undefined;
  return justify({ sign: "", prefix: "", body }, form, false);
}

const characterOf = (point: number): string | undefined =>
  point >= 0 && point <= 0x10ffff ? String.fromCodePoint(point) : undefined;

/** All other conversions. @param value a safe integer: no configuration has other numbers */
export function formatNumber(value: number, form: Form): string {
  const { flags, conversion } = form;
  const sign = value < 0 ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const { prefix, body } = magnitudeOf(Math.abs(value), form);
  const upper = "XEFG".includes(conversion);
  const cased = upper
    ? { prefix: prefix.toUpperCase(), body: body.toUpperCase() }
    : { prefix, body };
  return justify({ sign, ...cased }, form, true);
}

interface Pieces {
  sign: string;
  /** `0x` or `0o`: zeros go between it and the digits. */
  prefix: string;
  body: string;
}

function magnitudeOf(value: number, { flags, precision, conversion }: Form): Omit<Pieces, "sign"> {
  const alternate = flags.includes("#");
  const lower = conversion.toLowerCase();
  if ("efg".includes(lower))
    return { prefix: "", body: floatOf(value, lower, alternate, precision) };
  const base = lower === "x" ? 16 : lower === "o" ? 8 : 10;
  const prefix = alternate && base !== 10 ? `0${lower}` : "";
  return { prefix, body: value.toString(base).padStart(precision ?? 0, "0") };
}

/** `e`, `f` and `g` of a whole number. JavaScript's own methods end at 100 digits and round ties up. */
function floatOf(value: number, conversion: string, alternate: boolean, precision = 6): string {
  const whole = String(value);
  if (conversion === "f") return withFraction(whole, "0".repeat(precision), alternate);
  const general = conversion === "g";
  const count = general ? Math.max(precision, 1) : precision + 1;
  const { digits, exponent } = round(whole, count);
  const point = general && exponent < count ? exponent + 1 : 1;
  const fraction = digits.slice(point);
  const shown = general && !alternate ? fraction.replace(/0+$/, "") : fraction;
  const mantissa = withFraction(digits.slice(0, point), shown, alternate);
  if (general && exponent < count) return mantissa;
  return `${mantissa}e+${String(exponent).padStart(2, "0")}`;
}

const withFraction = (whole: string, fraction: string, alternate: boolean): string =>
  fraction !== "" || alternate ? `${whole}.${fraction}` : whole;

/** The first `count` digits of a whole number and its power of ten; a tie goes to the even digit. */
function round(whole: string, count: number): { digits: string; exponent: number } {
  const exponent = whole.length - 1;
  if (whole.length <= count) return { digits: whole.padEnd(count, "0"), exponent };
  const kept = Number(whole.slice(0, count));
  const rest = whole.slice(count);
  const half = "5".padEnd(rest.length, "0");
  const up = rest > half || (rest === half && kept % 2 === 1);
  const digits = String(up ? kept + 1 : kept);
  return { digits: digits.slice(0, count), exponent: exponent + digits.length - count };
}

function justify({ sign, prefix, body }: Pieces, { flags, width }: Form, zeros: boolean): string {
  const full = sign + prefix + body;
  const room = width - lengthOf(full, width);
  if (room <= 0) return full;
  if (flags.includes("-")) return full + " ".repeat(room);
  if (zeros && flags.includes("0")) return sign + prefix + "0".repeat(room) + body;
  return " ".repeat(room) + full;
}

const surrogate = /[\ud800-\udfff]/;

/** In code points; `enough` is as good an answer as any greater one. */
function lengthOf(text: string, enough: number): number {
  const few = text.slice(0, 2 * enough);
  return surrogate.test(few) ? Array.from(few).length : few.length;
}

function cut(text: string, length: number | undefined): string {
  if (length === undefined || text.length <= length) return text;
  const few = text.slice(0, 2 * length);
  return surrogate.test(few) ? Array.from(few).slice(0, length).join("") : few.slice(0, length);
}
