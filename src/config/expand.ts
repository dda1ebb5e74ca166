import { BadValue, suggest } from "./problems.ts";

/** What `%(name)s` may name in one place. Numbers are the only ones that `%(name)d` takes. */
export type Names = ReadonlyMap<string, string | number>;

const WIDEST = 10_000;
const placeholder = /%(?:%|\(([^)]*)\)([-+ #0]*)(\d*)(?:\.(\d*))?[hlL]?([a-zA-Z])|)/g;

/**
 * Python's `text % names`, the form of every placeholder in a supervisord configuration:
 * `%(process_num)02d`, `%(program_name)-8s`, `%%`.
 * @throws BadValue naming the unknown name and those that exist here, or what is malformed
 */
export function expand(text: string, names: Names): string {
  return text.replaceAll(
    placeholder,
    (whole, name?: string, flags = "", width = "", precision?: string, conversion = "") => {
      if (whole === "%%") return "%";
      if (name === undefined) throw new BadValue(malformed(text));
      const value = names.get(name);
      if (value === undefined) throw new BadValue(unknown(whole, name, names));
      if (Math.max(Number(width), Number(precision ?? 0)) > WIDEST) {
        throw new BadValue(`${whole}: wider than the ${WIDEST} characters that make sense`);
      }
      const converted = convert(value, conversion, precision, flags, whole);
      return pad(converted, conversion === "s" ? flags.replaceAll("0", "") : flags, Number(width));
    },
  );
}

const malformed = (text: string): string =>
  `badly formatted %-placeholder in ${JSON.stringify(text)}: write %(name)s, or %% for a percent sign`;

function unknown(whole: string, name: string, names: Names): string {
  const known = [...names.keys()];
  const own = known.filter((key) => !key.startsWith("ENV_")).sort();
  const listed = [...own, "ENV_*"].join(", ");
  return `${whole} names nothing that can be expanded here; available: ${listed}${suggest(name, known)}`;
}

const digits: Record<string, (n: number) => string> = {
  d: (n) => String(n),
  i: (n) => String(n),
  u: (n) => String(n),
  o: (n) => n.toString(8),
  x: (n) => n.toString(16),
  X: (n) => n.toString(16).toUpperCase(),
};

function convert(
  value: string | number,
  conversion: string,
  precision: string | undefined,
  flags: string,
  whole: string,
): string {
  if (conversion === "s") {
    return precision === undefined ? String(value) : String(value).slice(0, Number(precision));
  }
  const format = digits[conversion];
  if (!format) throw new BadValue(`${whole}: unsupported format character "${conversion}"`);
  if (typeof value !== "number") {
    throw new BadValue(
      `${whole}: %${conversion} needs a number, and ${JSON.stringify(value)} is text`,
    );
  }
  const magnitude = format(Math.abs(value)).padStart(Number(precision ?? 0), "0");
  const sign = value < 0 ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + magnitude;
}

/** Python pads text and numbers alike, but zeros go between a sign and its digits, and only for numbers. */
function pad(text: string, flags: string, width: number): string {
  if (text.length >= width) return text;
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const sign = /^[-+ ]/.test(text) ? (text[0] ?? "") : "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
