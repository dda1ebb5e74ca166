import fc from "fast-check";
import { expect, test } from "vitest";
import { readRange, tailRange } from "../../src/logs/range.ts";

const file = "hello\n";
const cut = ({ offset, length }: { offset: number; length: number }): string =>
  file.slice(offset, offset + length);

test.each<[number, number, string | undefined]>([
  [-3, 0, "lo\n"],
  [-6, 0, "hello\n"],
  [-100, 0, "hello\n"],
  [-1, 1, undefined],
  [-1, -1, undefined],
  [0, -1, undefined],
  [0, 0, "hello\n"],
  [4, 0, "o\n"],
  [6, 0, ""],
  [100, 0, ""],
  [0, 2, "he"],
  [4, 100, "o\n"],
  [6, 1, ""],
  [100, 1, ""],
])("read(%i, %i) of a 6-byte log gives %j", (offset, length, expected) => {
  const range = readRange(file.length, offset, length);
  expect(range && cut(range)).toBe(expected);
});

test.each<[number, number, string, boolean]>([
  [0, 3, "lo\n", true],
  [0, 6, "hello\n", false],
  [0, 10, "hello\n", false],
  [3, 3, "lo\n", false],
  [3, 10, "hello\n", false],
  [6, 10, "", false],
  [0, 0, "", true],
  [6, 0, "", false],
  [0, -5, "", true],
  [-1, 3, "lo\n", true],
])("tail(%i, %i) of a 6-byte log gives %j, overflow %s", (offset, length, data, overflow) => {
  const tail = tailRange(file.length, offset, length);
  expect(cut(tail)).toBe(data);
  expect(tail).toMatchObject({ next: 6, overflow });
});

test("no range reaches over the ends of the log", () => {
  const size = fc.nat(20);
  const number = fc.integer({ min: -30, max: 30 });
  fc.assert(
    fc.property(size, number, number, (bytes, offset, length) => {
      for (const range of [readRange(bytes, offset, length), tailRange(bytes, offset, length)]) {
        if (!range) continue;
        expect(range.offset).toBeGreaterThanOrEqual(0);
        expect(range.length).toBeGreaterThanOrEqual(0);
        expect(range.offset + range.length).toBeLessThanOrEqual(bytes);
      }
    }),
  );
});
