import { describe, expect, test } from "vitest";
import {
  type Effect,
  type Event,
  isAtRest,
  isStoppable,
  type Policy,
  type State,
  type Step,
  transition,
} from "../../src/process/chart.ts";

const policy: Policy = {
  startsecs: 1,
  startretries: 3,
  autorestart: "unexpected",
  exitcodes: [0],
  stopsignal: "SIGTERM",
  stopwaitsecs: 10,
  stopasgroup: false,
  killasgroup: false,
};
const stopped = (retries = 0): State => ({ name: "STOPPED", retries });
const launching = (retries = 0): State => ({ name: "STARTING", retries, spawned: false });
const starting = (retries = 0): State => ({ name: "STARTING", retries, spawned: true });
const running: State = { name: "RUNNING" };
const backoff = (retries: number): State => ({ name: "BACKOFF", retries });
const stopping = (retries = 0): State => ({ name: "STOPPING", retries });
const exited = (restarting: boolean, expected = false): State => ({
  name: "EXITED",
  expected,
  restarting,
});
const fatal: State = { name: "FATAL" };
const unknown: State = { name: "UNKNOWN" };

const ended = (code: number, uptimeMs = 500): Event => ({
  type: "exited",
  exit: { code },
  uptimeMs,
});
const killed: Event = { type: "exited", exit: { signal: "SIGKILL" }, uptimeMs: 500 };
const failed: Event = { type: "spawnFailed", error: "no" };
const refused: Event = { type: "signalFailed", error: "EPERM" };
const spawn: Effect[] = [{ type: "spawn" }];
const unspawn: Effect[] = [{ type: "unspawn" }];
const sends = (signal: NodeJS.Signals, group = false): Effect[] => [
  { type: "signal", signal, group },
];

type Given = Partial<Policy> & { closing?: boolean };
function step(state: State, event: Event, { closing = false, ...own }: Given = {}) {
  return transition(state, event, { policy: { ...policy, ...own }, closing });
}

describe("starting", () => {
  test.each<[string, State, Event, Given, Step]>([
    ["a start spawns", stopped(), { type: "start" }, {}, { next: launching(), effects: spawn }],
    [
      "a stop before did not forget failed starts",
      stopped(2),
      { type: "start" },
      {},
      { next: launching(2), effects: spawn },
    ],
    [
      "a start after FATAL counts anew",
      fatal,
      { type: "start" },
      {},
      { next: launching(), effects: spawn },
    ],
    [
      "a start after an exit",
      exited(false),
      { type: "start" },
      {},
      { next: launching(), effects: spawn },
    ],
    [
      "a child must stay up",
      launching(1),
      { type: "spawned" },
      { startsecs: 7 },
      { next: starting(1), wakeMs: 7_000 },
    ],
    [
      "startsecs=0 runs at once",
      launching(),
      { type: "spawned" },
      { startsecs: 0 },
      { next: running },
    ],
    ["it stayed up", starting(2), { type: "timeout" }, {}, { next: running }],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });

  test.each<[State]>([
    [launching()],
    [starting()],
    [running],
    [backoff(1)],
    [stopping()],
    [unknown],
  ])("%j takes no start", (state) => {
    expect(step(state, { type: "start" })).toBeUndefined();
  });
});

describe("failed starts", () => {
  test.each<[string, State, Event, Given, Step]>([
    ["the 1st waits 1 s", launching(0), failed, {}, { next: backoff(1), wakeMs: 1_000 }],
    ["the 3rd waits 3 s", launching(2), failed, {}, { next: backoff(3), wakeMs: 3_000 }],
    ["the last waits for nothing", launching(3), failed, {}, { next: backoff(4), wakeMs: 0 }],
    [
      "too quick an end, whatever the code",
      starting(),
      ended(0),
      {},
      { next: backoff(1), wakeMs: 1_000 },
    ],
    ["too quick an end by a signal", starting(1), killed, {}, { next: backoff(2), wakeMs: 2_000 }],
    [
      "startretries=0 is one attempt",
      starting(),
      ended(1),
      { startretries: 0 },
      { next: backoff(1), wakeMs: 0 },
    ],
    [
      "the wait is over",
      backoff(3),
      { type: "timeout" },
      {},
      { next: launching(3), effects: spawn },
    ],
    ["given up", backoff(4), { type: "timeout" }, {}, { next: fatal }],
    ["while the daemon goes down", starting(), ended(1), { closing: true }, { next: fatal }],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });

  test("startretries=3 means 4 attempts, 1, 2 and 3 seconds apart", () => {
    const waits: number[] = [];
    let state: State = launching();
    let attempts = 0;
    while (state.name !== "FATAL") {
      const next = step(state, state.name === "STARTING" ? failed : { type: "timeout" });
      if (!next) throw new Error(`nothing happens in ${state.name}`);
      if (state.name === "STARTING") attempts++;
      if (next.wakeMs) waits.push(next.wakeMs);
      state = next.next;
    }
    expect(attempts).toBe(4);
    expect(waits).toEqual([1_000, 2_000, 3_000]);
  });
});

describe("an end", () => {
  test.each<[string, Event, Given, Step]>([
    ["expected", ended(0), {}, { next: exited(false, true) }],
    [
      "expected, autorestart=true",
      ended(0),
      { autorestart: true },
      { next: exited(true, true), wakeMs: 0 },
    ],
    ["unexpected", ended(1), {}, { next: exited(true), wakeMs: 0 }],
    ["unexpected, autorestart=false", ended(1), { autorestart: false }, { next: exited(false) }],
    ["listed in exitcodes", ended(3), { exitcodes: [3] }, { next: exited(false, true) }],
    ["by a signal", killed, {}, { next: exited(true), wakeMs: 0 }],
    ["while the daemon goes down", ended(1), { closing: true }, { next: exited(false) }],
  ])("of a running child: %s", (_, event, given, expected) => {
    expect(step(running, event, given)).toEqual(expected);
  });

  test.each<[number, number]>([
    [0, 100],
    [60, 40],
    [100, 0],
    [3_600_000, 0],
  ])("after %i ms up, the restart waits %i ms: no faster than ten a second", (uptimeMs, wakeMs) => {
    expect(step(running, ended(1, uptimeMs))?.wakeMs).toBe(wakeMs);
  });

  test("the restart is a start without failures", () => {
    expect(step(exited(true), { type: "timeout" })).toEqual({ next: launching(), effects: spawn });
  });

  test("a child that was up for its startsecs has started, even if its end is told before its timer", () => {
    const next = step(starting(), ended(0, 1_000), { startsecs: 1 });
    expect(next?.next).toEqual(exited(false, true));
  });
});

describe("stopping", () => {
  test.each<[string, State, Given, Step]>([
    [
      "a running child",
      running,
      {},
      { next: stopping(), effects: sends("SIGTERM"), wakeMs: 10_000 },
    ],
    [
      "its own signal, group and time",
      running,
      { stopsignal: "SIGINT", stopasgroup: true, killasgroup: true, stopwaitsecs: 3 },
      { next: stopping(), effects: sends("SIGINT", true), wakeMs: 3_000 },
    ],
    [
      "a starting child",
      starting(2),
      {},
      { next: stopping(2), effects: sends("SIGTERM"), wakeMs: 10_000 },
    ],
    ["before the spawn", launching(2), {}, { next: stopped(2), effects: unspawn }],
    ["while it waits to try again", backoff(2), {}, { next: stopped(2) }],
    ["while it waits to restart", exited(true), {}, { next: stopped() }],
  ])("%s", (_, state, given, expected) => {
    expect(step(state, { type: "stop" }, given)).toEqual(expected);
  });

  test.each<[State]>([[stopped()], [stopping()], [exited(false)], [fatal], [unknown]])(
    "%j has nothing to stop",
    (state) => {
      expect(step(state, { type: "stop" })).toBeUndefined();
      expect(isStoppable(state)).toBe(false);
    },
  );

  test.each<[number, number]>([
    [10, 10_000],
    [1, 1_000],
    [0, 1_000],
  ])(
    "with stopwaitsecs=%i, SIGKILL is repeated every %i ms until the child is gone",
    (stopwaitsecs, wakeMs) => {
      const killing = step(stopping(2), { type: "timeout" }, { stopwaitsecs });
      expect(killing).toEqual({ next: stopping(2), effects: sends("SIGKILL"), wakeMs });
    },
  );

  test("stopwaitsecs=0 asks for SIGKILL at once", () => {
    expect(step(running, { type: "stop" }, { stopwaitsecs: 0 })?.wakeMs).toBe(0);
  });

  test("SIGKILL goes to the group when killasgroup says so, whatever stopasgroup says", () => {
    const killing = step(stopping(), { type: "timeout" }, { killasgroup: true });
    expect(killing?.effects).toEqual(sends("SIGKILL", true));
  });

  test("the stopped child's end is STOPPED, and failed starts are still counted", () => {
    expect(step(stopping(2), ended(1))).toEqual({ next: stopped(2) });
  });

  test.each<[State]>([[starting()], [running], [stopping()]])(
    "%j that the kernel lets nobody signal is UNKNOWN until it ends",
    (state) => {
      expect(step(state, refused)).toEqual({ next: unknown });
      expect(step(unknown, killed)).toEqual({ next: stopped() });
    },
  );
});

describe("the daemon going down", () => {
  test.each<[State, Step | undefined]>([
    [launching(1), { next: stopped(1), effects: unspawn }],
    [starting(1), undefined],
    [running, undefined],
    [stopping(), undefined],
    [backoff(1), { next: fatal }],
    [exited(true), { next: exited(false) }],
    [stopped(), undefined],
    [fatal, undefined],
  ])(
    "%j: what waits to start gives up, what runs goes on until it is stopped",
    (state, expected) => {
      expect(step(state, { type: "close" }, { closing: true })).toEqual(expected);
    },
  );
});

test.each<[State, boolean, boolean]>([
  [stopped(), false, true],
  [launching(), true, false],
  [starting(), true, false],
  [running, true, false],
  [backoff(1), true, false],
  [stopping(), false, false],
  [exited(false), false, true],
  [exited(true), true, false],
  [fatal, false, true],
])("%j can be stopped: %s, is at rest: %s", (state, stoppable, atRest) => {
  expect(isStoppable(state)).toBe(stoppable);
  expect(isAtRest(state)).toBe(atRest);
});

/** Every kind of event, with what it carries. */
const events: Event[] = [
  { type: "start" },
  { type: "stop" },
  { type: "timeout" },
  { type: "spawned" },
  failed,
  killed,
  refused,
  { type: "close" },
];

test.each<[State, Event["type"][]]>([
  [stopped(), ["start"]],
  [launching(), ["stop", "timeout", "spawned", "spawnFailed", "exited", "signalFailed", "close"]],
  [starting(), ["stop", "timeout", "spawned", "spawnFailed", "exited", "signalFailed"]],
  [running, ["stop", "exited", "signalFailed"]],
  [backoff(1), ["stop", "timeout", "close"]],
  [stopping(), ["timeout", "exited", "signalFailed"]],
  [exited(true), ["start", "stop", "timeout", "close"]],
  [exited(false), ["start", "close"]],
  [fatal, ["start"]],
  [unknown, ["exited"]],
])("%j takes %j and nothing else", (state, taken) => {
  expect(events.filter((event) => step(state, event)).map(({ type }) => type)).toEqual(taken);
});
