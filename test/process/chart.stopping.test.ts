import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { isStoppable } from "../../src/process/chart.ts";
import type { Effect, Event, State, Step } from "../../src/process/step.ts";
import {
  backoff,
  ended,
  exited,
  fatal,
  type Given,
  killed,
  launching,
  refused,
  running,
  runsCommand,
  sends,
  starting,
  step,
  stopped,
  stopping,
  timeout,
  unknown,
  unspawn,
} from "../support/chart.ts";

describe("stopping", () => {
  test.each<[string, State, Given, Step]>([
    [
      "a running child",
      running(),
      {},
      { next: stopping(), effects: sends("SIGTERM"), wakeMs: 10_000 },
    ],
    [
      "its own signal, group and time",
      running(),
      { stopsignal: "SIGINT", stopasgroup: true, killasgroup: true, stopwaitsecs: 3 },
      { next: stopping(), effects: sends("SIGINT", "group"), wakeMs: 3_000 },
    ],
    [
      "a starting child",
      starting(2),
      {},
      { next: stopping({ retries: 2 }), effects: sends("SIGTERM"), wakeMs: 10_000 },
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
      const killing = step(stopping({ retries: 2 }), timeout, { stopwaitsecs });
      const next = stopping({ retries: 2, act: 1 });
      expect(killing).toEqual({ next, effects: sends("SIGKILL"), wakeMs });
    },
  );

  test("stopwaitsecs=0 asks for SIGKILL at once", () => {
    expect(step(running(), { type: "stop" }, { stopwaitsecs: 0 })?.wakeMs).toBe(0);
  });

  test("SIGKILL goes to the group when killasgroup says so, whatever stopasgroup says", () => {
    const killing = step(stopping(), timeout, { killasgroup: true });
    expect(killing?.effects).toEqual(sends("SIGKILL", "group"));
  });

  test("the stopped child's end is STOPPED, and failed starts are still counted", () => {
    expect(step(stopping({ retries: 2 }), ended(1))).toEqual({ next: stopped(2) });
  });

  test.each<[State]>([[starting()], [running()], [stopping()]])(
    "%j that the kernel lets nobody signal is UNKNOWN until it ends",
    (state) => {
      expect(step(state, refused)).toEqual({ next: unknown });
      expect(step(unknown, killed)).toEqual({ next: stopped() });
    },
  );
});

type Stops = [Effect[], number][];

/** What a stop of a running child does, act by act, with the time that each waits, until it repeats. */
function actsOf(given: Given): Stops {
  const acts: Stops = [];
  let next = step(running(), { type: "stop" }, given);
  for (let act = 0; next?.next.name === "STOPPING" && act < 10; act++) {
    const { effects = [], wakeMs } = next;
    if (typeof wakeMs !== "number") throw new Error("a stop must not wait for ever");
    acts.push([effects, wakeMs]);
    if (isDeepStrictEqual(acts.at(-2), acts.at(-1))) return acts.slice(0, -1);
    next = step(next.next, timeout, given);
  }
  throw new Error("it never comes to an end");
}

const sequence: Given = {
  stopsequence: [
    { signal: "SIGTERM", waitMs: 60_000 },
    { signal: "SIGINT", waitMs: 10_000 },
  ],
};
const command: Given = { stopcommand: "ctl stop", stopwaitsecs: 30 };
const justKill: Given = { stopsequence: [] };

test.each<[string, Given, Stops]>([
  [
    "one signal, and SIGKILL",
    {},
    [
      [sends("SIGTERM"), 10_000],
      [sends("SIGKILL"), 10_000],
    ],
  ],
  [
    "stopsequence",
    { ...sequence, stopwaitsecs: 2, stopsignal: "SIGHUP" },
    [
      [sends("SIGTERM"), 60_000],
      [sends("SIGINT"), 10_000],
      [sends("SIGKILL"), 2_000],
    ],
  ],
  ["stopsequence=KILL", justKill, [[sends("SIGKILL"), 10_000]]],
  [
    "stopsequence with groups",
    { ...sequence, stopasgroup: true, killasgroup: true },
    [
      [sends("SIGTERM", "group"), 60_000],
      [sends("SIGINT", "group"), 10_000],
      [sends("SIGKILL", "group"), 10_000],
    ],
  ],
  [
    "SIGKILL in stopsequence follows killasgroup",
    { stopsequence: [{ signal: "SIGKILL", waitMs: 5_000 }], killasgroup: true },
    [
      [sends("SIGKILL", "group"), 5_000],
      [sends("SIGKILL", "group"), 10_000],
    ],
  ],
  [
    "stopsignal=KILL follows stopasgroup, as in supervisord",
    { stopsignal: "SIGKILL", killasgroup: true },
    [
      [sends("SIGKILL"), 10_000],
      [sends("SIGKILL", "group"), 10_000],
    ],
  ],
  [
    "stoptree, whatever is said of groups",
    { stoptree: true, stopasgroup: true, killasgroup: true },
    [
      [sends("SIGTERM", "tree"), 10_000],
      [sends("SIGKILL", "tree"), 10_000],
    ],
  ],
  [
    "stopcommand",
    command,
    [
      [runsCommand, 30_000],
      [sends("SIGKILL"), 30_000],
    ],
  ],
  [
    "stopcommand and stopsequence",
    { ...command, ...sequence },
    [
      [runsCommand, 30_000],
      [sends("SIGTERM"), 60_000],
      [sends("SIGINT"), 10_000],
      [sends("SIGKILL"), 30_000],
    ],
  ],
])("a stop by %s", (_, given, expected) => {
  expect(actsOf(given)).toEqual(expected);
});

describe("a stop command that fails", () => {
  const failure: Event = { type: "commandFailed", error: "exit status 1" };

  test.each<[string, Given, Step]>([
    [
      "is replaced by the stop signal",
      command,
      { next: stopping(), effects: sends("SIGTERM"), wakeMs: 30_000 },
    ],
    [
      "goes on to the stop sequence",
      { ...command, ...sequence },
      { next: stopping({ act: 1 }), effects: sends("SIGTERM"), wakeMs: 60_000 },
    ],
    [
      "goes on to SIGKILL, when that is all of the stop sequence",
      { ...command, ...justKill },
      { next: stopping({ act: 1 }), effects: sends("SIGKILL"), wakeMs: 30_000 },
    ],
  ])("%s", (_, given, expected) => {
    expect(step(stopping(), failure, given)).toEqual(expected);
  });

  test("changes nothing when signals are being sent already", () => {
    expect(step(stopping({ act: 1 }), failure, command)).toBeUndefined();
    expect(step(stopping({ act: 1 }), failure, { ...command, ...sequence })).toBeUndefined();
    expect(step(stopping(), failure)).toBeUndefined();
  });
});

test("a child that an earlier daemon left is stopped as one of ours", () => {
  expect(step(stopped(1), { type: "found", after: "rest" }, command)).toEqual({
    next: stopping({ retries: 1 }),
    effects: runsCommand,
    wakeMs: 30_000,
  });
});
