import { describe, expect, test } from "vitest";
import type { Exited, State, Step } from "../../src/process/step.ts";
import {
  again,
  backoff,
  cleared,
  ended,
  exited,
  type Given,
  killed,
  refused,
  running,
  sends,
  starting,
  step,
  stopped,
  stopping,
  timeout,
  unknown,
} from "../support/chart.ts";

const sequence: Given = { stopsequence: [{ signal: "SIGTERM", waitMs: 60_000 }] };
const command: Given = { stopcommand: "ctl stop", stopwaitsecs: 30 };

describe("what a child has left of its tree", () => {
  const tree: Given = { stoptree: true };
  const end = ended(1, 500, 2);

  test.each<[string, State, Exited, Given, Step]>([
    [
      "goes before the exit is told",
      running(),
      end,
      tree,
      {
        next: stopping({ after: "exit", ended: end }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 10_000,
      },
    ],
    [
      "goes before a start that failed is tried again",
      starting(2),
      end,
      tree,
      {
        next: stopping({ retries: 2, after: "failedStart", ended: end }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 10_000,
      },
    ],
    [
      "goes before a process that could not be signalled is STOPPED",
      unknown,
      end,
      tree,
      { next: stopping({ ended: end }), effects: sends("SIGTERM", "tree"), wakeMs: 10_000 },
    ],
    [
      "goes by the stop sequence",
      running(),
      end,
      { ...tree, ...sequence },
      {
        next: stopping({ after: "exit", ended: end }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 60_000,
      },
    ],
    [
      "goes by the stop signal where there is a stop command, which the child would have had to hear",
      running(),
      end,
      { ...tree, ...command },
      {
        next: stopping({ after: "exit", ended: end }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 30_000,
      },
    ],
    [
      "goes by the stop sequence where there is a stop command too",
      running(),
      end,
      { ...tree, ...command, ...sequence },
      {
        next: stopping({ act: 1, after: "exit", ended: end }),
        effects: sends("SIGTERM", "tree"),
        wakeMs: 60_000,
      },
    ],
    [
      "is waited for as long as the stop goes on",
      stopping({ after: "start" }),
      end,
      tree,
      { next: stopping({ after: "start", ended: end }), wakeMs: "keep" },
    ],
  ])("%s", (_, state, event, given, expected) => {
    expect(step(state, event, given)).toEqual(expected);
  });

  const swept = (own: Parameters<typeof stopping>[0] = {}) =>
    stopping({ retries: 1, ended: end, ...own });
  const closing: Given = { ...tree, closing: true };

  test.each<[string, State, Given, Step]>([
    ["a stop comes to rest", swept(), tree, { next: stopped(1) }],
    ["a recycle starts anew", swept({ after: "start" }), tree, { next: again(1), wakeMs: 0 }],
    [
      "a failed start is tried again",
      swept({ after: "failedStart" }),
      tree,
      { next: backoff(2), wakeMs: 2_000 },
    ],
    ["an exit restarts", swept({ after: "exit" }), tree, { next: exited(true), wakeMs: 0 }],
    [
      "an exit that is not to restart stays",
      swept({ after: "exit" }),
      { ...tree, autorestart: false },
      { next: exited(false) },
    ],
    ["a recycle comes to rest", swept({ after: "start" }), closing, { next: stopped(1) }],
    ["a failed start waits", swept({ after: "failedStart" }), closing, { next: backoff(2) }],
    ["an exit stays", swept({ after: "exit" }), closing, { next: exited(false) }],
  ])("once it is gone, %s (%j, %j)", (_, state, given, expected) => {
    expect(step(state, cleared, given)).toEqual(expected);
  });

  test("is killed when it does not go", () => {
    expect(step(swept(), timeout, tree)).toEqual({
      next: swept({ act: 1 }),
      effects: sends("SIGKILL", "tree"),
      wakeMs: 10_000,
    });
  });

  test("that the kernel lets nobody signal is waited for", () => {
    expect(step(swept(), refused, tree)).toBeUndefined();
  });

  test("can only be gone after the child", () => {
    expect(step(stopping(), cleared, tree)).toBeUndefined();
  });
});

describe("a stop of what goes down to come back", () => {
  test.each<[State, State]>([
    [stopping({ after: "start" }), stopping()],
    [stopping({ after: "exit", ended: killed, act: 1 }), stopping({ ended: killed, act: 1 })],
    [stopping({ after: "failedStart", ended: killed }), stopping({ ended: killed })],
  ])("%j: it goes on as it is, and stays down", (state, next) => {
    expect(step(state, { type: "stop" })).toEqual({ next, wakeMs: "keep" });
  });

  test("between its two lives it is down at once", () => {
    expect(step(again(1), { type: "stop" })).toEqual({ next: stopped(1) });
  });
});
