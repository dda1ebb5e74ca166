const BEGIN = Buffer.from("<!--XSUPERVISOR:BEGIN-->");
const END = Buffer.from("<!--XSUPERVISOR:END-->");

/** Where the bytes of a stream go: to its log, or as a whole message to the event bus. */
export interface CaptureSink {
  log(chunk: Buffer): void;
  message(data: Buffer): void;
}

/**
 * Takes the messages that a child sends between capture tokens out of its output. A token may be
 * split over chunks; only what may be the start of one is held back, and it is not lost at the end.
 */
export class Capture {
  readonly #maxBytes: number;
  readonly #sink: CaptureSink;
  #token = BEGIN;
  #pending: Buffer = Buffer.alloc(0);
  #message: Buffer = Buffer.alloc(0);

  /** @param maxBytes most bytes of a message; of a longer one the last so many are kept */
  constructor(maxBytes: number, sink: CaptureSink) {
    this.#maxBytes = maxBytes;
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (let at = data.indexOf(this.#token); at >= 0; at = data.indexOf(this.#token)) {
      const { length } = this.#token;
      this.#take(data.subarray(0, at));
      data = data.subarray(at + length);
      this.#toggle();
    }
    const held = startOfToken(data, this.#token);
    this.#take(data.subarray(0, data.length - held));
    this.#pending = Buffer.from(data.subarray(data.length - held));
  }

  /** The stream has ended: what was held back is output after all; an unfinished message is dropped. */
  end(): void {
    if (this.#token === BEGIN && this.#pending.length > 0) this.#sink.log(this.#pending);
    this.#pending = Buffer.alloc(0);
    this.#message = Buffer.alloc(0);
    this.#token = BEGIN;
  }

  #toggle(): void {
    if (this.#token === END) this.#sink.message(this.#message);
    this.#message = Buffer.alloc(0);
    this.#token = this.#token === BEGIN ? END : BEGIN;
  }

  #take(data: Buffer): void {
    if (data.length === 0) return;
    if (this.#token === BEGIN) this.#sink.log(data);
    else
      this.#message = Buffer.from(Buffer.concat([this.#message, data]).subarray(-this.#maxBytes));
  }
}

/** How many bytes at the end of `data` may be the start of the token. */
function startOfToken(data: Buffer, token: Buffer): number {
  for (let n = Math.min(token.length - 1, data.length); n > 0; n--) {
    if (data.subarray(data.length - n).equals(token.subarray(0, n))) return n;
  }
  return 0;
}
