import { expect, test } from "vitest";
import type { Kind } from "../../src/config/kinds/kind.ts";
import { logMode, rotationPeriod, timesOfDay } from "../../src/config/kinds/logfiles.ts";
import { BadValue } from "../../src/config/problems.ts";
import { machine } from "../support/configuration.ts";

/** The value, or undefined when it is none, which is then said in full. */
function parsed<T>(kind: Kind<T>, text: string): T | undefined {
  try {
    return kind.parse(text, machine);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    expect(error.message).toBe(`expected ${kind.expected}, got ${JSON.stringify(text)}`);
    return undefined;
  }
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each<[string, number | undefined]>([
  ["1d", 24 * HOUR],
  ["7d", 7 * 24 * HOUR],
  ["24h", 24 * HOUR],
  ["1h", HOUR],
  ["90m", 90 * MINUTE],
  ["1s", 1_000],
  ["500ms", undefined],
  ["0", undefined],
  ["36h", undefined],
  ["1.5d", undefined],
  ["daily", undefined],
  ["", undefined],
])("log_rotate_every=%s", (text, expected) => {
  expect(parsed(rotationPeriod, text)).toBe(expected);
});

test.each<[string, number[] | undefined]>([
  ["00:00", [0]],
  ["00:00, 12:00", [0, 12 * HOUR]],
  ["23:59:59,0:30", [30 * MINUTE, 24 * HOUR - 1_000]],
  ["12:00, 12:00", [12 * HOUR]],
  ["24:00", undefined],
  ["12:60", undefined],
  ["12:00:60", undefined],
  ["12", undefined],
  ["12:0", undefined],
  ["12:00,", undefined],
  ["", undefined],
])("log_rotate_at=%s", (text, expected) => {
  expect(parsed(timesOfDay, text)).toEqual(expected);
});

test.each<[string, number | undefined]>([
  ["0640", 0o640],
  ["600", 0o600],
  ["0o666", 0o666],
  ["0440", undefined],
  ["0200", undefined],
  ["02640", undefined],
  ["888", undefined],
  ["rw", undefined],
])("log_mode=%s", (text, expected) => {
  expect(parsed(logMode, text)).toBe(expected);
});
