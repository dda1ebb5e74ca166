import type { EventRecord } from "../events/json.ts";
import { namespec } from "../process/order.ts";

/** What `run=` may name of an event, and how it is told of a batch: the first, and how many there are. */
const fields = {
  event: ({ type }: EventRecord) => type,
  process: ({ process, group = "" }: EventRecord) =>
    process === undefined ? "" : namespec({ group, name: process }),
  group: ({ group = "" }: EventRecord) => group,
  pid: ({ pid }: EventRecord) => String(pid ?? ""),
  from_state: ({ from }: EventRecord) => from ?? "",
  number: ({ number }: EventRecord) => String(number ?? ""),
  time: ({ time }: EventRecord) => time,
  cause: ({ exit, error = "" }: EventRecord) => exit?.cause ?? error,
  logfile: ({ logfile = "" }: EventRecord) => logfile,
  count: (_: EventRecord, count: number) => String(count),
} as const;

/** The names that `run=` expands when there is an event, and not when it is read. */
export const eventNames = Object.keys(fields);

// Of Unicode's private characters: no command has them.
const [OPEN, CLOSE] = ["\u{f0000}", "\u{f0001}"];

/** What stands for a name until there is an event. */
export const placeOf = (name: string): string => `${OPEN}${name}${CLOSE}`;

const place = new RegExp(`${OPEN}(\\w+)${CLOSE}`, "gu");

/** A command as its words, with what is known of the events in their places. */
export function fill(words: readonly string[], events: readonly EventRecord[]): string[] {
  const [first] = events;
  if (!first) return [...words];
  return words.map((word) =>
    word.replace(place, (whole, name: string) =>
      Object.hasOwn(fields, name)
        ? fields[name as keyof typeof fields](first, events.length)
        : whole,
    ),
  );
}
