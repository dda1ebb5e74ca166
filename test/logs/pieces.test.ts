import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinePieces } from "../../src/logs/pieces.ts";
import { chunked } from "../support/chunks.ts";

/** What comes of the chunks; a part of a line has a `+` at its end. */
function cut(mostBytes: number, chunks: readonly (string | Buffer)[]): string[] {
  const pieces = new LinePieces(mostBytes);
  const out: string[] = [];
  const take = (all: ReturnType<LinePieces["push"]>) =>
    out.push(...all.map(({ bytes, partial }) => `${bytes}${partial ? "+" : ""}`));
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    take(pieces.push(copy));
    // As the next read does.
    copy.fill("?");
  }
  take(pieces.flush());
  return out;
}

describe("pieces of at most 4 bytes", () => {
  test.each<[string[], string[]]>([
    [[], []],
    [["a\n"], ["a\n"]],
    [["a\nb\n\n"], ["a\nb\n\n"]],
    [["a\nb"], ["a\n", "b\n"]],
    [["1234\n"], ["1234\n"]],
    [["12345\n"], ["1234+", "5\n"]],
    [
      ["1", "2", "3", "4", "5", "\n"],
      ["1234+", "5\n"],
    ],
    [["x\n12345678\ny\n"], ["x\n", "1234+", "5678\ny\n"]],
    [["123456789"], ["1234+", "5678+", "9\n"]],
    // No character is cut, and what is none is not waited for.
    [["aéßü\n"], ["aé+", "ßü\n"]],
    [["a€€\n"], ["a€+", "€\n"]],
  ])("of %j are %j", (chunks, expected) => {
    expect(cut(4, chunks)).toEqual(expected);
  });

  test("of what is no text are cut where they are full", () => {
    expect(cut(4, [Buffer.alloc(9, 0x80)])).toEqual(["����+", "����+", "�\n"]);
  });
});

const output = fc
  .array(fc.constantFrom("\n", "a", "bc", "\r\n", "é", "😀", "\u0000", "x".repeat(30)), {
    maxLength: 60,
  })
  .map((parts) => Buffer.from(parts.join("")));

test("any chunks give the same lines and parts of lines, and no other bytes", () => {
  fc.assert(
    fc.property(chunked(output), fc.integer({ min: 4, max: 40 }), (chunks, mostBytes) => {
      const whole = Buffer.concat(chunks);
      const each = (pieces: string[]) => pieces.flatMap((piece) => piece.split(/(?<=[\n+])/));
      const pieces = each(cut(mostBytes, chunks));
      expect(pieces).toEqual(each(cut(mostBytes, [whole])));
      expect(pieces.every((piece) => Buffer.byteLength(piece) <= mostBytes + 1)).toBe(true);
      const text = whole.toString();
      const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
      expect(pieces.join("").replaceAll("+", "")).toBe(ended);
    }),
  );
});
