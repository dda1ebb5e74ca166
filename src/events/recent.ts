import { eventLine } from "./json.ts";
import type { EventType } from "./types.ts";

/** An event with its number, and its line when somebody wants it. */
export class Kept {
  readonly number: number;
  readonly type: EventType;
  readonly #timeMs: number;
  #data: object | undefined;
  #line: Buffer | undefined;

  constructor(number: number, timeMs: number, type: EventType, data: object) {
    this.number = number;
    this.#timeMs = timeMs;
    this.type = type;
    this.#data = data;
    // Bytes belong to whoever has read them, and are others soon.
    if ("data" in data) this.line();
  }

  line(): Buffer {
    if (!this.#line) {
      this.#line = eventLine(this.number, this.#timeMs, this.type, this.#data ?? {});
      this.#data = undefined;
    }
    return this.#line;
  }
}

/** So many events are remembered. */
const MOST = 1_000;

/** The latest events by their numbers, for those who follow them and those who come back. */
export class Recent {
  /** By number, modulo their number. */
  readonly #kept: Kept[] = [];
  readonly #followers = new Set<() => void>();
  #first: number;
  #next: number;

  /** @param next number of the first event */
  constructor(next: number) {
    this.#first = next;
    this.#next = next;
  }

  /** Number of the oldest event that is remembered; that of the next one when there is none. */
  get first(): number {
    return this.#first;
  }

  /** Number that the next event gets. */
  get next(): number {
    return this.#next;
  }

  /** The next event gets this number, unless that would give one out twice. */
  goOnWith(next: number): void {
    const isUnused = this.#first === this.#next;
    if (next <= this.#next && !isUnused) return;
    this.#kept.length = 0;
    this.#first = next;
    this.#next = next;
  }

  /** @param timeMs since the Epoch */
  add(timeMs: number, type: EventType, data: object): Kept {
    const number = this.#next++;
    const kept = new Kept(number, timeMs, type, data);
    this.#kept[number % MOST] = kept;
    this.#first = Math.max(this.#first, this.#next - MOST);
    for (const follower of this.#followers) follower();
    return kept;
  }

  /** undefined: it is not remembered. */
  get(number: number): Kept | undefined {
    return number >= this.#first && number < this.#next ? this.#kept[number % MOST] : undefined;
  }

  /** Calls `follower` after every event. @returns the way to stop it */
  onAdd(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
