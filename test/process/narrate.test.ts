import { describe, expect, test } from "vitest";
import type { Exit } from "../../src/process/exit.ts";
import { narrate } from "../../src/process/narrate.ts";
import type { Policy } from "../../src/process/policy.ts";
import type { Event, Exited, State } from "../../src/process/step.ts";
import { plainPolicy } from "../support/policy.ts";

const policy: Policy = { ...plainPolicy, startsecs: 3, exitcodes: [0, 2] };
const stopped: State = { name: "STOPPED", retries: 0 };
const launching: State = { name: "STARTING", retries: 0, spawned: false };
const starting: State = { name: "STARTING", retries: 0, spawned: true };
const running: State = { name: "RUNNING", retries: 0 };
const backoff: State = { name: "BACKOFF", retries: 1 };
const stopping: State = { name: "STOPPING", retries: 0, act: 0, after: "rest" };
const killing: State = { name: "STOPPING", retries: 0, act: 1, after: "rest" };
const next: State = { name: "STOPPING", retries: 0, act: 2, after: "rest" };
const exited: State = { name: "EXITED", retries: 0, expected: true, restarting: false };
const fatal: State = { name: "FATAL", because: "startretries" };
const unknown: State = { name: "UNKNOWN" };
const success =
  "info success: web entered RUNNING state, process has stayed up for > than 3 seconds (startsecs)";

const end = (exit: Exit, leftovers = 0): Exited => ({
  type: "exited",
  exit,
  uptimeMs: 5_000,
  leftovers,
});
const tell = (from: State, event: Event, to: State, own: Partial<Policy> = {}): string[] =>
  narrate({ name: "web", pid: 42, from, event, to, policy: { ...policy, ...own } }).map(
    ({ level, text }) => `${level} ${text}`,
  );

test.each<[State, Event, State, string[]]>([
  [stopped, { type: "start" }, launching, []],
  [launching, { type: "spawned" }, starting, ["info spawned: 'web' with pid 42"]],
  [launching, { type: "spawned" }, running, ["info spawned: 'web' with pid 42", success]],
  [launching, { type: "spawnFailed", error: "no" }, backoff, ["info spawnerr: no"]],
  [launching, { type: "stop" }, stopped, []],
  [starting, { type: "timeout" }, running, [success]],
  [starting, end({ code: 0 }), backoff, ["warn exited: web (exit status 0; not expected)"]],
  [running, end({ code: 2 }), exited, ["info exited: web (exit status 2; expected)"]],
  [running, end({ code: 1 }), exited, ["warn exited: web (exit status 1; not expected)"]],
  [
    running,
    end({ signal: "SIGKILL" }),
    exited,
    ["warn exited: web (terminated by SIGKILL; not expected)"],
  ],
  [running, { type: "stop" }, stopping, ["debug killing web (pid 42) with signal SIGTERM"]],
  [
    stopping,
    { type: "timeout" },
    killing,
    ["warn killing 'web' (42) with SIGKILL", "debug killing web (pid 42) with signal SIGKILL"],
  ],
  [stopping, end({ code: 0 }), stopped, ["info stopped: web (exit status 0)"]],
  [stopping, end({ signal: "SIGTERM" }), stopped, ["warn stopped: web (terminated by SIGTERM)"]],
  [
    backoff,
    { type: "timeout" },
    fatal,
    ["info gave up: web entered FATAL state, too many start retries too quickly"],
  ],
  [backoff, { type: "timeout" }, launching, []],
  [backoff, { type: "stop" }, stopped, ["debug Attempted to kill web, which is in BACKOFF state."]],
  [backoff, { type: "stop" }, fatal, []],
  [
    stopping,
    { type: "signalFailed", error: "EPERM" },
    unknown,
    ["critical unknown problem killing web (42):EPERM"],
  ],
])("%j, %j -> %j: the log says so in supervisord's words", (from, event, to, lines) => {
  expect(tell(from, event, to)).toEqual(lines);
});

const byCommand: Partial<Policy> = { stopcommand: "ctl stop", stopwaitsecs: 90 };
const bySequence: Partial<Policy> = {
  stopsequence: [
    { signal: "SIGTERM", waitMs: 90_000 },
    { signal: "SIGINT", waitMs: 1_500 },
  ],
};

test.each<[string, Partial<Policy>, string]>([
  [
    "the process group",
    { stopasgroup: true, stopsignal: "SIGINT" },
    "debug killing web (pid 42) process group with signal SIGINT",
  ],
  [
    "the tree",
    { stopasgroup: true, stoptree: true },
    "debug killing web (pid 42) process tree with signal SIGTERM",
  ],
  ["a command", byCommand, "debug stopping web (pid 42) with its stopcommand"],
  ["a sequence", bySequence, "debug killing web (pid 42) with signal SIGTERM"],
  ["SIGKILL alone", { stopsequence: [] }, "debug killing web (pid 42) with signal SIGKILL"],
  [
    "SIGKILL alone, to the group",
    { stopsequence: [], killasgroup: true },
    "debug killing web (pid 42) process group with signal SIGKILL",
  ],
])("a stop says how: %s", (_, own, line) => {
  expect(tell(running, { type: "stop" }, stopping, own)).toEqual([line]);
  expect(tell(running, { type: "recycle" }, { ...stopping, after: "start" }, own)).toEqual([line]);
  expect(tell({ ...stopping, after: "start" }, { type: "stop" }, stopping, own)).toEqual([]);
});

test.each<[string, State, State, Partial<Policy>, string]>([
  [
    "the next signal",
    stopping,
    killing,
    bySequence,
    "warn 'web' (42) has not ended 90s after SIGTERM, sending SIGINT",
  ],
  ["SIGKILL", killing, next, bySequence, "warn killing 'web' (42) with SIGKILL"],
  [
    "a signal after the command",
    stopping,
    killing,
    { ...byCommand, ...bySequence },
    "warn 'web' (42) has not ended 90s after its stopcommand, sending SIGTERM",
  ],
  [
    "SIGINT after SIGTERM after the command",
    killing,
    next,
    { ...byCommand, ...bySequence },
    "warn 'web' (42) has not ended 90s after SIGTERM, sending SIGINT",
  ],
  [
    "SIGKILL after the command",
    stopping,
    killing,
    byCommand,
    "warn killing 'web' (42) with SIGKILL",
  ],
  ["SIGKILL again", killing, next, {}, "warn killing 'web' (42) with SIGKILL"],
])("a stop that takes too long says what comes next: %s", (_, from, to, own, line) => {
  expect(tell(from, { type: "timeout" }, to, own)[0]).toBe(line);
});

test("a SIGKILL to the group says so", () => {
  expect(tell(stopping, { type: "timeout" }, killing, { killasgroup: true })).toEqual([
    "warn killing 'web' (42) with SIGKILL",
    "debug killing web (pid 42) process group with signal SIGKILL",
  ]);
});

test("a stop command that fails says why", () => {
  const failure: Event = { type: "commandFailed", error: "exit status 69" };
  expect(tell(stopping, failure, stopping, byCommand)).toEqual([
    "warn stopcommand of web (pid 42) failed: exit status 69",
  ]);
});

test.each<[Partial<Policy>, string]>([
  [{}, "SIGTERM"],
  [{ stopsignal: "SIGQUIT" }, "SIGQUIT"],
  [byCommand, "its stopcommand"],
  [{ stopsequence: [{ signal: "SIGINT", waitMs: 1 }] }, "SIGINT"],
  [{ stopsequence: [] }, "SIGKILL"],
])("a child of an earlier daemon is told of, with how it is stopped: %j", (own, how) => {
  expect(tell(stopped, { type: "found", after: "rest" }, stopping, own)).toEqual([
    `warn stopping 'web' (pid 42) with ${how}, left by a daemon that was killed`,
  ]);
});

describe("what a child leaves of its tree", () => {
  const swept = (after: "rest" | "start" | "exit" | "failedStart", exit: Exit = { code: 1 }) => ({
    ...stopping,
    after,
    ended: end(exit, 2),
  });

  test.each<[number, string]>([
    [1, "1 process"],
    [2, "2 processes"],
  ])("%i: it is told once that it is waited for", (leftovers, many) => {
    const line = `warn 'web' (42) has ended (exit status 1), waiting for ${many} of its tree`;
    for (const from of [running, starting, stopping, unknown]) {
      expect(tell(from, end({ code: 1 }, leftovers), swept("exit"))).toEqual([line]);
    }
  });

  test.each<[State, State, string]>([
    [swept("rest"), stopped, "warn stopped: web (exit status 1)"],
    [swept("rest", { code: 0 }), stopped, "info stopped: web (exit status 0)"],
    [
      swept("start", { signal: "SIGTERM" }),
      { ...stopped, again: true },
      "warn stopped: web (terminated by SIGTERM)",
    ],
    [swept("exit"), exited, "warn exited: web (exit status 1; not expected)"],
    [swept("exit", { code: 2 }), exited, "info exited: web (exit status 2; expected)"],
    [swept("failedStart", { code: 0 }), backoff, "warn exited: web (exit status 0; not expected)"],
    [
      swept("failedStart"),
      { ...fatal, because: "shutdown" },
      "warn exited: web (exit status 1; not expected)",
    ],
  ])("%j -> %j: once it is gone, the end is told as ever", (from, to, line) => {
    expect(tell(from, { type: "cleared" }, to)).toEqual([line]);
  });
});

test("giving up tells of the limit that was passed", () => {
  const own: Partial<Policy> = { restart_limit: { count: 5, windowMs: 600_000 } };
  const limited: State = { name: "FATAL", because: "restart_limit" };
  const line = "info gave up: web entered FATAL state, more than 5 restarts in 10m (restart_limit)";
  for (const from of [exited, backoff]) {
    expect(tell(from, { type: "timeout" }, limited, own)).toEqual([line]);
    expect(tell(from, { type: "timeout" }, fatal, own)).toEqual([
      "info gave up: web entered FATAL state, too many start retries too quickly",
    ]);
  }
});

test.each<[string, State, Event, State]>([
  ["its lifetime is over", running, { type: "timeout" }, running],
  ["it comes back after a recycle", { ...stopped, again: true }, { type: "timeout" }, launching],
  ["it restarts", { ...exited, restarting: true }, { type: "timeout" }, launching],
  ["it is to stop before it is back", { ...stopped, again: true }, { type: "stop" }, stopped],
])("nothing is said when %s", (_, from, event, to) => {
  expect(tell(from, event, to)).toEqual([]);
});

test("with a core dump, and with an end that nobody knows", () => {
  expect(tell(running, end({ signal: "SIGSEGV", coreDumped: true }), exited)).toEqual([
    "warn exited: web (terminated by SIGSEGV (core dumped); not expected)",
  ]);
  expect(tell(stopping, end({ unknown: true }), stopped)).toEqual([
    "warn stopped: web (exit status unknown)",
  ]);
});
