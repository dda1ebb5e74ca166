import type { EventRecord } from "../events/json.ts";
import { type EventType, lineageOf } from "../events/types.ts";
import { namespec } from "../process/order.ts";

/** One of the types of `on=`, and which of its events. */
export interface Wanted {
  type: string;
  /** Only ends as this says. */
  only: "expected" | "unexpected" | undefined;
}

/** Whether a hook wants an event of a type that it has asked for. */
export function isWanted(event: EventRecord, wanted: readonly Wanted[]): boolean {
  const lineage = lineageOf(event.type as EventType);
  return wanted.some(
    ({ type, only }) =>
      lineage.includes(type) && (only === undefined || event.expected === (only === "expected")),
  );
}

/** How a process may be named in `programs=`. What is of no process has its group's name, or none. */
export function namesOf({ process, group }: EventRecord): string[] {
  if (process === undefined) return group === undefined ? [] : [group];
  const named = { group: group ?? process, name: process };
  return [namespec(named), `${named.group}:${named.name}`, process, named.group];
}

/** What is the same again, for `quiet=`. */
const keyOf = ({ type, group = "", process = "", logfile = "" }: EventRecord): string =>
  JSON.stringify([type, group, process, logfile]);

interface Heard {
  atMs: number;
  silenced: number;
}

/** More than there are processes; then those go that were heard the longest ago. */
const MOST_REMEMBERED = 40_000;

/** Lets through what was not heard for a while, with how often it was not let through since. */
export class Quiet {
  readonly #forMs: number;
  readonly #heard = new Map<string, Heard>();

  /** @param forMs 0: everything gets through */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  /** @returns how many like it were silenced before; undefined: this one is, too */
  pass(event: EventRecord, nowMs: number): number | undefined {
    if (this.#forMs === 0) return 0;
    const key = keyOf(event);
    const before = this.#heard.get(key);
    if (before && nowMs - before.atMs < this.#forMs) {
      before.silenced++;
      return undefined;
    }
    this.#heard.delete(key);
    this.#heard.set(key, { atMs: nowMs, silenced: 0 });
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > MOST_REMEMBERED && oldest !== undefined) this.#heard.delete(oldest);
    return before?.silenced ?? 0;
  }
}
