import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { duration } from "../../src/config/kinds/numbers.ts";
import {
  backoffMs,
  countWithin,
  formatMs,
  type Jittered,
  type Policy,
  pick,
  plainStop,
  stopAct,
  stopActs,
  tooManyRestarts,
} from "../../src/process/policy.ts";
import { machine } from "../support/configuration.ts";
import { backoffs, parts, plainPolicy, policies } from "../support/policy.ts";

const retries = fc.integer({ min: 1, max: 2_000 });

describe("backoffMs", () => {
  const waits = (own: Partial<Policy>, random = 0): number[] =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((count) => backoffMs(count, { ...plainPolicy, ...own }, random));

  test.each<[string, Partial<Policy>, number[]]>([
    ["supervisord's", {}, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000]],
    ["linear", { backoff_min: 200, backoff_max: 900 }, [200, 400, 600, 800, 900, 900, 900, 900]],
    ["fixed", { backoff: "fixed", backoff_min: 5_000 }, Array(8).fill(5_000)],
    [
      "exponential, up to a minute",
      { backoff: "exponential" },
      [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
    ],
    [
      "exponential, up to backoff_max",
      { backoff: "exponential", backoff_min: 500, backoff_max: 5_000 },
      [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000],
    ],
    [
      "exponential, beyond a minute from the beginning",
      { backoff: "exponential", backoff_min: 90_000 },
      Array(8).fill(90_000),
    ],
  ])("%s", (_, own, expected) => {
    expect(waits(own)).toEqual(expected);
  });

  test.each<[number, number[]]>([
    [0, [1_000, 2_000, 4_000]],
    [0.5, [875, 1_750, 3_500]],
    [1, [750, 1_500, 3_000]],
  ])("a quarter of jitter, of which %f is taken", (random, expected) => {
    const own: Partial<Policy> = { backoff: "exponential", backoff_jitter: 0.25 };
    expect(waits(own, random).slice(0, 3)).toEqual(expected);
  });

  test("whole milliseconds, however often it has failed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), backoffs, parts, (count, backoff, random) => {
        expect(backoffMs(count, backoff, random)).toSatisfy(Number.isSafeInteger);
      }),
    );
  });

  test("jitter makes a wait shorter, never by more than its part, and never longer", () => {
    fc.assert(
      fc.property(retries, backoffs, parts, (count, backoff, random) => {
        const whole = backoffMs(count, { ...backoff, backoff_jitter: 0 }, 0);
        const wait = backoffMs(count, backoff, random);
        expect(wait).toBeLessThanOrEqual(whole);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(whole * (1 - backoff.backoff_jitter)));
      }),
    );
  });

  test("from backoff_min to backoff_max, and with each failure as long or longer", () => {
    fc.assert(
      fc.property(retries, backoffs, parts, (count, backoff, random) => {
        const { backoff_min, backoff_max = Infinity } = backoff;
        const whole = backoffMs(count, backoff, 0);
        expect(whole).toBeGreaterThanOrEqual(backoff_min);
        expect(whole).toBeLessThanOrEqual(backoff_max);
        const next = backoffMs(count + 1, backoff, random);
        expect(next).toBeGreaterThanOrEqual(backoffMs(count, backoff, random));
      }),
    );
  });

  test("the default is supervisord's rule, whatever the random number", () => {
    fc.assert(
      fc.property(retries, parts, (count, random) => {
        expect(backoffMs(count, plainPolicy, random)).toBe(count * 1_000);
      }),
    );
  });
});

describe("pick", () => {
  test.each<[Jittered, number, number]>([
    [{ ms: 3_600_000, jitter: 0 }, 0.3, 3_600_000],
    [{ ms: 3_600_000, jitter: 0.1 }, 0, 3_240_000],
    [{ ms: 3_600_000, jitter: 0.1 }, 0.5, 3_600_000],
    [{ ms: 3_600_000, jitter: 0.1 }, 1, 3_960_000],
    [{ ms: 1_000, jitter: 1 }, 0, 0],
  ])("%j at %f is %i ms", (jittered, random, expected) => {
    expect(pick(jittered, random)).toBe(expected);
  });

  test("within its part to both sides", () => {
    const lengths = fc.record({ ms: fc.integer({ min: 1, max: 1e12 }), jitter: parts });
    fc.assert(
      fc.property(lengths, parts, (jittered, random) => {
        const { ms, jitter } = jittered;
        const picked = pick(jittered, random);
        expect(picked).toSatisfy(Number.isSafeInteger);
        expect(picked).toBeGreaterThanOrEqual(Math.floor(ms * (1 - jitter)));
        expect(picked).toBeLessThanOrEqual(Math.ceil(ms * (1 + jitter)));
      }),
    );
  });
});

describe("the acts of a stop", () => {
  test("all but the last can be waited for, and the last is SIGKILL for ever", () => {
    fc.assert(
      fc.property(policies, fc.nat(20), (policy, more) => {
        const acts = stopActs(policy);
        for (const [number, act] of acts.entries()) expect(stopAct(policy, number)).toEqual(act);
        const last = stopAct(policy, acts.length + more);
        expect(last).toEqual(stopAct(policy, acts.length));
        expect(last).toMatchObject({ signal: "SIGKILL" });
        expect(last.waitMs).toBeGreaterThanOrEqual(1_000);
      }),
    );
  });

  test("the command comes first, and then the stop sequence", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const { stopcommand, stopsequence, stopwaitsecs, stopsignal } = policy;
        const plain = [{ signal: stopsignal, waitMs: stopwaitsecs * 1_000 }];
        const expected =
          stopcommand === undefined
            ? (stopsequence ?? plain)
            : [{ command: true, waitMs: stopwaitsecs * 1_000 }, ...(stopsequence ?? [])];
        const shown = stopActs(policy).map((act) => {
          const { to, ...rest } = { to: undefined, ...act };
          return rest;
        });
        expect(shown).toEqual(expected);
      }),
    );
  });

  test("with stoptree every signal goes to the tree, and without it none", () => {
    fc.assert(
      fc.property(policies, fc.nat(5), (policy, number) => {
        for (const act of [stopAct(policy, number), plainStop(policy)]) {
          if ("to" in act) expect(act.to === "tree").toBe(policy.stoptree);
        }
      }),
    );
  });
});

describe("countWithin", () => {
  test.each<[number[], number, number]>([
    [[], 10_000, 0],
    [[0, 5_000, 9_999], 9_999, 3],
    [[0, 5_000, 9_999], 10_000, 2],
    [[0, 5_000, 9_999], 15_000, 1],
    [[0, 5_000, 9_999], 19_999, 0],
  ])("of %j, at %i, %i lie in the last ten seconds", (moments, now, expected) => {
    expect(countWithin(moments, now, 10_000)).toBe(expected);
  });
});

describe("formatMs", () => {
  test.each<[number, string]>([
    [0, "0ms"],
    [1, "1ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [1_500, "1500ms"],
    [60_000, "1m"],
    [90_000, "90s"],
    [3_600_000, "1h"],
    [5_400_000, "90m"],
    [86_400_000, "1d"],
    [604_800_000, "7d"],
    [90_000_000, "25h"],
  ])("%i is %s", (ms, expected) => {
    expect(formatMs(ms)).toBe(expected);
  });

  test("can be read again as what it was", () => {
    const lengths = fc.oneof(
      fc.maxSafeNat(),
      fc.nat(200_000).map((seconds) => seconds * 1_000),
    );
    fc.assert(
      fc.property(lengths, (ms) => {
        expect(duration.parse(formatMs(ms), machine)).toBe(ms);
      }),
    );
  });
});

test("too many restarts are told by their limit", () => {
  expect(tooManyRestarts({ count: 5, windowMs: 600_000 })).toBe(
    "more than 5 restarts in 10m (restart_limit)",
  );
});
