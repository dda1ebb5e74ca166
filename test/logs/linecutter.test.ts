import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, LineCutter, LONGEST_LINE } from "../../src/logs/linecutter.ts";
import { chunked } from "../support/chunks.ts";

function cut(chunks: readonly Buffer[]): Line[] {
  const cutter = new LineCutter();
  return [...chunks.flatMap((chunk) => cutter.push(chunk)), ...cutter.flush()];
}

const shown = (lines: readonly Line[]) =>
  lines.map(({ bytes, ...rest }) => [bytes.toString(), rest]);
const whole = { continues: false, partial: false };

test("lines, and what there is of the last one", () => {
  expect(shown(cut([Buffer.from("a\n\nb\0"), Buffer.from("c\nd")]))).toEqual([
    ["a", whole],
    ["", whole],
    ["b\0c", whole],
    ["d", whole],
  ]);
});

test("any chunking gives the same lines", () => {
  const texts = fc.array(fc.constantFrom("a", "bcd", "\n", "\n", "é", "x".repeat(40_000)));
  const stream = texts.map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(chunked(stream), (chunks) => {
      const all = Buffer.concat(chunks);
      expect(shown(cut(chunks))).toEqual(shown(cut([all])));
      const back = cut(chunks).map(({ bytes, partial }) => `${bytes}${partial ? "" : "\n"}`);
      const text = all.toString();
      expect(back.join("")).toBe(text === "" || text.endsWith("\n") ? text : `${text}\n`);
    }),
  );
});

test("a line of 100 MB comes in pieces, and none of it is held for long", () => {
  const cutter = new LineCutter();
  const chunk = Buffer.alloc(1_000_000, "x");
  const lines: Line[] = [];
  for (let i = 0; i < 100; i++) lines.push(...cutter.push(chunk));
  lines.push(...cutter.push(Buffer.from("\nnext\n")));
  expect(Math.max(...lines.map(({ bytes }) => bytes.length))).toBe(LONGEST_LINE);
  expect(lines.at(-1)).toMatchObject(whole);
  expect(lines[0]).toMatchObject({ continues: false, partial: true });
  expect(lines.at(-2)).toMatchObject({ continues: true, partial: false });
  expect(lines.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(100_000_004);
});
