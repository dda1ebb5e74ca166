import { isUtf8 } from "node:buffer";
import type { Mark, Moment } from "./format.ts";
import { LinePieces, type Piece } from "./pieces.ts";

/** Most bytes of the child's in one object. */
const LONGEST_LINE = 65_536;

/** For the lines of every stream: what is in it is used up before the next are put there. */
let shared: Buffer | undefined;
const SHARED_BYTES = 524_288;

/** Whose lines they are. */
export interface Origin {
  process: string;
  group: string;
  stream: string;
}

/**
 * Makes an object of each line of one source, on a line of its own: `time` (when it came, UTC),
 * `process`, `group`, `stream`, `pid` (null where no child is known that it may be of) and `line`,
 * without its end (LF or CR LF). What is no UTF-8 is replaced, and then there is `invalid_utf8`; a line
 * that is too long for one object has `partial` in all of its objects but the last.
 */
export class JsonLines {
  readonly #pieces = new LinePieces(LONGEST_LINE);
  readonly #origin: string;
  readonly #moment: Moment;
  /** Of the child whose line is held. */
  #pid: number | undefined;

  constructor({ process, group, stream }: Origin, moment: Moment) {
    this.#origin = JSON.stringify({ process, group, stream }).slice(1, -1);
    this.#moment = moment;
  }

  /**
   * @param chunk may be overwritten after this returns
   * @returns the objects of what is complete; only valid until the next call on any source
   */
  push(chunk: Buffer): Buffer {
    this.#pid = this.#moment.pid;
    return this.#encode(this.#pieces.push(chunk));
  }

  /** The last line of a child that has ended is its own still. */
  flush(): Buffer {
    return this.#encode(this.#pieces.flush());
  }

  /** An object that says what has become of the child. */
  mark({ text, fields }: Mark): Buffer {
    this.#pid = this.#moment.pid;
    const more = JSON.stringify(fields).slice(1);
    return Buffer.from(`${this.#head()}${JSON.stringify(text)},${more}\n`);
  }

  #head(): string {
    const time = new Date(this.#moment.wallMs()).toISOString();
    return `{"time":"${time}",${this.#origin},"pid":${this.#pid ?? null},"line":`;
  }

  #encode(pieces: readonly Piece[]): Buffer {
    if (pieces.length === 0) return Buffer.alloc(0);
    const head = this.#head();
    return asBytes(pieces.map((piece) => encode(piece, head)).join(""));
  }
}

const NEWLINE = 0x0a;

function encode({ bytes, partial }: Piece, head: string): string {
  if (partial) return objectOf(bytes, head, ',"partial":true');
  if (isUtf8(bytes)) return objectsOf(bytes, head);
  let out = "";
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    out += objectOf(bytes.subarray(start, newline + 1), head, "");
    start = newline + 1;
  }
  return out;
}

/** Quotes, backslashes and control characters: what a string in JSON cannot have in it as it is. */
const escaped = [0x22, 0x5c, ...Array.from({ length: 0x20 }, (_, code) => code)].filter(
  (code) => code !== NEWLINE,
);

/** Most output has nothing to escape, which many fast looks tell sooner than one slow one. */
function objectsOf(lines: Buffer, head: string): string {
  const text = lines.toString("utf8", 0, lines.length - 1);
  if (escaped.some((code) => lines.includes(code))) {
    const each = text.split("\n");
    return each.map((line) => `${head}${JSON.stringify(withoutReturn(line))}}\n`).join("");
  }
  return `${head}"${text.replaceAll("\n", () => `"}\n${head}"`)}"}\n`;
}

function objectOf(bytes: Buffer, head: string, more: string): string {
  const text = bytes.toString("utf8");
  const line = text.endsWith("\n") ? withoutReturn(text.slice(0, -1)) : text;
  const flaw = isUtf8(bytes) ? "" : ',"invalid_utf8":true';
  return `${head}${JSON.stringify(line)}${flaw}${more}}\n`;
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

function asBytes(text: string): Buffer {
  // A character of a string is at most three bytes of UTF-8.
  if (text.length * 3 > SHARED_BYTES) return Buffer.from(text);
  shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES);
  return shared.subarray(0, shared.write(text));
}
