import { describe, expect, test } from "vitest";
import { formatSpan, formatWhy, type Why } from "../../src/ctl/whypage.ts";
import type { ExitRecord } from "../../src/process/record.ts";
import type { ProcessDetails } from "../../src/rpc/results.ts";

const NOW = Date.parse("2026-11-26T12:00:00") / 1_000;

const ended: ExitRecord = {
  ...{ time: NOW - 5, pid: 71, code: 3, signal: null, core_dumped: false, expected: false },
  ...{ uptime: 61, cpu_seconds: 0, peak_memory: null, oom_killed: false, cause: "exit status 3" },
  last_output: { stdout: ["working"], stderr: ["oops", "again"] },
};

const info: ProcessDetails = {
  ...{ name: "web_0", group: "web", start: NOW - 66, stop: NOW - 5, now: NOW, state: 30 },
  ...{ statename: "BACKOFF", spawnerr: "Exited too quickly", exitstatus: 0, pid: 0 },
  ...{ logfile: "", stdout_logfile: "", stderr_logfile: "", description: "Exited too quickly" },
  ...{ exits: [{ ...ended, time: NOW - 86_400 * 2 }, ended], restarts: 4, next_start: NOW + 90 },
  lost_bytes: { stdout: 10, stderr: 5 },
};

const why: Why = {
  info,
  config: [
    { option: "command", text: "web", file: "/etc/d.conf", line: 12, section: "program:web" },
    { option: "user", text: "www", file: "/etc/d.conf", line: 7, section: "program-default" },
    { option: "startsecs", text: "1", file: null, line: null, section: null },
    { option: "stdout_logfile", text: "AUTO", file: null, line: null, section: null },
  ],
  events: [
    {
      ...{ number: 1, time: new Date((NOW - 70) * 1_000).toISOString() },
      ...{ type: "PROCESS_STATE_STOPPING", process: "web_0", group: "web", from: "RUNNING" },
      reason: "a request",
    },
    {
      ...{ number: 2, time: new Date((NOW - 5) * 1_000).toISOString(), tries: 2 },
      ...{ type: "PROCESS_STATE_BACKOFF", process: "web_0", group: "web", from: "STARTING" },
    },
  ],
};

test("why tells the state, the ends, the last words, what has happened and what decides", () => {
  expect(formatWhy(why)).toEqual([
    "web:web_0 is BACKOFF",
    "  last failure: Exited too quickly",
    "  starts again: 12:01:30, in 1m 30s",
    "  restarts that nobody asked for: 4",
    "  output that found no room in its logs: 15 bytes",
    "",
    "ends, the latest first",
    "  11:59:55  exit status 3, not expected, after 1m 1s, pid 71",
    "  2026-11-24 12:00:00  exit status 3, not expected, after 1m 1s, pid 71",
    "",
    "last lines on stderr before the latest end",
    "  oops",
    "  again",
    "",
    "last lines on stdout before the latest end",
    "  working",
    "",
    "what has happened",
    "  11:58:50  RUNNING -> STOPPING by a request",
    "  11:59:55  STARTING -> BACKOFF, 2 failed in a row",
    "",
    "what decides",
    "  /etc/d.conf:7   user=www",
    "  /etc/d.conf:12  command=web",
    "  not set: startsecs=1",
  ]);
});

test("of a process that has never ended there is little to tell", () => {
  const description = "pid 7, uptime 0:00:10";
  const fresh: ProcessDetails = {
    ...{ ...info, statename: "RUNNING", description, spawnerr: "", exits: [], restarts: 0 },
    ...{ next_start: null, lost_bytes: { stdout: 0, stderr: 0 } },
  };
  expect(formatWhy({ info: fresh, config: [], events: [] })).toEqual([
    "web:web_0 is RUNNING: pid 7, uptime 0:00:10",
  ]);
});

describe("a span of time", () => {
  test.each([
    [0, "0s"],
    [-3, "0s"],
    [0.4, "0s"],
    [59.6, "1m"],
    [61, "1m 1s"],
    [3_600, "1h"],
    [3_661, "1h 1m"],
    [90_000, "1d 1h"],
  ])("of %d seconds is %s", (seconds, expected) => {
    expect(formatSpan(seconds)).toBe(expected);
  });
});
