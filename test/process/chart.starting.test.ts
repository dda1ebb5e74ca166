import { describe, expect, test } from "vitest";
import type { Event, State, Step } from "../../src/process/step.ts";
import {
  backoff,
  ended,
  exited,
  failed,
  fatal,
  type Given,
  killed,
  launching,
  over,
  respawn,
  running,
  scarce,
  shutDown,
  spawn,
  starting,
  step,
  stopped,
  stopping,
  timeout,
  unknown,
} from "../support/chart.ts";

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
      { next: running() },
    ],
    ["it stayed up", starting(2), timeout, {}, { next: running() }],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });

  test.each<[State]>([
    [launching()],
    [starting()],
    [running()],
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
    ["the last waits for nothing", launching(3), failed, {}, { next: over(backoff(4)), wakeMs: 0 }],
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
      { next: over(backoff(1)), wakeMs: 0 },
    ],
    ["the wait is over", backoff(3), timeout, {}, { next: launching(3), effects: respawn }],
    ["given up", over(backoff(4)), timeout, {}, { next: fatal }],
    ["while the daemon goes down", starting(), ended(1), { closing: true }, { next: backoff(1) }],
    [
      "the last while the daemon goes down",
      starting(3),
      ended(1),
      { closing: true },
      { next: over(backoff(4)), wakeMs: 0 },
    ],
    [
      "given up with the daemon",
      backoff(1),
      { type: "stop" },
      { closing: true },
      { next: shutDown },
    ],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });

  test("startretries=3 means 4 attempts, 1, 2 and 3 seconds apart", () => {
    const waits: number[] = [];
    let state: State = launching();
    let attempts = 0;
    while (state.name !== "FATAL") {
      const next = step(state, state.name === "STARTING" ? failed : timeout);
      if (!next) throw new Error(`nothing happens in ${state.name}`);
      if (state.name === "STARTING") attempts++;
      if (next.wakeMs && next.wakeMs !== "keep") waits.push(next.wakeMs);
      state = next.next;
    }
    expect(attempts).toBe(4);
    expect(waits).toEqual([1_000, 2_000, 3_000]);
  });
});

describe("a backoff of next to nothing", () => {
  const fast: Given = { backoff: "fixed", backoff_min: 1 };
  const jittered: Given = { backoff_jitter: 1, random: 1 };

  test.each<[string, State, Event, Given]>([
    ["after a failed spawn", launching(), failed, fast],
    ["after too quick an end", starting(), ended(1, 0), fast],
    ["that jitter has left nothing of", launching(), failed, jittered],
    ["for want of room", launching(), scarce, fast],
  ])("is 100 ms all the same: %s", (_, state, event, given) => {
    expect(step(state, event, given)).toMatchObject({ next: { name: "BACKOFF" }, wakeMs: 100 });
  });
});

describe("a machine without room for another process", () => {
  const waiting = (retries = 0): State => ({ name: "BACKOFF", retries, scarce: true });

  test.each<[string, State, Event, Given, Step]>([
    ["is waited for", launching(), scarce, {}, { next: waiting(), wakeMs: 1_000 }],
    [
      "is no failure of the program",
      launching(2),
      scarce,
      { backoff: "exponential" },
      { next: waiting(2), wakeMs: 4_000 },
    ],
    [
      "does not count as a restart",
      waiting(),
      timeout,
      { restart_limit: { count: 1, windowMs: 1_000 }, restarts: 1 },
      { next: launching(), effects: spawn },
    ],
    ["is no reason to give up", waiting(4), timeout, {}, { next: launching(4), effects: spawn }],
    [
      "is not waited for by a stopped process",
      waiting(2),
      { type: "stop" },
      {},
      { next: stopped(2) },
    ],
    [
      "while the daemon goes down",
      launching(2),
      scarce,
      { closing: true },
      { next: { name: "BACKOFF", retries: 2, scarce: true } },
    ],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });
});
