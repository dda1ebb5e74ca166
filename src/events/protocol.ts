import { isUtf8 } from "node:buffer";
import { bytesRepr } from "../config/pyrepr.ts";

/** supervisord's states of an event listener. */
export type ListenerState = "ACKNOWLEDGED" | "READY" | "BUSY" | "UNKNOWN";

/** What a listener has said. */
export interface Heard {
  /** The state has changed. */
  changed(from: ListenerState, to: ListenerState): void;
  /** It has answered the event that it has. */
  result(verdict: "processed" | "rejected"): void;
  /** The line that should have told the length of a result does not; the event is not done. */
  badResultLine(line: string): void;
}

const READY = Buffer.from("READY\n");
const OK = Buffer.from("OK");
/** As long as `RESULT `, which supervisord does not compare either. */
const RESULT_LENGTH = 7;
/** Most bytes of a result, and of the line before it: nothing that judges an event needs more. */
const MOST_BYTES = 1_048_576;
/** Most bytes of such a line that are told, where it is too long. */
const MOST_SHOWN = 100;
const NEWLINE = 10;

/** What a listener says on its stdout, in whatever chunks it comes. */
export class ListenerProtocol {
  readonly #heard: Heard;
  #state: ListenerState = "ACKNOWLEDGED";
  #held: Buffer = Buffer.alloc(0);
  #resultLength: number | undefined;

  constructor(heard: Heard) {
    this.#heard = heard;
  }

  get state(): ListenerState {
    return this.#state;
  }

  /** A new process, which has not said anything. */
  reset(): void {
    this.#state = "ACKNOWLEDGED";
    this.#forget();
  }

  /** It has been sent an event. */
  sent(): void {
    this.#become("BUSY");
  }

  /** @param chunk is not kept */
  push(chunk: Buffer): void {
    if (this.#state === "UNKNOWN") return;
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length > 0 && this.#take());
  }

  /** @returns false when what is held is not enough */
  #take(): boolean {
    if (this.#state === "BUSY") {
      return this.#resultLength === undefined ? this.#takeLine() : this.#takeResult();
    }
    if (this.#state === "ACKNOWLEDGED") {
      if (this.#held.length < READY.length) return false;
      if (this.#held.subarray(0, READY.length).equals(READY)) {
        this.#held = this.#held.subarray(READY.length);
        this.#become("READY");
        return true;
      }
    }
    this.#fail();
    return false;
  }

  #takeLine(): boolean {
    const end = this.#held.indexOf(NEWLINE);
    const isTooLong = (end < 0 ? this.#held.length : end) > MOST_BYTES;
    if (end < 0 && !isTooLong) return false;
    const line = this.#held.subarray(0, isTooLong ? MOST_SHOWN : end);
    const text = line.subarray(RESULT_LENGTH).toString("latin1");
    const length = isTooLong ? undefined : lengthIn(text);
    if (length === undefined) {
      const shown = isUtf8(line) ? line.toString() : `Undecodable: ${bytesRepr(line)}`;
      this.#fail(() => this.#heard.badResultLine(shown));
      return false;
    }
    this.#resultLength = length;
    this.#held = this.#held.subarray(end + 1);
    return true;
  }

  #takeResult(): boolean {
    const length = this.#resultLength ?? 0;
    if (this.#held.length < length) return false;
    const isOk = this.#held.subarray(0, length).equals(OK);
    this.#held = this.#held.subarray(length);
    this.#resultLength = undefined;
    this.#heard.result(isOk ? "processed" : "rejected");
    this.#become("ACKNOWLEDGED");
    return true;
  }

  /** It does not keep to the protocol, and is heard no more. */
  #fail(tell?: () => void): void {
    this.#forget();
    tell?.();
    this.#become("UNKNOWN");
  }

  #forget(): void {
    this.#held = Buffer.alloc(0);
    this.#resultLength = undefined;
  }

  #become(state: ListenerState): void {
    const from = this.#state;
    this.#state = state;
    this.#heard.changed(from, state);
  }
}

/**
 * A whole number as Python's `int` reads it; a negative one, for which supervisord waits for ever, is
 * none.
 */
function lengthIn(text: string): number | undefined {
  if (!/^\s*\+?\d+(?:_\d+)*\s*$/.test(text)) return undefined;
  const length = Number(text.replaceAll("_", ""));
  return length <= MOST_BYTES ? length : undefined;
}
