import type { Bus } from "../events/bus.ts";
import { eventLine } from "../events/json.ts";
import type { EventQuery } from "../events/query.ts";
import type { Recent } from "../events/recent.ts";
import { isKept } from "../events/types.ts";
import type { Clock } from "../os/clock.ts";
import { Bell } from "./bell.ts";
import type { Journal } from "./journal.ts";

/** Where events are. */
export interface EventPlaces {
  events: Bus;
  recent: Recent;
  /** undefined: there is none. */
  journal: Journal | undefined;
  clock: Clock;
}

/** Given at once. */
const AT_ONCE = 65_536;
/** Of events that are not kept anywhere, so much waits for a slow reader. */
const MOST_WAITING = 262_144;

interface Passing {
  /** It was told before the event with this number. */
  before: number;
  line: Buffer;
}

/**
 * Reads events on and on, as fast as whoever asks: a slow one has a number, and nothing in memory.
 * What is not remembered any more comes from the journal, and what is not there either is told.
 */
export class EventReading {
  readonly #places: EventPlaces;
  readonly #query: EventQuery;
  readonly #bell = new Bell<true>();
  readonly #passing: Passing[] = [];
  #passingBytes = 0;
  #missed = 0;
  /** Of the event that comes next. */
  #number: number;
  /** Of the first that is not wanted any more. */
  readonly #end: number;
  readonly #stop: (() => void)[] = [];

  constructor(places: EventPlaces, query: EventQuery) {
    const { events, recent } = places;
    this.#places = places;
    this.#query = query;
    this.#number = query.after === undefined ? recent.next : query.after + 1;
    this.#end = query.follow ? Infinity : recent.next;
    if (!query.follow) return;
    const passing = [...query.types].filter((type) => !isKept(type));
    this.#stop.push(recent.onAdd(() => this.#bell.ring(true)));
    if (passing.length > 0) {
      this.#stop.push(events.observe(passing, (type, data) => this.#pass(type, data)));
    }
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.#bell.close();
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    const { recent } = this.#places;
    // Whoever has seen more than there was has it from another daemon, or of another journal.
    if (this.#number > recent.next) yield* this.#gap(recent.next);
    for (;;) {
      const lines = this.#ready();
      if (lines.length > 0) yield Buffer.concat(lines);
      else if (this.#number >= this.#end) return;
      else if (this.#number < recent.first) yield* this.#catchUp();
      else if ((await this.#bell.next()).length === 0) return;
    }
  }

  /** What is in memory. */
  #ready(): Buffer[] {
    const { recent } = this.#places;
    const lines: Buffer[] = [];
    for (let bytes = 0; bytes < AT_ONCE; ) {
      const line = this.#nextPassing() ?? this.#nextKept();
      if (line === undefined) break;
      if (line.length > 0) lines.push(line);
      bytes += line.length;
    }
    if (this.#missed > 0 && this.#passing.length === 0 && this.#number >= recent.next) {
      lines.push(this.#tellMissed());
    }
    return lines;
  }

  #nextPassing(): Buffer | undefined {
    const [first] = this.#passing;
    if (!first || first.before > this.#number) return undefined;
    this.#passing.shift();
    this.#passingBytes -= first.line.length;
    return first.line;
  }

  /** Empty for one that is not wanted. */
  #nextKept(): Buffer | undefined {
    const kept = this.#number < this.#end ? this.#places.recent.get(this.#number) : undefined;
    if (!kept) return undefined;
    this.#number++;
    return this.#query.types.has(kept.type) ? kept.line() : NOTHING;
  }

  #pass(...[type, data]: Parameters<Parameters<Bus["observe"]>[1]>): void {
    const line = eventLine(undefined, this.#places.clock.wallMs(), type, data);
    if (this.#passingBytes + line.length > MOST_WAITING) this.#missed++;
    else {
      if (this.#missed > 0) this.#wait(this.#tellMissed());
      this.#wait(line);
    }
    this.#bell.ring(true);
  }

  #wait(line: Buffer): void {
    this.#passing.push({ before: this.#places.recent.next, line });
    this.#passingBytes += line.length;
  }

  #tellMissed(): Buffer {
    const events = this.#missed;
    this.#missed = 0;
    return eventLine(undefined, this.#places.clock.wallMs(), "MISSED", { events });
  }

  /** What is not in memory any more, as far as there is a journal of it. */
  async *#catchUp(): AsyncGenerator<Buffer, void> {
    const { journal, recent } = this.#places;
    for await (const lines of journal?.from(this.#number) ?? []) {
      const wanted: Buffer[] = [];
      for (const { number, type, line } of lines) {
        // Told twice: a journal of another daemon, or one that somebody has written to.
        if (number < this.#number || number >= this.#end) continue;
        if (number > this.#number) wanted.push(...this.#gap(number));
        this.#number = number + 1;
        if ((this.#query.types as ReadonlySet<string>).has(type)) wanted.push(line);
      }
      if (wanted.length > 0) yield Buffer.concat(wanted);
      // From here on it is in memory.
      if (this.#number >= recent.first) return;
    }
    if (this.#number < recent.first) yield* this.#gap(recent.first);
  }

  /** Says that the events up to a number are not to be had, and goes on with that one. */
  #gap(before: number): Buffer[] {
    const after = this.#number - 1;
    this.#number = before;
    // Who begins with 0 wants what there is.
    if (after === 0) return [];
    return [eventLine(undefined, this.#places.clock.wallMs(), "GAP", { after, before })];
  }
}

const NOTHING = Buffer.alloc(0);
