import { describe, expect, test } from "vitest";
import { isAtRest, isStoppable } from "../../src/process/chart.ts";
import type { Event, State, Step } from "../../src/process/step.ts";
import {
  again,
  backoff,
  cleared,
  ended,
  exited,
  failed,
  fatal,
  killed,
  launching,
  refused,
  running,
  starting,
  step,
  stopped,
  stopping,
  timeout,
  unknown,
  unspawn,
} from "../support/chart.ts";

describe("the daemon going down", () => {
  test.each<[State, Step | undefined]>([
    [launching(1), { next: stopped(1), effects: unspawn }],
    [starting(1), undefined],
    [running(), undefined],
    [stopping(), undefined],
    [backoff(1), { next: backoff(1) }],
    [exited(true), { next: exited(false) }],
    [stopped(), undefined],
    [again(1), { next: stopped(1) }],
    [fatal, undefined],
  ])(
    "%j: what waits to start does not, what runs goes on until it is stopped",
    (state, expected) => {
      expect(step(state, { type: "close" }, { closing: true })).toEqual(expected);
    },
  );
});

test.each<[State, boolean, boolean]>([
  [stopped(), false, true],
  [again(), true, false],
  [launching(), true, false],
  [starting(), true, false],
  [running(), true, false],
  [backoff(1), true, false],
  [stopping(), false, false],
  [stopping({ after: "start" }), true, false],
  [stopping({ after: "exit", ended: ended(1) }), true, false],
  [exited(false), false, true],
  [exited(true), true, false],
  [fatal, false, true],
  [unknown, false, true],
])("%j can be stopped: %s, is at rest: %s", (state, stoppable, atRest) => {
  expect(isStoppable(state)).toBe(stoppable);
  expect(isAtRest(state)).toBe(atRest);
});

/** Every kind of event, with what it carries. */
const events: Event[] = [
  { type: "start" },
  { type: "found", after: "rest" },
  { type: "stop" },
  { type: "recycle" },
  timeout,
  { type: "spawned" },
  failed,
  killed,
  cleared,
  { type: "commandFailed", error: "exit status 1" },
  refused,
  { type: "close" },
];

test.each<[State, Event["type"][]]>([
  [stopped(), ["start", "found"]],
  [again(), ["start", "found", "stop", "timeout", "close"]],
  [launching(), ["stop", "timeout", "spawned", "spawnFailed", "exited", "signalFailed", "close"]],
  [starting(), ["stop", "timeout", "spawned", "spawnFailed", "exited", "signalFailed"]],
  [running(), ["stop", "recycle", "timeout", "exited", "signalFailed"]],
  [backoff(1), ["stop", "timeout", "close"]],
  [stopping(), ["timeout", "exited", "signalFailed"]],
  [stopping({ after: "start" }), ["stop", "timeout", "exited", "signalFailed"]],
  [stopping({ ended: ended(0) }), ["timeout", "exited", "cleared"]],
  [exited(true), ["start", "stop", "timeout", "close"]],
  [exited(false), ["start", "close"]],
  [fatal, ["start"]],
  [unknown, ["exited"]],
])("%j takes %j and nothing else", (state, taken) => {
  expect(events.filter((event) => step(state, event)).map(({ type }) => type)).toEqual(taken);
});
