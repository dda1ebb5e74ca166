import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepEvents } from "../../src/daemon/eventservice.ts";
import { EventReading } from "../../src/daemon/eventstream.ts";
import { Journal } from "../../src/daemon/journal.ts";
import { Sink } from "../../src/daemon/sink.ts";
import { Bus } from "../../src/events/bus.ts";
import type { EventRecord } from "../../src/events/json.ts";
import { readEventQuery } from "../../src/events/query.ts";
import { Recent } from "../../src/events/recent.ts";
import { systemClock } from "../../src/os/clock.ts";
import { temporaryFolder } from "../support/temporary.ts";

const never = () => {
  throw new Error("nothing was to go wrong");
};
const reports = {
  ...{ failing: never, recovered: never, trouble: never },
  ...{ abandoned: never, disputed: never },
};

interface Journaling {
  file?: string;
  maxBytes?: number;
  backups?: number;
}

/** Events with or without a journal. */
function eventsWith({ file, maxBytes = 0, backups = 0 }: Journaling = {}) {
  const events = new Bus();
  const recent = new Recent(1);
  let journal: Journal | undefined;
  if (file !== undefined) {
    const sink = new Sink({ path: file, maxBytes, backups }, reports);
    sink.acquire();
    onTestFinished(() => sink.release());
    journal = new Journal(sink);
    recent.goOnWith((journal.begin() ?? 0) + 1);
  }
  const places = { events, recent, journal, clock: systemClock };
  keepEvents(places);
  const tell = (group: number | string) =>
    events.emit("PROCESS_GROUP_ADDED", { group: `${group}` });
  const open = (query: string) => {
    const reading = new EventReading(places, readEventQuery(new URLSearchParams(query)));
    onTestFinished(() => reading.close());
    return { reading, chunks: reading.chunks() };
  };
  return { events, recent, tell, open };
}

const parse = (chunk: Buffer): EventRecord[] =>
  chunk
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventRecord);

/** What it gives until its end. */
async function all(chunks: AsyncIterable<Buffer>): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  for await (const chunk of chunks) events.push(...parse(chunk));
  return events;
}

const next = async (chunks: AsyncGenerator<Buffer, void>): Promise<EventRecord[]> => {
  const { value } = await chunks.next();
  return parse(value ?? Buffer.from("null"));
};

const numbers = (events: readonly EventRecord[]) =>
  events.map(({ number, type, after, before }) => number ?? `${type} ${after} ${before}`);
const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, n) => n + first);

test("a reader has what comes from now on, or from where it was", async () => {
  const { tell, open } = eventsWith();
  tell("before");
  const { chunks } = open("");
  const [later, back] = [open("types=PROCESS_STATE").chunks, open("after=0&follow=no").chunks];
  const waiting = next(chunks);
  tell("now");
  tell("at once");
  expect((await waiting).map(({ group }) => group)).toEqual(["now", "at once"]);
  // As it was asked for, and not what has come since.
  expect((await all(back)).map(({ group }) => group)).toEqual(["before"]);
  expect(numbers(await all(open("after=2&follow=no").chunks))).toEqual([3]);
  expect(numbers(await all(open("after=3&follow=no").chunks))).toEqual([]);
  await later.return();
});

test("what is not remembered any more is told of, and so is a number that was never there", async () => {
  const { tell, open } = eventsWith();
  for (let n = 0; n < 1_010; n++) tell(n);
  expect(numbers(await all(open("after=3&follow=no").chunks))).toEqual([
    "GAP 3 11",
    ...upTo(1_010, 11),
  ]);
  // 0 asks for what there is.
  expect(numbers(await all(open("after=0&follow=no").chunks))).toEqual(upTo(1_010, 11));
  expect(numbers(await all(open("after=5000&follow=no").chunks))).toEqual(["GAP 5000 1011"]);
});

test("a journal has what is not remembered, over rotations, and a slow reader misses nothing", async () => {
  const file = path.join(temporaryFolder(), "events.log");
  const first = eventsWith({ file, maxBytes: 50_000, backups: 20 });
  const { chunks } = first.open("after=0");
  for (let n = 1; n <= 3_000; n++) first.tell(n);
  expect(readdirSync(path.dirname(file)).length).toBeGreaterThan(3);
  const seen: EventRecord[] = [];
  // While older ones are read the files move on.
  for (let turn = 0; seen.length < first.recent.next - 1; turn++) {
    seen.push(...(await next(chunks)));
    for (let n = 0; turn < 5 && n < 300; n++) first.tell("meanwhile");
  }
  expect(seen).toHaveLength(4_500);
  expect(numbers(seen)).toEqual(upTo(seen.length));

  const second = eventsWith({ file, maxBytes: 50_000, backups: 20 });
  expect(second.recent.next).toBe(first.recent.next);
  second.tell("next life");
  const last = second.recent.next - 1;
  expect(numbers(await all(second.open("after=2900&follow=no").chunks))).toEqual(upTo(last, 2_901));
  expect(numbers(await all(second.open("types=TICK&after=7&follow=no").chunks))).toEqual([]);
});

test("what a journal has lost is told of, and a broken line spoils no other", async () => {
  const file = path.join(temporaryFolder(), "events.log");
  const first = eventsWith({ file });
  for (let n = 1; n <= 4; n++) first.tell(n);
  const lines = readFileSync(file, "utf8").split("\n");
  writeFileSync(file, `${lines[0]}\n[drover: 99 bytes lost: ENOSPC]\n${lines[3]}\n`);
  appendFileSync(file, '{"number":5,"time":"2026');
  const second = eventsWith({ file });
  expect(second.recent.next).toBe(5);
  second.tell("five");
  const seen = await all(second.open("after=0&follow=no").chunks);
  expect(numbers(seen)).toEqual([1, "GAP 1 4", 4, 5]);
  rmSync(file);
  expect(numbers(await all(second.open("after=1&follow=no").chunks))).toEqual(["GAP 1 5", 5]);
});

test("what is not kept comes in its order, and what was too much of it is counted", async () => {
  const { events, tell, open } = eventsWith();
  const tick = (when: number) => events.emit("TICK_5", { when });
  expect(events.isWanted("TICK_5")).toBe(false);
  const { reading, chunks } = open("types=TICK,PROCESS_GROUP");
  expect(events.isWanted("TICK_5")).toBe(true);
  const waiting = next(chunks);
  tick(5);
  tell("a");
  tick(10);
  expect((await waiting).map(({ type, when, group }) => when ?? group ?? type)).toEqual([
    5,
    "a",
    10,
  ]);
  for (let n = 0; n < 10_000; n++) tick(n);
  const seen: EventRecord[] = [];
  while (!seen.some(({ type }) => type === "MISSED")) seen.push(...(await next(chunks)));
  const missed = seen.at(-1)?.events ?? 0;
  expect(seen.slice(0, -1).map(({ when }) => when)).toEqual(upTo(10_000 - missed - 1, 0));
  expect(missed).toBeGreaterThan(0);
  reading.close();
  expect(events.isWanted("TICK_5")).toBe(false);
  expect((await chunks.next()).done).toBe(true);
});
