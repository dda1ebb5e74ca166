import { describe, expect, test } from "vitest";
import { transition } from "../../src/process/chart.ts";
import { PRELUDE, stopAct } from "../../src/process/policy.ts";
import type { Event, State, Step } from "../../src/process/step.ts";
import {
  again,
  ended,
  exited,
  type Given,
  limited,
  over,
  respawn,
  running,
  runsCommand,
  sends,
  starting,
  step,
  stopped,
  stopping,
  timeout,
} from "../support/chart.ts";
import { plainPolicy } from "../support/policy.ts";

const quietly: Given = { quietsignal: "SIGUSR2", quiet_timeout: 60_000 };
const quieting = (own: Partial<Extract<State, { name: "STOPPING" }>> = {}) =>
  stopping({ act: PRELUDE, prelude: "quiet", ...own });
const quieted: Event = { type: "quieted" };
const stop: Event = { type: "stop" };
const term = sends("SIGTERM");

describe("a worker that may finish its jobs before it is stopped", () => {
  test.each<[string, State, Event, Given, Step | undefined]>([
    [
      "it is asked to take no more",
      running(),
      stop,
      quietly,
      { next: quieting(), effects: sends("SIGUSR2"), wakeMs: 60_000 },
    ],
    [
      "it alone is, whoever gets the signals of the stop",
      running(),
      stop,
      { ...quietly, stopasgroup: true, stoptree: true },
      { next: quieting(), effects: sends("SIGUSR2"), wakeMs: 60_000 },
    ],
    [
      "also before it counts as started, and before it is replaced",
      starting(1),
      stop,
      quietly,
      { next: quieting({ retries: 1 }), effects: sends("SIGUSR2"), wakeMs: 60_000 },
    ],
    [
      "it comes back then",
      running(),
      { type: "recycle" },
      quietly,
      { next: quieting({ after: "start" }), effects: sends("SIGUSR2"), wakeMs: 60_000 },
    ],
    [
      "for the time that it says itself",
      running(),
      stop,
      { ...quietly, quiet_ready: { by: "time", ms: 5_000 } },
      { next: quieting(), effects: sends("SIGUSR2"), wakeMs: 5_000 },
    ],
    [
      "one that is quiet already is stopped at once",
      running(),
      stop,
      { ...quietly, quiet: true },
      { next: stopping(), effects: term, wakeMs: 10_000 },
    ],
    [
      "one that has become quiet is stopped",
      quieting(),
      quieted,
      quietly,
      { next: stopping({ act: 0, prelude: "quiet" }), effects: term, wakeMs: 10_000 },
    ],
    [
      "and so is one that has not, in time",
      quieting(),
      timeout,
      quietly,
      { next: stopping({ act: 0, prelude: "quiet" }), effects: term, wakeMs: 10_000 },
    ],
    [
      "by its command",
      quieting(),
      quieted,
      { ...quietly, stopcommand: "ctl stop" },
      { next: stopping({ act: 0, prelude: "quiet" }), effects: runsCommand, wakeMs: 10_000 },
    ],
    ["only once", stopping({ act: 0, prelude: "quiet" }), quieted, quietly, undefined],
    ["its end is enough", quieting(), ended(0), quietly, { next: stopped() }],
    [
      "what it has left of its tree has no jobs to finish",
      quieting(),
      ended(0, 500, 2),
      { ...quietly, stoptree: true },
      {
        next: stopping({ act: 0, prelude: "quiet", ended: ended(0, 500, 2) }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 10_000,
      },
    ],
  ])("%s", (_, from, event, given, expected) => {
    expect(step(from, event, given)).toEqual(expected);
  });
});

const unhealthy: Event = { type: "unhealthy", inARow: 3 };

describe("a process that works no more", () => {
  test.each<[string, State, Event, Given, Step | undefined]>([
    [
      "it is stopped",
      running(),
      unhealthy,
      {},
      { next: stopping({ after: "exit", unwell: 3 }), effects: term, wakeMs: 10_000 },
    ],
    [
      "it may tell where it hangs first, and is not asked to finish its jobs",
      running(),
      unhealthy,
      { ...quietly, unhealthy_signal: "SIGQUIT", unhealthy_wait: 2_000 },
      {
        next: stopping({ act: PRELUDE, prelude: "dump", after: "exit", unwell: 3 }),
        effects: sends("SIGQUIT"),
        wakeMs: 2_000,
      },
    ],
    [
      "then it is stopped",
      stopping({ act: PRELUDE, prelude: "dump", after: "exit", unwell: 3 }),
      timeout,
      { unhealthy_signal: "SIGQUIT" },
      {
        next: stopping({ act: 0, prelude: "dump", after: "exit", unwell: 3 }),
        effects: term,
        wakeMs: 10_000,
      },
    ],
    [
      "it comes back after a wait that grows, also when it ended as if all were well",
      stopping({ after: "exit", unwell: 3 }),
      ended(0),
      {},
      { next: exited(true), wakeMs: 3_000 },
    ],
    [
      "but not where nobody wants it back",
      stopping({ after: "exit", unwell: 3 }),
      ended(0),
      { autorestart: false },
      { next: exited(false) },
    ],
    [
      "nor when it was stopped meanwhile",
      stopping({ after: "rest", unwell: 3 }),
      ended(0),
      {},
      { next: stopped() },
    ],
    [
      "startretries does not count here",
      stopping({ after: "exit", unwell: 50 }),
      ended(0),
      { startretries: 1, backoff_max: 7_000 },
      { next: exited(true), wakeMs: 7_000 },
    ],
    [
      "restart_limit does",
      stopping({ after: "exit", unwell: 1 }),
      ended(0),
      { restart_limit: { count: 2, windowMs: 60_000 }, restarts: 2 },
      { next: over(exited(true), "restart_limit"), wakeMs: 0 },
    ],
    ["and is told", over(exited(true), "restart_limit"), timeout, {}, { next: limited }],
    [
      "it is one more restart",
      exited(true),
      timeout,
      {},
      { next: { name: "STARTING", retries: 0, spawned: false }, effects: respawn },
    ],
    [
      "before it counts as started, it is a failed start",
      starting(1),
      unhealthy,
      {},
      { next: stopping({ retries: 1, after: "failedStart" }), effects: term, wakeMs: 10_000 },
    ],
    [
      "nothing comes back when the daemon goes down",
      running(),
      unhealthy,
      { closing: true },
      undefined,
    ],
    ["nor is what is being stopped stopped once more", stopping(), unhealthy, {}, undefined],
    ["nor what is down", again(), unhealthy, {}, undefined],
  ])("%s", (_, from, event, given, expected) => {
    expect(step(from, event, given)).toEqual(expected);
  });
});

test("an edit that takes the prelude's signal away shortens nothing that comes after it", () => {
  const context = { policy: plainPolicy, closing: false, random: 0, restarts: 0, quiet: false };
  const next = transition(quieting(), timeout, context)?.next;
  expect(next).toEqual(stopping({ act: 0, prelude: "quiet" }));
  expect(stopAct(plainPolicy, PRELUDE, "quiet")).toEqual(stopAct(plainPolicy, 0));
});
