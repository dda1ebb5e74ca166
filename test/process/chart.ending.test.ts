import { describe, expect, test } from "vitest";
import type { Event, State, Step } from "../../src/process/step.ts";
import {
  again,
  backoff,
  ended,
  exited,
  failed,
  fatal,
  type Given,
  killed,
  launching,
  limited,
  over,
  respawn,
  running,
  sends,
  spawn,
  starting,
  step,
  stopped,
  stopping,
  timeout,
} from "../support/chart.ts";

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
    ["that nobody knows", ended({ unknown: true }), {}, { next: exited(true), wakeMs: 0 }],
    ["while the daemon goes down", ended(1), { closing: true }, { next: exited(false) }],
  ])("of a running child: %s", (_, event, given, expected) => {
    expect(step(running(), event, given)).toEqual(expected);
  });

  test.each<[number, number]>([
    [0, 100],
    [60, 40],
    [100, 0],
    [3_600_000, 0],
  ])("after %i ms up, the restart waits %i ms: no faster than ten a second", (uptimeMs, wakeMs) => {
    expect(step(running(), ended(1, uptimeMs))?.wakeMs).toBe(wakeMs);
  });

  test("the restart is a start without failures", () => {
    expect(step(exited(true), timeout)).toEqual({ next: launching(), effects: respawn });
  });

  test("a child that was up for its startsecs has started, even if its end is told before its timer", () => {
    const next = step(starting(), ended(0, 1_000), { startsecs: 1 });
    expect(next?.next).toEqual(exited(false, true));
  });
});

describe("a recycle", () => {
  const recycle: Event = { type: "recycle" };
  const recycling = stopping({ after: "start" });

  test("is a stop and a start", () => {
    expect(step(running(2), recycle)).toEqual({
      next: recycling,
      effects: sends("SIGTERM"),
      wakeMs: 10_000,
    });
    expect(step(recycling, ended(0))).toEqual({ next: again(), wakeMs: 0 });
    expect(step(again(), timeout)).toEqual({ next: launching(), effects: spawn });
  });

  test("of a child that had only just started waits as other restarts do", () => {
    expect(step(recycling, ended(0, 30))?.wakeMs).toBe(70);
  });

  test("is done in whatever way the child ends, and whatever autorestart says", () => {
    for (const end of [ended(1), ended(0), killed, ended({ unknown: true })]) {
      expect(step(recycling, end, { autorestart: false })?.next).toEqual(again());
    }
  });

  test("ends at rest when the daemon goes down meanwhile", () => {
    expect(step(recycling, ended(0), { closing: true })).toEqual({ next: stopped() });
    expect(step(running(), recycle, { closing: true })).toBeUndefined();
  });

  test.each<[State]>([[stopped()], [again()], [starting()], [backoff(1)], [exited(true)], [fatal]])(
    "is nothing for %j",
    (state) => {
      expect(step(state, recycle)).toBeUndefined();
    },
  );
});

describe("max_lifetime", () => {
  const max_lifetime = { ms: 60_000, jitter: 0.5 };

  test.each<[number, number]>([
    [0, 30_000],
    [0.5, 60_000],
    [1, 90_000],
  ])("counts from when it runs (random %f: %i ms)", (random, wakeMs) => {
    const given: Given = { max_lifetime, random };
    expect(step(starting(), timeout, given)).toEqual({ next: running(), wakeMs });
    expect(step(launching(), { type: "spawned" }, { ...given, startsecs: 0 })).toEqual({
      next: running(),
      wakeMs,
    });
  });

  test("asks once for a recycle, which comes when the group allows it", () => {
    expect(step(running(), timeout, { max_lifetime })).toEqual({
      next: running(),
      effects: [{ type: "expire" }],
    });
  });
});

describe("restart_delay", () => {
  test.each<[number, number, number]>([
    [5_000, 500, 5_000],
    [5_000, 60_000, 5_000],
    [50, 0, 100],
  ])("%i ms, after %i ms up: it waits %i ms", (restart_delay, uptimeMs, wakeMs) => {
    expect(step(running(), ended(1, uptimeMs), { restart_delay })?.wakeMs).toBe(wakeMs);
  });
});

describe("restart_limit", () => {
  const restart_limit = { count: 5, windowMs: 600_000 };

  test.each<[number, boolean]>([
    [0, false],
    [4, false],
    [5, true],
    [6, true],
  ])("after %i restarts: given up %s", (restarts, givesUp) => {
    const given: Given = { restart_limit, restarts, restart_delay: 3_000 };
    const judged = (state: State) => (givesUp ? over(state, "restart_limit") : state);
    expect(step(running(), ended(1), given)).toEqual({
      next: judged(exited(true)),
      wakeMs: givesUp ? 0 : 3_000,
    });
    expect(step(starting(), ended(1), given)).toEqual({
      next: judged(backoff(1)),
      wakeMs: givesUp ? 0 : 1_000,
    });
    // The window may have moved on when the wait is over.
    const later: Given = { ...given, restarts: 0 };
    expect(step(judged(exited(true)), timeout, later)?.next).toEqual(
      givesUp ? limited : launching(),
    );
    expect(step(judged(backoff(1)), timeout, later)?.next).toEqual(
      givesUp ? limited : launching(1),
    );
  });

  test("of none restarts nothing by itself", () => {
    const given: Given = { restart_limit: { count: 0, windowMs: 1 } };
    const next = step(running(), ended(1), given)?.next;
    expect(next).toEqual(over(exited(true), "restart_limit"));
  });

  test("does not keep down what was recycled", () => {
    const given: Given = { restart_limit, restarts: 5 };
    expect(step(again(), timeout, given)?.next).toEqual(launching());
  });

  test("is told after the failed starts that were too many", () => {
    const given: Given = { restart_limit, restarts: 5, startretries: 0 };
    expect(step(launching(), failed, given)?.next).toEqual(over(backoff(1), "startretries"));
  });

  test("is forgotten when somebody starts it", () => {
    expect(step(limited, { type: "start" }, { restart_limit, restarts: 5 })).toEqual({
      next: launching(),
      effects: spawn,
    });
  });
});

describe("backoff_reset_after", () => {
  const given: Given = { backoff_reset_after: 60_000 };

  test.each<[string, State, Event, Given, Step]>([
    [
      "an unexpected end before that is one more failure",
      running(2),
      ended(1, 59_999),
      {},
      { next: exited(true, false, 3), wakeMs: 3_000 },
    ],
    [
      "after that all are forgotten",
      running(2),
      ended(1, 60_000),
      {},
      { next: exited(true), wakeMs: 0 },
    ],
    [
      "an expected end is no failure",
      running(2),
      ended(0, 500),
      { autorestart: true },
      { next: exited(true, true), wakeMs: 0 },
    ],
    [
      "an end that comes right after startsecs, before its timer",
      starting(1),
      ended(1, 1_000),
      {},
      { next: exited(true, false, 2), wakeMs: 2_000 },
    ],
    [
      "the longer of two waits",
      running(),
      ended(1, 5_000),
      { restart_delay: 1_500 },
      { next: exited(true, false, 1), wakeMs: 1_500 },
    ],
    [
      "too many failures are not waited for",
      running(3),
      ended(1, 5_000),
      {},
      { next: over(exited(true, false, 4)), wakeMs: 0 },
    ],
    ["too many failures", over(exited(true, false, 4)), timeout, {}, { next: fatal }],
    [
      "a restart keeps them",
      exited(true, false, 3),
      timeout,
      {},
      { next: launching(3), effects: respawn },
    ],
    ["running keeps them", starting(3), timeout, {}, { next: running(3) }],
    [
      "a stop forgets them",
      running(3),
      { type: "stop" },
      {},
      { next: stopping(), effects: sends("SIGTERM"), wakeMs: 10_000 },
    ],
  ])("%s", (_, state, event, own, expected) => {
    expect(step(state, event, { ...given, ...own })).toEqual(expected);
  });

  test("when it is not set, to have started is enough", () => {
    expect(step(starting(3), timeout)).toEqual({ next: running() });
    expect(step(running(), ended(1, 0))?.next).toEqual(exited(true));
  });
});

test("startretries below 0 is one attempt, and keeps no process that has run from its restart", () => {
  const given: Given = { startretries: -1 };
  expect(step(launching(), failed, given)?.next).toEqual(over(backoff(1)));
  expect(step(running(), ended(1), given)?.next).toEqual(exited(true));
});
