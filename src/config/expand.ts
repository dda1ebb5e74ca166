import { BadValue, quote, suggest } from "./problems.ts";
import {
  type Form,
  formatCharacter,
  formatNumber,
  formatText,
  isNumeric,
  isText,
} from "./pyformat.ts";

/** What `%(name)s` may name in one place. Numbers are whole, and the only ones that `%(name)d` takes. */
export interface Names {
  get(name: string): string | number | undefined;
  /** Only asked for when a name is unknown, to say which there are; `ENV_*` come last. */
  keys(): Iterable<string>;
}

/** No width that makes sense is wider, and a typo must not take the memory. */
const WIDEST = 10_000;
/** Linux passes no more than this to a program, as its arguments and environment together. */
const LONGEST = 6 * 2 ** 20;

/**
 * Python's `text % names`, the form of every placeholder in a supervisord configuration:
 * `%(process_num)02d`, `%(program_name)-8s`, `%%`. All that Python 3.11 takes is taken, but for `%s`
 * without a name, for which supervisord writes out all that it knows, and widths beyond reason.
 * @throws BadValue naming the unknown name and those that exist here, or what is malformed
 */
export function expand(text: string, names: Names): string {
  let out = "";
  let from = 0;
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", from)) {
    out += text.slice(from, at);
    if (text[at + 1] === "%") {
      out += "%";
      from = at + 2;
    } else {
      const placeholder = readPlaceholder(text, at);
      out += fill(placeholder, text, names);
      from = placeholder.end;
    }
    if (out.length > LONGEST) {
      throw new BadValue(`expands to more than the ${LONGEST} characters that Linux has room for`);
    }
  }
  return out + text.slice(from);
}

interface Placeholder extends Form {
  /** Where in the text it is, from its percent sign to after its last character. */
  start: number;
  end: number;
  name: string | undefined;
}

/** Python also takes C's h, l and L before the conversion, and ignores them. */
const form = /([-+ #0]*)(\d*)(?:\.(\d*))?[hlL]?(.)/suy;

function readPlaceholder(text: string, start: number): Placeholder {
  const named = text[start + 1] === "(";
  const close = named ? closingParenthesis(text, start + 1) : start;
  const name = named ? text.slice(start + 2, close) : undefined;
  // By far the most are %(name)s.
  if (named && text[close + 1] === "s") {
    const end = close + 2;
    return { start, end, name, flags: "", width: 0, precision: undefined, conversion: "s" };
  }
  form.lastIndex = close + 1;
  const [whole, flags = "", width = "", precision, conversion = ""] = form.exec(text) ?? [];
  if (whole === undefined) throw malformed("ends too early", text, start, text.length);
  const end = close + 1 + whole.length;
  if (Math.max(Number(width), Number(precision ?? 0)) > WIDEST) {
    const shown = quote(text.slice(start, end));
    throw new BadValue(`${shown}: wider than the ${WIDEST} characters that make sense`);
  }
  return {
    start,
    end,
    name,
    flags,
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
    conversion,
  };
}

/** As in Python a name may have parentheses of its own, in pairs. */
function closingParenthesis(text: string, open: number): number {
  const first = text.indexOf(")", open);
  if (first < 0) throw malformed("has no closing parenthesis", text, open - 1, text.length);
  if (!text.slice(open + 1, first).includes("(")) return first;
  let depth = 1;
  for (let i = open + 1; i < text.length; i++) {
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")" && --depth === 0) return i;
  }
  throw malformed("has no closing parenthesis", text, open - 1, text.length);
}

function fill(placeholder: Placeholder, text: string, names: Names): string {
  const { start, end, name, conversion } = placeholder;
  if (name === undefined) throw malformed("names nothing", text, start, end);
  const value = names.get(name);
  if (value !== undefined) {
    if (isText(conversion)) return formatText(value, placeholder);
    if (isNumeric(conversion) && typeof value === "number") return formatNumber(value, placeholder);
    const character = conversion === "c" ? formatCharacter(value, placeholder) : undefined;
    if (character !== undefined) return character;
  }
  const whole = text.slice(start, end);
  if (value === undefined) throw new BadValue(unknown(whole, name, names));
  throw new BadValue(misfit(whole, name, conversion));
}

function misfit(whole: string, name: string, conversion: string): string {
  if (isNumeric(conversion))
    return `${shorten(whole)} needs a number, and ${shorten(name)} is text`;
  if (conversion === "c")
    return `${shorten(whole)} needs one character, and ${shorten(name)} is not one`;
  return unsupported(whole, name, conversion);
}

function unsupported(whole: string, name: string, conversion: string): string {
  const shown = `%(${name})`;
  return (
    `${shorten(whole)} has the unsupported format character ${quote(conversion)}: ` +
    `write ${shorten(`${shown}s`)}, or ${shorten(`${shown}d`)} for a number`
  );
}

/** Enough for any environment; a greater one is no reason to compare names for minutes. */
const MOST_COMPARED = 300;

function unknown(whole: string, name: string, names: Names): string {
  const known: string[] = [];
  for (const key of names.keys()) {
    if (known.push(key) >= MOST_COMPARED) break;
  }
  const own = known.filter((key) => !key.startsWith("ENV_")).sort();
  const listed = [...own, "ENV_*"].join(", ");
  return `${shorten(whole)} names nothing that can be expanded here; available: ${listed}${suggest(name, known)}`;
}

const MOST_SHOWN = 20;

/** Shows no more than the placeholder: a percent sign is most often forgotten in a password. */
function malformed(what: string, text: string, start: number, end: number): BadValue {
  const shown = shorten(text.slice(start, Math.min(end, start + MOST_SHOWN)));
  const place = `character ${start + 1} of the value`;
  return new BadValue(`${shown} at ${place} ${what}: write %(name)s, or %% for a percent sign`);
}

/** A placeholder as it is where it is short and on one line, which is nearly always. */
const shorten = (shown: string): string =>
  /^[\x20-\x7e]{0,80}$/.test(shown) ? shown : quote(shown);
