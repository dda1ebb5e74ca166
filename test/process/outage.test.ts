import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/process/policy.ts";
import { plainPolicy } from "../support/policy.ts";
import { Shell } from "../support/shell.ts";

const PROGRAMS = 200;
/** The server that all programs need goes away, and comes back. */
const GONE = 60_000;
const BACK = GONE + 600_000;
/** Without it a child ends so soon after its start. */
const DIES_AFTER = 50;
const END = BACK + 120_000;

const isUp = (now: number): boolean => now < GONE || now >= BACK;

/** Numbers from 0 to 1, other ones for each seed, and the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When the child that was started `now` ends; never while the server is there. */
function endOf(now: number): number {
  if (now < GONE) return GONE;
  return isUp(now + DIES_AFTER) ? Infinity : now + DIES_AFTER;
}

/** One program through the outage. @returns since when it runs for good, and how it stands then */
function live(policy: Policy, random: () => number) {
  const shell = new Shell(policy, random);
  let since = 0;
  let end = Infinity;
  shell.start();
  while (Math.min(end, shell.timerAt ?? Infinity) < END || shell.spawnQueued) {
    const { name } = shell.state;
    if (shell.spawnQueued) {
      shell.answerSpawn("works");
      end = endOf(shell.now);
    } else if (end <= (shell.timerAt ?? Infinity)) {
      shell.advance(end - shell.now);
      shell.endChild({ code: 1 });
      end = Infinity;
    } else shell.wait();
    shell.check();
    if (shell.state.name === "RUNNING" && name !== "RUNNING") since = shell.now;
  }
  return { shell, since };
}

/** The whole fleet; all of it is started in one moment, and loses the server in one. */
function outage(own: Partial<Policy>) {
  const programs = Array.from({ length: PROGRAMS }, (_, seed) =>
    live({ ...plainPolicy, ...own }, randomNumbers(seed)),
  );
  const starts = programs.flatMap(({ shell }) => shell.starts);
  const counts = new Map<number, number>();
  for (const start of starts) {
    const second = Math.floor(start / 1_000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  const states = new Set(programs.map(({ shell }) => shell.state.name));
  return {
    states: [...states],
    /** Starts of all programs in the busiest second from `from` to `to`. */
    busiest: (from: number, to: number) =>
      Math.max(
        ...[...counts].flatMap(([second, count]) =>
          second * 1_000 >= from && second * 1_000 < to ? count : 0,
        ),
      ),
    /** When the last program came back, after the server did. */
    backMs: Math.max(...programs.map(({ since }) => since)) - BACK,
  };
}

const patient: Partial<Policy> = {
  backoff: "exponential",
  backoff_max: 30_000,
  backoff_jitter: 0.5,
  startretries: Infinity,
};

/** By then the waits have grown to backoff_max, and jitter has spread the programs over them. */
const SETTLED = GONE + 60_000;

describe(`${PROGRAMS} programs whose server is away for ten minutes`, () => {
  test("with backoff=exponential and jitter start evenly, and are all back soon after it", () => {
    const { states, busiest, backMs } = outage(patient);
    expect(states).toEqual(["RUNNING"]);
    // Each waits for 15 to 30 seconds: that makes 9 starts a second, give or take.
    expect(busiest(SETTLED, BACK)).toBeLessThanOrEqual(30);
    // On the way there waits are shorter; jitter has spread them out within the first seconds.
    expect(busiest(GONE + 8_000, SETTLED)).toBeLessThanOrEqual(80);
    expect(busiest(BACK, END)).toBeLessThanOrEqual(30);
    expect(backMs).toBeLessThanOrEqual(30_000 + plainPolicy.startsecs * 1_000);
  });

  test("with supervisord's defaults are all given up, long before it is back", () => {
    expect(outage({}).states).toEqual(["FATAL"]);
  });

  test("without jitter start all in one second, again and again", () => {
    const { states, busiest } = outage({ ...patient, backoff_jitter: 0 });
    expect(states).toEqual(["RUNNING"]);
    expect(busiest(SETTLED, BACK)).toBe(PROGRAMS);
  });

  test("with supervisord's waits and no end come back ever later", () => {
    const { states, backMs } = outage({ startretries: Infinity, backoff_jitter: 0.5 });
    expect(states).toEqual(["RUNNING"]);
    expect(backMs).toBeGreaterThan(31_000);
  });
});
