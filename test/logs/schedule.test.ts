import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { nextRotation, type Schedule, type Zone } from "../../src/logs/schedule.ts";
import { localOffsetMs } from "../../src/os/clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The offsets of a zone, from the library of the system. */
function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, hourCycle: "h23", era: "short" },
    ...{ year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
  return (atMs) => {
    const seconds = Math.floor(atMs / 1_000) * 1_000;
    const parts = new Map(format.formatToParts(seconds).map(({ type, value }) => [type, value]));
    const [year, month, day, hour, minute, second] = [
      ...(["year", "month", "day"] as const),
      ...(["hour", "minute", "second"] as const),
    ].map((part) => Number(parts.get(part))) as [number, number, number, number, number, number];
    return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
  };
}

const times = (...texts: string[]): number[] =>
  texts.map((text) => {
    const [h = 0, m = 0] = text.split(":").map(Number);
    return (h * 60 + m) * 60_000;
  });
const at = (...texts: string[]): Schedule => ({ everyMs: undefined, atMs: times(...texts) });
const every = (everyMs: number): Schedule => ({ everyMs, atMs: [] });

/** The next so many moments, as the clocks of the zone show them, with their offset in hours. */
function series(from: string, schedule: Schedule, timeZone: string, count: number): string[] {
  const zone = zoneOf(timeZone);
  let now = Date.parse(from);
  return Array.from({ length: count }, () => {
    now = nextRotation(now, schedule, zone);
    const shown = new Date(now + zone(now)).toISOString().slice(5, 16).replace("T", " ");
    return `${shown} ${zone(now) / HOUR}`;
  });
}

describe("the next rotation", () => {
  test.each<[string, string, Schedule, string, string[]]>([
    [
      "at midnight",
      "2026-11-26T10:00:00Z",
      at("00:00"),
      "Europe/Berlin",
      ["11-27 00:00 1", "11-28 00:00 1"],
    ],
    [
      "at several times",
      "2026-11-26T10:00:00Z",
      at("00:00", "12:30"),
      "Asia/Kathmandu",
      ["11-27 00:00 5.75", "11-27 12:30 5.75"],
    ],
    ["strictly later", "2026-11-25T23:00:00Z", at("00:00"), "Europe/Berlin", ["11-27 00:00 1"]],
    [
      "at a time that the clocks skip: when they do",
      "2026-03-28T12:00:00Z",
      at("02:30"),
      "Europe/Berlin",
      ["03-29 03:00 2", "03-30 02:30 2"],
    ],
    [
      "at a time that comes twice: the first time",
      "2026-10-24T12:00:00Z",
      at("02:30"),
      "Europe/Berlin",
      ["10-25 02:30 2", "10-26 02:30 1"],
    ],
    [
      "at the very time to which clocks are set back: once",
      "2026-10-24T12:00:00Z",
      at("02:00"),
      "Europe/Berlin",
      ["10-25 02:00 2", "10-26 02:00 1"],
    ],
    [
      "at the very time at which clocks are set back",
      "2026-10-24T12:00:00Z",
      at("03:00"),
      "Europe/Berlin",
      ["10-25 03:00 1", "10-26 03:00 1"],
    ],
    [
      "at a midnight that the clocks skip",
      "2026-09-05T12:00:00Z",
      at("00:00"),
      "America/Santiago",
      ["09-06 01:00 -3", "09-07 00:00 -3"],
    ],
    [
      "of days where midnight comes twice",
      "2026-10-31T12:00:00Z",
      every(DAY),
      "America/Havana",
      ["11-01 00:00 -4", "11-02 00:00 -5"],
    ],
    [
      "of hours when clocks are set forward",
      "2026-03-29T00:10:00Z",
      every(HOUR),
      "Europe/Berlin",
      ["03-29 03:00 2", "03-29 04:00 2"],
    ],
    [
      "of hours when clocks are set back: each of them",
      "2026-10-24T23:10:00Z",
      every(HOUR),
      "Europe/Berlin",
      ["10-25 02:00 2", "10-25 02:00 1", "10-25 03:00 1"],
    ],
    [
      "of half hours where clocks are set by half an hour",
      "2026-04-04T14:10:00Z",
      every(HOUR / 2),
      "Australia/Lord_Howe",
      ["04-05 01:30 11", "04-05 01:30 10.5", "04-05 02:00 10.5"],
    ],
    [
      "of quarters of a day when clocks are set",
      "2026-03-28T18:00:00Z",
      every(6 * HOUR),
      "Europe/Berlin",
      ["03-29 00:00 1", "03-29 06:00 2", "03-29 12:00 2"],
    ],
    [
      "of what does not divide a day: from each midnight",
      "2026-11-26T15:00:00Z",
      every(7 * HOUR),
      "UTC",
      ["11-26 21:00 0", "11-27 00:00 0", "11-27 07:00 0"],
    ],
    [
      "of weeks: on Mondays",
      "2026-11-26T15:00:00Z",
      every(7 * DAY),
      "America/New_York",
      ["11-30 00:00 -5", "12-07 00:00 -5"],
    ],
    [
      "of both",
      "2026-11-26T15:00:00Z",
      { everyMs: 12 * HOUR, atMs: times("06:00") },
      "UTC",
      ["11-27 00:00 0", "11-27 06:00 0", "11-27 12:00 0"],
    ],
  ])("%s", (_, from, schedule, zone, expected) => {
    expect(series(from, schedule, zone, expected.length)).toEqual(expected);
  });

  test("never comes when nothing is set", () => {
    expect(nextRotation(0, { everyMs: undefined, atMs: [] }, () => 0)).toBe(Infinity);
  });

  test("is later than now, and not by more than a period, in every zone and season", () => {
    const zones = ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata"];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones).map(zoneOf),
        fc.integer({ min: Date.parse("2025-01-01"), max: Date.parse("2027-01-01") }),
        fc.constantFrom(60_000, HOUR / 2, HOUR, 7 * HOUR, DAY, 3 * DAY),
        (zone, now, everyMs) => {
          const next = nextRotation(now, every(everyMs), zone);
          expect(next).toBeGreaterThan(now);
          // Where clocks are set back by an hour, a longer period is longer by that.
          expect(next - now).toBeLessThanOrEqual(everyMs + (everyMs > HOUR ? HOUR : 0));
          expect(nextRotation(next - 1, every(everyMs), zone)).toBe(next);
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each(["America/New_York", "Europe/Berlin", "Asia/Kathmandu"])(
    "is by the zone of the process, such as TZ=%s",
    (timeZone) => {
      const before = process.env.TZ;
      onTestFinished(() => {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      });
      process.env.TZ = timeZone;
      const zone = zoneOf(timeZone);
      for (let now = Date.parse("2026-01-01"); now < Date.parse("2027-01-01"); now += 5 * HOUR) {
        expect(localOffsetMs(now)).toBe(zone(now));
      }
    },
  );
});
