import fc from "fast-check";
import { expect, test } from "vitest";
import type { EventRecord } from "../../src/events/json.ts";
import { Queue } from "../../src/hooks/batching.ts";
import { judge } from "../../src/hooks/retrying.ts";
import { isWanted, namesOf, Quiet } from "../../src/hooks/selection.ts";
import { fill, placeOf } from "../../src/hooks/template.ts";

const event = (more: Partial<EventRecord> = {}): EventRecord => ({
  ...{ number: 7, time: "2026-11-26T12:00:00.000Z", type: "PROCESS_STATE_EXITED" },
  ...{ process: "mail_0", group: "mail", from: "RUNNING", pid: 71, expected: false },
  ...more,
});

test.each<[string, string, boolean]>([
  ["its type", "PROCESS_STATE_EXITED", true],
  ["what it is below", "PROCESS_STATE", true],
  ["all", "EVENT", true],
  ["another", "PROCESS_STATE_FATAL", false],
  ["drover's own", "LOG", false],
])("an event is wanted by who asks for %s: %s %s", (_, type, wanted) => {
  expect(isWanted(event(), [{ type, only: undefined }])).toBe(wanted);
});

test("ends may be wanted as far as they were expected", () => {
  const type = "PROCESS_STATE_EXITED";
  expect(isWanted(event(), [{ type, only: "unexpected" }])).toBe(true);
  expect(isWanted(event(), [{ type, only: "expected" }])).toBe(false);
  expect(isWanted(event({ expected: true }), [{ type, only: "expected" }])).toBe(true);
});

test("a process is known by all its names, what is of a group by that, and other things by none", () => {
  expect(namesOf(event())).toEqual(["mail:mail_0", "mail:mail_0", "mail_0", "mail"]);
  expect(namesOf({ time: "", type: "PROCESS_GROUP_ADDED", group: "g" })).toEqual(["g"]);
  expect(namesOf({ time: "", type: "TICK_5" })).toEqual([]);
});

test("what is the same again is silenced for a while, and counted", () => {
  const quiet = new Quiet(1_000);
  expect(quiet.pass(event(), 0)).toBe(0);
  expect(quiet.pass(event({ number: 8, pid: 72 }), 999)).toBeUndefined();
  expect(quiet.pass(event({ process: "mail_1" }), 999)).toBe(0);
  expect(quiet.pass(event({ type: "PROCESS_STATE_FATAL" }), 999)).toBe(0);
  expect(quiet.pass(event(), 1_000)).toBe(1);
  expect(quiet.pass(event(), 1_500)).toBeUndefined();
  expect(quiet.pass(event(), 5_000)).toBe(1);
  expect(quiet.pass(event(), 9_000)).toBe(0);
});

test("every event is told or counted, whatever comes when", () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 900 })));
  fc.assert(
    fc.property(steps, (all) => {
      const quiet = new Quiet(1_000);
      let now = 0;
      let told = 0;
      for (const [which, passes] of all) {
        now += passes;
        const silenced = quiet.pass(event({ process: `p${which}` }), now);
        if (silenced !== undefined) told += 1 + silenced;
      }
      // The last of each may wait to be told with the next.
      for (const which of [0, 1, 2]) {
        const silenced = quiet.pass(event({ process: `p${which}` }), now + 1_000) ?? Number.NaN;
        told += silenced;
      }
      expect(told).toBe(all.length);
    }),
  );
});

test("the oldest goes where too many wait", () => {
  const queue = new Queue<number>(2);
  expect([queue.add([1]), queue.add([2, 3]), queue.add([4])]).toEqual([[], [], [1]]);
  expect([queue.take(), queue.take(), queue.take()]).toEqual([[2, 3], [4], undefined]);
});

const answer = (status: number, retryAfter?: string) => ({ status, retryAfter, nowMs: 0 });

test.each([
  [answer(200), { is: "done" }],
  [answer(204), { is: "done" }],
  [answer(301), { is: "hopeless" }],
  [answer(404), { is: "hopeless", why: "status 404" }],
  [answer(500), { is: "failed", why: "status 500", waitMs: 1_000 }],
  [answer(503, "7"), { is: "failed", waitMs: 7_000 }],
  [answer(429, "999999"), { is: "failed", waitMs: 300_000 }],
  [answer(429, "Thu, 01 Jan 1970 00:00:09 GMT"), { is: "failed", waitMs: 9_000 }],
  [answer(429, "soon"), { is: "failed", waitMs: 1_000 }],
  [answer(408), { is: "failed" }],
  [{ error: "ECONNREFUSED" }, { is: "failed", why: "ECONNREFUSED" }],
])("%o is %o", (tried, judgement) => {
  expect(judge(tried, 0, 0.5)).toMatchObject(judgement);
});

test("tries come further and further apart, up to a minute and a half", () => {
  const waits = [0, 1, 2, 3, 10, 99].map((tries) => judge({ error: "x" }, tries, 0.5));
  expect(waits.map((each) => "waitMs" in each && each.waitMs)).toEqual([
    ...[1_000, 2_000, 4_000, 8_000, 60_000, 60_000],
  ]);
  expect(judge({ error: "x" }, 99, 1)).toMatchObject({ waitMs: 90_000 });
});

test("run= names what has happened, and what is filled in is not filled in again", () => {
  const words = ["page", `${placeOf("process")}/${placeOf("event")}`, placeOf("cause")];
  const cause = `${placeOf("pid")} %(pid)s`;
  expect(fill(words, [event({ error: cause }), event()])).toEqual([
    ...["page", "mail:mail_0/PROCESS_STATE_EXITED", cause],
  ]);
  expect(fill([placeOf("count"), placeOf("logfile"), placeOf("nosuch")], [event()])).toEqual([
    ...["1", "", placeOf("nosuch")],
  ]);
});
