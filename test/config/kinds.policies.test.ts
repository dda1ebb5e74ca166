import { expect, test } from "vitest";
import type { Kind } from "../../src/config/kinds/kind.ts";
import * as policies from "../../src/config/kinds/policies.ts";
import { resourceOptions } from "../../src/config/options/resources.ts";
import { restartingOptions } from "../../src/config/options/restarting.ts";
import { BadValue } from "../../src/config/problems.ts";
import type { Jittered, Rate, StopStep } from "../../src/process/policy.ts";
import { machine } from "../support/configuration.ts";

/** What is said of a text that is none. */
const says = (expected: string, given: string, hint = "") =>
  `expected ${expected}, got ${JSON.stringify(given)}${hint}`;
/** The value, or why it is none. */
function outcome<T>(kind: Kind<T>, text: string): T | string {
  try {
    return kind.parse(text, machine);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    return error.message;
  }
}

test.each<[string, number | undefined]>([
  ["3", 3],
  ["0", 0],
  ["-1", -1],
  ["unlimited", Infinity],
  [" Unlimited ", Infinity],
  ["infinity", undefined],
  ["unlimitted", undefined],
  ["", undefined],
  ["1.5", undefined],
])("startretries=%s", (text, value) => {
  const refusal = says("a whole number such as 3, or unlimited", text);
  expect(outcome(policies.integerOrUnlimited, text)).toBe(value ?? refusal);
});

test.each<[string, number | undefined]>([
  ["0%", 0],
  ["25%", 0.25],
  [" 12.5 % ", 0.125],
  ["100%", 1],
  ["100.1%", undefined],
  ["150%", undefined],
  ["-5%", undefined],
  ["25", undefined],
  ["0.25", undefined],
  ["%", undefined],
  ["25%%", undefined],
  ["", undefined],
])("backoff_jitter=%s", (text, value) => {
  const refusal = says("a part such as 25%, up to 100%", text);
  expect(outcome(policies.percent, text)).toBe(value ?? refusal);
});

test.each<[string, number | undefined]>([
  ["1", 1_000],
  ["1ms", 1],
  ["0.4ms", undefined],
  ["0", undefined],
  ["0s", undefined],
  ["-1s", undefined],
  ["soon", undefined],
])("backoff_min=%s", (text, value) => {
  const refusal = says("a duration such as 10s, 5m or 2h, more than 0", text);
  expect(outcome(policies.someTime, text)).toBe(value ?? refusal);
});

test.each<[string, Jittered | undefined]>([
  ["1h", { ms: 3_600_000, jitter: 0 }],
  ["90", { ms: 90_000, jitter: 0 }],
  ["1h±10%", { ms: 3_600_000, jitter: 0.1 }],
  ["1h+-10%", { ms: 3_600_000, jitter: 0.1 }],
  [" 30m ± 2.5% ", { ms: 1_800_000, jitter: 0.025 }],
  ["1h±100%", { ms: 3_600_000, jitter: 1 }],
  ["1h±101%", undefined],
  ["1h±", undefined],
  ["±10%", undefined],
  ["1h±10", undefined],
  ["1h±5m", undefined],
  ["1h±10%±5%", undefined],
  ["1h-10%", undefined],
  ["0±10%", undefined],
  ["0", undefined],
  ["", undefined],
])("max_lifetime=%s", (text, value) => {
  const expected = "a duration such as 1h, or 1h±10% for another one each time";
  expect(outcome(policies.jitteredDuration, text)).toEqual(value ?? says(expected, text));
});

test.each<[string, Rate | undefined]>([
  ["5/10m", { count: 5, windowMs: 600_000 }],
  [" 5 / 10m ", { count: 5, windowMs: 600_000 }],
  ["0/1h", { count: 0, windowMs: 3_600_000 }],
  ["10/500ms", { count: 10, windowMs: 500 }],
  ["5/60", { count: 5, windowMs: 60_000 }],
  ["5", undefined],
  ["5/", undefined],
  ["/10m", undefined],
  ["5/0", undefined],
  ["-5/10m", undefined],
  ["1.5/10m", undefined],
  ["5/10m/2", undefined],
  ["5 per 10m", undefined],
  ["", undefined],
])("restart_limit=%s", (text, value) => {
  const refusal = says("a number in a time such as 5/10m", text);
  expect(outcome(policies.rate, text)).toEqual(value ?? refusal);
});

test.each<[string, StopStep[] | undefined]>([
  ["TERM:60", [{ signal: "SIGTERM", waitMs: 60_000 }]],
  [
    "TERM:60 INT:500ms KILL",
    [
      { signal: "SIGTERM", waitMs: 60_000 },
      { signal: "SIGINT", waitMs: 500 },
    ],
  ],
  [
    "SIGTERM:1m, sigint:10s,kill",
    [
      { signal: "SIGTERM", waitMs: 60_000 },
      { signal: "SIGINT", waitMs: 10_000 },
    ],
  ],
  [
    " 15:5\n  2:5\n",
    [
      { signal: "SIGTERM", waitMs: 5_000 },
      { signal: "SIGINT", waitMs: 5_000 },
    ],
  ],
  ["KILL", []],
  ["SIGKILL", []],
  ["KILL:5", [{ signal: "SIGKILL", waitMs: 5_000 }]],
  ["QUIT:0 KILL", [{ signal: "SIGQUIT", waitMs: 0 }]],
  ["TERM", undefined],
  ["TERM:60 INT", undefined],
  ["KILL TERM:60", undefined],
  ["TERM:", undefined],
  ["TERM:soon", undefined],
  ["TERM:60:10", undefined],
  ["TERM:-1", undefined],
  ["FOO:60", undefined],
  [":60", undefined],
  ["TERM:60,", undefined],
  ["", undefined],
])("stopsequence=%j", (text, value) => {
  const refusal = says("signals with times such as TERM:60 INT:10 KILL", text);
  expect(outcome(policies.stopSequence, text)).toEqual(value ?? refusal);
});

test.each<[string, string | undefined]>([
  ["1024", "1024"],
  ["1024:4096", "1024:4096"],
  [" 64MB ", "67108864"],
  ["1KB:1gb", "1024:1073741824"],
  ["unlimited", "unlimited"],
  ["1024:unlimited", "1024:unlimited"],
  ["Unlimited:UNLIMITED", "unlimited:unlimited"],
  ["0", "0"],
  ["1024:1024", "1024:1024"],
  ["-1", undefined],
  ["+1", undefined],
  ["1_000", undefined],
  ["1024:", undefined],
  [":1024", undefined],
  ["1:2:3", undefined],
  ["1024 : 4096", undefined],
  ["1.5GB", undefined],
  ["infinity", undefined],
  ["", undefined],
])("rlimit_nofile=%s", (text, value) => {
  const refusal = says("a limit such as 1024, 64MB or unlimited, or soft:hard", text);
  expect(outcome(policies.rlimit, text)).toBe(value ?? refusal);
});

test.each([["4096:1024"], ["unlimited:1024"], ["2KB:2047"]])(
  "rlimit_nofile=%s: no soft limit is above the hard one",
  (text) => {
    const expected = "a limit such as 1024, 64MB or unlimited, or soft:hard";
    const hint = ": the soft limit is above the hard one";
    expect(outcome(policies.rlimit, text)).toBe(says(expected, text, hint));
  },
);

test.each<[string, number | undefined]>([
  ["256MB", 268_435_456],
  ["1", 1],
  ["0", undefined],
  ["-1MB", undefined],
  ["lots", undefined],
])("memory_limit=%s", (text, value) => {
  const refusal = says("a size such as 256MB, more than 0", text);
  expect(outcome(restartingOptions.memory_limit.kind, text)).toBe(value ?? refusal);
});

test.each<[string, number | undefined]>([
  ["-20", -20],
  ["19", 19],
  ["20", undefined],
  ["-21", undefined],
  ["low", undefined],
])("nice=%s", (text, value) => {
  const refusal = says("a whole number from -20 to 19", text);
  expect(outcome(resourceOptions.nice.kind, text)).toBe(value ?? refusal);
});

test.each<[string, string | undefined]>([
  ["pipe", "pipe"],
  [" NULL ", "null"],
  ["/dev/null", undefined],
])("stdin=%s", (text, value) => {
  expect(outcome(resourceOptions.stdin.kind, text)).toBe(value ?? says("pipe or null", text));
});
