import { expect, test } from "vitest";
import { formatEvent } from "../../src/ctl/events.ts";
import { matching } from "../../src/ctl/patterns.ts";
import { Waiting } from "../../src/ctl/wait.ts";
import type { EventRecord } from "../../src/events/json.ts";

const time = new Date("2026-11-26T01:02:03.004").toISOString();
const of = (event: Partial<EventRecord>) => formatEvent({ time, type: "LOG_SLOW", ...event });

test.each<[Partial<EventRecord>, string]>([
  [
    { type: "PROCESS_STATE_RUNNING", process: "web_0", group: "web", pid: 7 },
    "web:web_0 RUNNING pid 7",
  ],
  [
    { type: "PROCESS_STATE_STOPPING", process: "a", group: "a", pid: 7, reason: "a request" },
    "a STOPPING pid 7 by a request",
  ],
  [{ type: "PROCESS_GROUP_ADDED", group: "g" }, "g PROCESS_GROUP_ADDED"],
  [{ type: "LOG_FAILING", logfile: "/l", errno: "ENOSPC", waits: false }, "LOG_FAILING /l ENOSPC"],
  [{ type: "LOG_SLOW", logfile: "/l", took_ms: 120 }, "LOG_SLOW /l 120 ms"],
  [{ type: "GAP", after: 3, before: 9 }, "GAP events 3 to 9 are not there any more"],
  [{ type: "MISSED", events: 4 }, "MISSED 4 events came faster than they were read"],
  // A worker's text must not move the cursor of whoever reads it.
  [
    { type: "REMOTE_COMMUNICATION", subject: "s", data: "a\u001b[2Jb\n" },
    'REMOTE_COMMUNICATION s "a\\u001b[2Jb\\n"',
  ],
])("%o is shown as a line", (event, expected) => {
  expect(of(event)).toBe(`2026-11-26 01:02:03,004 ${expected}`);
});

const all = [
  { group: "web", name: "web" },
  { group: "mail", name: "mail_0" },
  { group: "mail", name: "mail_10" },
];

test.each<[string, string[]]>([
  ["mail:mail_?", ["mail:mail_0"]],
  ["*_1*", ["mail:mail_10"]],
  ["w*", ["web"]],
  ["web:w?b", ["web"]],
  ["[mw]*", ["web", "mail:mail_0", "mail:mail_10"]],
  ["nosuch*", []],
])("the pattern %s stands for %o", (pattern, expected) => {
  expect(matching(all, pattern)).toEqual(expected);
});

const change = (state: string, name: string): EventRecord => ({
  ...{ time, type: `PROCESS_STATE_${state}` as EventRecord["type"] },
  ...{ group: name, process: name },
});

test("who waits sees each come to its goal, or that one never will", () => {
  const processes = (["STARTING", "BACKOFF"] as const).map((statename, at) => ({
    ...{ group: `p${at}`, name: `p${at}` },
    statename,
  }));
  const waiting = new Waiting("running", processes);
  waiting.note(change("RUNNING", "other"));
  expect(waiting.left).toEqual(["p0", "p1"]);
  waiting.note(change("RUNNING", "p0"));
  expect([waiting.reached, waiting.left]).toEqual([["p0"], ["p1"]]);
  waiting.note(change("FATAL", "p1"));
  expect([waiting.reached, waiting.hopeless, waiting.left]).toEqual([["p0"], ["p1"], []]);
  waiting.note(change("BACKOFF", "p0"));
  expect(waiting.left).toEqual(["p0"]);
});

test("stopped is down for whatever reason; exited is by itself", () => {
  const exited = [{ group: "p", name: "p", statename: "EXITED" as const }];
  const fatal = [{ group: "p", name: "p", statename: "FATAL" as const }];
  expect(new Waiting("stopped", fatal).reached).toEqual(["p"]);
  expect(new Waiting("exited", exited).reached).toEqual(["p"]);
  expect(new Waiting("exited", fatal).hopeless).toEqual(["p"]);
});

test("wait --for quiet is told of each that has no job left, and of each that has ended, once", () => {
  const process = (name: string, more: object = {}) =>
    ({ name, group: name, statename: "RUNNING", ...more }) as const;
  const waiting = new Waiting("quiet", [
    process("quiet", { quiet: "quiet" }),
    process("asked", { quiet: "asked" }),
    process("other"),
    process("down", { statename: "STOPPED" }),
  ] as ConstructorParameters<typeof Waiting>[1]);
  expect(waiting.reached).toEqual(["quiet", "down"]);
  const told = (type: EventRecord["type"], name: string) =>
    waiting.note({ time: "", type, process: name, group: name });
  told("READINESS_READY", "other");
  expect(waiting.left).toEqual(["asked", "other"]);
  told("READINESS_QUIET", "asked");
  expect(waiting.left).toEqual(["other"]);
  // It is started again, and has other jobs then.
  told("PROCESS_STATE_EXITED", "other");
  told("PROCESS_STATE_STARTING", "other");
  expect(waiting.left).toEqual([]);
});
