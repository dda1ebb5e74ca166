const head = "<?xml version='1.0'?>\n<methodResponse>\n";

const before = `${head}<params>\n<param>\n<value>`;
const after = "</value>\n</param>\n</params>\n</methodResponse>\n";

export function formatResponse(result: unknown): Buffer {
  if (Array.isArray(result)) return formatArray(result).bytes;
  return Buffer.from(`${before}${formatValue(result)}${after}`);
}

export const formatFault = (code: number, message: string): Buffer =>
  Buffer.from(
    `${head}<fault>\n<value>${formatValue({ faultCode: code, faultString: message })}</value>\n</fault>\n</methodResponse>\n`,
  );

/** An answer that is an array, and what each item of it has become. */
export interface FormattedArray {
  items: readonly unknown[];
  bytes: Buffer;
  /** Where in the bytes each item begins, and the last ends. */
  places: readonly number[];
}

/**
 * Each item is bytes before the next is looked at: the text of a large answer would be more than the
 * heap of a small daemon is made for.
 * @param earlier of it are taken those that `isSame` says are as they were, at the same place
 */
export function formatArray(
  items: readonly unknown[],
  earlier?: FormattedArray,
  isSame: (a: unknown, b: unknown) => boolean = Object.is,
): FormattedArray {
  const known = items.map((item, at) => earlier !== undefined && isSame(item, earlier.items[at]));
  const isAsItWas = items.length === earlier?.items.length && known.every(Boolean);
  if (earlier && isAsItWas) return earlier;
  const output = new Output(earlier?.bytes.length);
  const places: number[] = [];
  output.add(`${before}<array><data>\n`);
  for (const [at, item] of items.entries()) {
    places.push(output.length);
    const [from, to] = [earlier?.places[at], earlier?.places[at + 1]];
    if (earlier && known[at] && from !== undefined && to !== undefined) {
      output.copy(earlier.bytes, from, to);
    } else output.add(`<value>${formatValue(item)}</value>\n`);
  }
  places.push(output.length);
  output.add(`</data></array>${after}`);
  return { items, bytes: output.bytes(), places };
}

const FIRST_BYTES = 2_048;

class Output {
  #bytes: Buffer;
  #written = 0;
  /** What is to be copied as one when something else comes: neighbours mostly are. */
  #copied: { of: Buffer; from: number; to: number } | undefined;

  /** @param expected bytes, more or less */
  constructor(expected = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(expected + FIRST_BYTES);
  }

  get length(): number {
    return this.#written + (this.#copied ? this.#copied.to - this.#copied.from : 0);
  }

  add(text: string): void {
    this.#copyNow();
    // No character takes more than three bytes for each of its units.
    this.#makeRoom(3 * text.length);
    this.#written += this.#bytes.write(text, this.#written);
  }

  copy(of: Buffer, from: number, to: number): void {
    if (this.#copied?.of === of && this.#copied.to === from) {
      this.#copied.to = to;
      return;
    }
    this.#copyNow();
    this.#copied = { of, from, to };
  }

  bytes(): Buffer {
    this.#copyNow();
    return this.#bytes.subarray(0, this.#written);
  }

  #copyNow(): void {
    if (!this.#copied) return;
    const { of, from, to } = this.#copied;
    this.#copied = undefined;
    this.#makeRoom(to - from);
    this.#written += of.copy(this.#bytes, this.#written, from, to);
  }

  #makeRoom(size: number): void {
    if (this.#written + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + size);
    this.#bytes.copy(larger, 0, 0, this.#written);
    this.#bytes = larger;
  }
}

/** Plain concatenation and few calls: this is where the time of a large answer goes. */
function formatValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `<string>${escapeText(value)}</string>`;
    case "number":
      return Number.isSafeInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`;
    case "boolean":
      return value ? "<boolean>1</boolean>" : "<boolean>0</boolean>";
  }
  // An extension that most clients read; supervisord's own answers have none.
  if (value === null) return "<nil/>";
  if (typeof value !== "object") throw new TypeError(`no XML-RPC type: ${value}`);
  let inner = "";
  if (Array.isArray(value)) {
    for (const item of value) inner += `<value>${formatValue(item)}</value>\n`;
    return `<array><data>\n${inner}</data></array>`;
  }
  const struct = value as Record<string, unknown>;
  for (const key of Object.keys(struct)) {
    inner += `${memberHead(key)}${formatValue(struct[key])}</value>\n</member>\n`;
  }
  return `<struct>\n${inner}</struct>`;
}

/** The keys of structs are few, and the same again and again. */
const heads = new Map<string, string>();
const MOST_HEADS = 1_000;

function memberHead(key: string): string {
  const known = heads.get(key);
  if (known !== undefined) return known;
  const made = `<member>\n<name>${escapeText(key)}</name>\n<value>`;
  if (heads.size < MOST_HEADS) heads.set(key, made);
  return made;
}

/**
 * What cannot stand in XML as it is: three characters that mean something, carriage returns, which
 * parsers turn into newlines, and what XML 1.0 cannot carry at all, as in logs with colours.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const special = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

/** Almost every string of an answer passes as it is. */
const plain = /^[\w /.:,-]*$/;

const escapeText = (raw: string): string =>
  plain.test(raw)
    ? raw
    : raw.toWellFormed().replaceAll(special, (character) => escapes[character] ?? "\ufffd");
