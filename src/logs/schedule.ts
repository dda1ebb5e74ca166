/** When logs are rotated by the clock on the wall. */
export interface Schedule {
  /** Less than a day: counted from each midnight. Whole days: from a Monday's midnight. */
  everyMs: number | undefined;
  /** Times of day, in milliseconds after midnight, in their order. */
  atMs: readonly number[];
}

/** How far the clock on the wall is ahead of UTC at a moment; both in milliseconds. */
export type Zone = (atMs: number) => number;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The first Monday: the fifth of January 1970. */
const MONDAY_MS = 4 * DAY_MS;
/** No zone sets its clocks back by more. */
const LONGEST_REPEAT_MS = 3 * HOUR_MS;

/**
 * The first moment after `afterMs` at which logs are to be rotated, in milliseconds since the Epoch;
 * Infinity for none. When the clock is set forward over such a time, that is the moment. When it is
 * set back, a time that comes twice counts once, unless it is of a period of at most an hour.
 */
export function nextRotation(afterMs: number, { everyMs, atMs }: Schedule, zone: Zone): number {
  const moments = [
    everyMs === undefined
      ? Infinity
      : nextMoment(afterMs, (wall) => nextPeriod(wall, everyMs), zone, everyMs <= HOUR_MS),
    atMs.length === 0 ? Infinity : nextMoment(afterMs, (wall) => nextTime(wall, atMs), zone, false),
  ];
  return Math.min(...moments);
}

/** @param nextWall what comes after a time on the wall, by the same clock */
function nextMoment(
  afterMs: number,
  nextWall: (wall: number) => number,
  zone: Zone,
  repeats: boolean,
): number {
  let from = afterMs;
  for (;;) {
    const offset = zone(from);
    const wall = nextWall(from + offset);
    let moment = wall - offset;
    let isDue = true;
    if (zone(moment) !== offset) {
      moment = changeBetween(from, moment, zone);
      const shown = moment + zone(moment);
      isDue = shown >= wall || nextWall(shown - 1) === shown;
    }
    if (isDue && (repeats || !wasShownBefore(moment, zone))) return moment;
    from = moment;
  }
}

/** The moment at which the zone has another offset than at `from`, which it has at `to`. */
function changeBetween(from: number, to: number, zone: Zone): number {
  const offset = zone(from);
  let [before, after] = [from, to];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function wasShownBefore(moment: number, zone: Zone): boolean {
  const earlier = zone(moment - LONGEST_REPEAT_MS);
  const first = moment + zone(moment) - earlier;
  return first < moment && zone(first) === earlier;
}

function nextPeriod(wall: number, everyMs: number): number {
  if (everyMs >= DAY_MS) return nextMultiple(wall - MONDAY_MS, everyMs) + MONDAY_MS;
  const midnight = midnightOf(wall);
  return midnight + Math.min(nextMultiple(wall - midnight, everyMs), DAY_MS);
}

const nextMultiple = (of: number, unit: number): number => (Math.floor(of / unit) + 1) * unit;

function nextTime(wall: number, times: readonly number[]): number {
  const midnight = midnightOf(wall);
  const today = times.find((time) => midnight + time > wall);
  return today === undefined ? midnight + DAY_MS + (times[0] ?? 0) : midnight + today;
}

const midnightOf = (wall: number): number => Math.floor(wall / DAY_MS) * DAY_MS;
