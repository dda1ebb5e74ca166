import { expect, test } from "vitest";
import type { Event, Policy, State } from "../../src/process/chart.ts";
import { narrate } from "../../src/process/narrate.ts";

const policy: Policy = {
  startsecs: 3,
  startretries: 3,
  autorestart: "unexpected",
  exitcodes: [0, 2],
  stopsignal: "SIGTERM",
  stopwaitsecs: 10,
  stopasgroup: false,
  killasgroup: false,
};
const stopped: State = { name: "STOPPED", retries: 0 };
const launching: State = { name: "STARTING", retries: 0, spawned: false };
const starting: State = { name: "STARTING", retries: 0, spawned: true };
const running: State = { name: "RUNNING" };
const backoff: State = { name: "BACKOFF", retries: 1 };
const stopping: State = { name: "STOPPING", retries: 0 };
const exited: State = { name: "EXITED", expected: true, restarting: false };
const fatal: State = { name: "FATAL" };
const unknown: State = { name: "UNKNOWN" };
const success =
  "info success: web entered RUNNING state, process has stayed up for > than 3 seconds (startsecs)";

const end = (exit: { code: number } | { signal: NodeJS.Signals }): Event => ({
  type: "exited",
  exit,
  uptimeMs: 5_000,
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
  [stopping, { type: "timeout" }, stopping, ["warn killing 'web' (42) with SIGKILL"]],
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
  [backoff, { type: "close" }, fatal, []],
  [
    stopping,
    { type: "signalFailed", error: "EPERM" },
    unknown,
    ["critical unknown problem killing web (42):EPERM"],
  ],
])("%j, %j -> %j: the log says so in supervisord's words", (from, event, to, lines) => {
  expect(tell(from, event, to)).toEqual(lines);
});

test("a stop of the whole group says so", () => {
  expect(
    tell(running, { type: "stop" }, stopping, { stopasgroup: true, stopsignal: "SIGINT" }),
  ).toEqual(["debug killing web (pid 42) process group with signal SIGINT"]);
});
