import { expect, test } from "vitest";
import {
  type Described,
  describe as describeProcess,
  formatUptime,
} from "../../src/process/describe.ts";

const seconds = (date: Date): number => date.getTime() / 1_000;
/** Local time, as the description is. */
const stoppedAt = seconds(new Date(2026, 10, 22, 5, 15, 59));

const unstarted: Described = {
  name: "web",
  state: "STOPPED",
  pid: 0,
  start: 0,
  stop: 0,
  uptime: 0,
  spawnerr: "",
};

test.each<[string, Partial<Described>]>([
  ["pid 42, uptime 0:01:05", { state: "RUNNING", pid: 42, start: 1, uptime: 65 }],
  ["Not started", { state: "STOPPED" }],
  ["Nov 22 05:15 AM", { state: "STOPPED", start: 1, stop: stoppedAt }],
  ["Nov 22 05:15 AM", { state: "EXITED", start: 1, stop: stoppedAt, spawnerr: "Bad exit code 1" }],
  ["can't find command 'x'", { state: "BACKOFF", start: 1, spawnerr: "can't find command 'x'" }],
  ["can't find command 'x'", { state: "FATAL", start: 1, spawnerr: "can't find command 'x'" }],
  ["", { state: "STARTING", start: 1, pid: 42, uptime: 65 }],
  ["", { state: "STOPPING", start: 1, pid: 42, uptime: 65 }],
  ["", { state: "UNKNOWN", start: 1 }],
])("status says %j of %j", (expected, process) => {
  expect(describeProcess({ ...unstarted, ...process })).toBe(expected);
});

test("a failure without a reason points at the log of that very process", () => {
  expect(describeProcess({ ...unstarted, state: "FATAL", start: 1 })).toBe(
    'unknown error (try "tail web")',
  );
});

test.each<[string, Date]>([
  ["Jan 01 12:00 AM", new Date(2026, 0, 1, 0, 0)],
  ["Feb 09 09:05 AM", new Date(2026, 1, 9, 9, 5)],
  ["Jul 31 12:30 PM", new Date(2026, 6, 31, 12, 30)],
  ["Dec 31 11:59 PM", new Date(2026, 11, 31, 23, 59)],
])("the time of a stop reads %s", (expected, date) => {
  const process = { ...unstarted, start: 1, stop: seconds(date) };
  expect(describeProcess(process)).toBe(expected);
});

test.each<[number, string]>([
  [-5, "0:00:00"],
  [0, "0:00:00"],
  [36.9, "0:00:36"],
  [3_599, "0:59:59"],
  [36_000, "10:00:00"],
  [86_399, "23:59:59"],
  [86_400, "1 day, 0:00:00"],
  [12 * 86_400 + 86_399, "12 days, 23:59:59"],
])("%f seconds of uptime read %s", (uptime, expected) => {
  expect(formatUptime(uptime)).toBe(expected);
});
