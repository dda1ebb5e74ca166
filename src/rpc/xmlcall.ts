import { isUtf8 } from "node:buffer";
import { SaxesParser } from "saxes";

/** The request is no XML-RPC call: HTTP 400. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

export interface Call {
  method: string;
  params: unknown[];
}

/** More than any call has; a value takes two or three. */
const DEEPEST = 128;

/**
 * Reads a call in one pass, into its values and nothing else: the memory that it takes is bounded by
 * its text.
 * @throws BadRequest when the text is not XML or holds no method call
 */
export function parseCall(xml: string): Call {
  const reader = new CallReader();
  const parser = new SaxesParser({ position: false });
  parser.on("opentag", ({ name }) => reader.open(name));
  parser.on("closetag", ({ name }) => reader.close(name));
  parser.on("text", (text) => reader.text(text));
  parser.on("cdata", (text) => reader.text(text));
  // A call has no use for a document type, and entity bombs live there.
  parser.on("doctype", () => refuse("document types are not accepted"));
  parser.on("error", ({ message }) => refuse(message));
  parser.write(xml).close();
  return reader.call();
}

function refuse(message: string): never {
  throw new BadRequest(message);
}

/** An element that is open: what has been read of it. */
interface Element {
  tag: string;
  text: string;
  /** Of the value, or what stands for it, that is in it. */
  value?: unknown;
  /** Of `data`, `params` and `struct`. */
  items?: unknown[];
  /** Of `member`. */
  name?: string;
}

class CallReader {
  readonly #open: Element[] = [];
  #method: string | undefined;
  #params: unknown[] = [];

  open(tag: string): void {
    if (this.#open.length >= DEEPEST) refuse(`more than ${DEEPEST} elements within each other`);
    this.#open.push({ tag, text: "" });
  }

  text(text: string): void {
    const element = this.#open.at(-1);
    if (element) element.text += text;
  }

  close(tag: string): void {
    const element = this.#open.pop();
    const parent = this.#open.at(-1);
    if (!element || !parent) return;
    switch (tag) {
      case "methodName":
        if (this.#open.length === 1 && parent.tag === "methodCall") this.#method = element.text;
        return;
      case "params":
        if (this.#open.length === 1) this.#params = element.items ?? [];
        return;
      case "param":
      case "member":
        add(parent, tag === "param" ? "params" : "struct", contentOf(element));
        return;
      case "value":
        // Without a type it is text.
        if (parent.tag === "data") add(parent, "data", meantBy(element));
        else if (parent.value === undefined) parent.value = meantBy(element);
        return;
      case "name":
        if (parent.tag === "member") parent.name = element.text;
        return;
      case "data":
        if (parent.tag === "array") parent.items = element.items ?? [];
        return;
      default:
        if (parent.tag === "value" && parent.value === undefined) parent.value = typed(element);
    }
  }

  call(): Call {
    const method = this.#method;
    if (!method) return refuse("expected a methodCall with a methodName");
    return { method, params: this.#params };
  }
}

const meantBy = ({ value, text }: Element): unknown => (value === undefined ? text : value);

function add(parent: Element, tag: string, item: unknown): void {
  if (parent.tag !== tag) return;
  parent.items ??= [];
  parent.items.push(item);
}

/** What a param or a member is for. */
function contentOf({ tag, value, name }: Element): unknown {
  if (value === undefined) refuse(`expected a value in every ${tag}`);
  if (tag === "param") return value;
  if (name === undefined) refuse("expected a name in every member");
  return [name, value];
}

/** As supervisord reads it: of unknown types the text is the value. */
function typed({ tag, text, items }: Element): unknown {
  switch (tag) {
    case "int":
    case "i4":
      return readNumber(text, /^\s*[+-]?\d+\s*$/);
    case "double":
      return readNumber(text, /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i);
    case "boolean":
      return text === "1";
    case "nil":
      return null;
    case "base64":
      return readBase64(text);
    case "dateTime.iso8601":
      return readDate(text);
    case "array":
      return items ?? refuse("expected data in every array");
    case "struct":
      return Object.fromEntries((items ?? []) as [string, unknown][]);
    default:
      return text;
  }
}

function readNumber(text: string, form: RegExp): number {
  const number = Number(text);
  return form.test(text) && Number.isFinite(number) ? number : refuse("expected a number");
}

/** Of characters that are none of base64's Python takes no notice. */
function readBase64(text: string): string {
  const digits = text.replaceAll(/[^A-Za-z0-9+/]/g, "");
  const bytes = Buffer.from(digits, "base64");
  if (digits.length % 4 === 1 || !isUtf8(bytes)) refuse("expected base64 of text in UTF-8");
  return bytes.toString("utf8");
}

/** There is no method that takes one. */
function readDate(text: string): Date {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)$/.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T${time}`);
  return Number.isNaN(date.getTime()) ? refuse("expected a date such as 20261231T23:59:59") : date;
}
