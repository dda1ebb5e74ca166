import fc from "fast-check";
import { expect, test } from "vitest";
import { Losses, type Owner, type Unwritten } from "../../src/logs/losses.ts";
import { lossesIn } from "../support/marks.ts";

/** A log on a disk that has room for so many bytes at a time, written as the daemon does. */
function writeAll(steps: readonly { room: number; text: string }[]) {
  const losses = new Losses();
  const tally = { lost: 0 };
  let [log, free] = ["", 0];
  const append = (text: string, owner: Owner): boolean => {
    const went = Math.min(free, text.length);
    log += text.slice(0, went);
    free -= went;
    if (went === text.length) return true;
    losses.addAll([{ bytes: Buffer.from(text.slice(went)), owner, whole: went === 0 }]);
    return false;
  };
  const settle = (): boolean => {
    while (losses.untold) {
      const mark = losses.takeMark("ENOSPC");
      if (mark && !append(mark.bytes.toString(), mark.owner)) return false;
    }
    return true;
  };
  for (const { room, text } of steps) {
    free += room;
    if (settle()) append(text, tally);
    else losses.add(text.length, tally);
  }
  free = Number.POSITIVE_INFINITY;
  settle();
  return { log, tally, losses };
}

test("the marks in a log add up to what is missing, wherever it was cut off", () => {
  const step = fc.record({
    room: fc.nat(120),
    text: fc.string({ unit: fc.constantFrom(..."abcd") }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { log, tally, losses } = writeAll(steps);
      const written = steps.map(({ text }) => text).join("");
      const { lost } = lossesIn(log, written);
      expect(lost).toBe(tally.lost);
      expect(losses.untold).toBe(false);
      expect(losses.settle()).toBe(lost);
      expect(losses.any).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("a mark that never came is made anew, with what has been lost since", () => {
  const losses = new Losses();
  const tally = { lost: 0 };
  losses.add(5, tally);
  const first = losses.takeMark("EIO");
  expect(first?.bytes.toString()).toBe("\n[drover: 5 bytes of output lost here: EIO]\n");
  const text: Unwritten = { bytes: Buffer.from("abc"), owner: tally, whole: true };
  losses.addAll([
    { bytes: first?.bytes ?? Buffer.alloc(0), owner: first?.owner, whole: true },
    text,
  ]);
  expect(losses.takeMark("EIO")?.bytes.toString()).toContain("drover: 8 bytes");
  expect(tally.lost).toBe(8);
  expect(losses.settle()).toBe(8);
});

test("of a mark that was cut off twice the rest is what comes next", () => {
  const losses = new Losses();
  losses.add(5, undefined);
  let log = "";
  for (const length of [10, 20, 1_000]) {
    const mark = losses.takeMark("ENOSPC");
    const bytes = mark?.bytes ?? Buffer.alloc(0);
    log += bytes.toString().slice(0, length);
    const rest = bytes.subarray(length);
    if (rest.length > 0) losses.addAll([{ bytes: rest, owner: mark?.owner, whole: false }]);
  }
  expect(log).toBe("\n[drover: 5 bytes of output lost here: ENOSPC]\n");
  expect(losses.untold).toBe(false);
});
