import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineJoiner } from "../../src/logs/lines.ts";
import { chunked } from "../support/chunks.ts";

const MB = 2 ** 20;
const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString();

/** Pushes a chunk and then spoils its buffer, as the next read does. */
function push(lines: LineJoiner, chunk: Buffer): Buffer {
  const ready = Buffer.concat(lines.push(chunk));
  chunk.fill("?");
  return ready;
}

describe("one source", () => {
  test.each<[string[], string[]]>([
    [["a\n"], ["a\n"]],
    [
      ["a", "b", "c\n"],
      ["", "", "abc\n"],
    ],
    [
      ["a\nb", "c\nd\ne"],
      ["a\n", "bc\nd\n"],
    ],
    [
      ["\n", "\n\n"],
      ["\n", "\n\n"],
    ],
    [
      ["", "a", ""],
      ["", "", ""],
    ],
  ])("the chunks %j come out as %j", (chunks, expected) => {
    const lines = new LineJoiner();
    expect(chunks.map((chunk) => push(lines, Buffer.from(chunk)).toString())).toEqual(expected);
  });

  test("the end of the source ends its last line", () => {
    const lines = new LineJoiner();
    push(lines, Buffer.from("done\nhalf a"));
    push(lines, Buffer.from(" line"));
    expect(text(lines.flush())).toBe("half a line\n");
    expect(lines.flush()).toEqual([]);
  });

  test("a source that ends after a whole line leaves nothing", () => {
    const lines = new LineJoiner();
    push(lines, Buffer.from("done\n"));
    expect(lines.flush()).toEqual([]);
  });

  test("a line without end is passed on: no more than 1 MB waits in memory", () => {
    const lines = new LineJoiner();
    expect(push(lines, Buffer.alloc(MB, "x"))).toHaveLength(0);
    expect(push(lines, Buffer.from("yy"))).toHaveLength(MB + 2);
    expect(push(lines, Buffer.from("z\nnext")).toString()).toBe("z\n");
    expect(text(lines.flush())).toBe("next\n");
  });

  test("the end of the source ends a line of which the start was passed on", () => {
    const lines = new LineJoiner();
    push(lines, Buffer.alloc(MB + 1, "x"));
    expect(text(lines.flush())).toBe("\n");
  });
});

const output = fc
  .array(fc.constantFrom("\n", "a", "bc", "\r\n", "é", "\u0000"), { maxLength: 60 })
  .map((parts) => Buffer.from(parts.join("")));

test("any chunks give the same bytes, a missing last newline added", () => {
  fc.assert(
    fc.property(chunked(output), (chunks) => {
      const all = text(chunks);
      const lines = new LineJoiner();
      const out = chunks.map((chunk) => push(lines, chunk));
      const expected = all === "" || all.endsWith("\n") ? all : `${all}\n`;
      expect(text([...out, ...lines.flush()])).toBe(expected);
    }),
  );
});

test("what is passed on ends at a line's end, and nothing waits that has one", () => {
  fc.assert(
    fc.property(chunked(output), (chunks) => {
      const lines = new LineJoiner();
      for (const chunk of chunks) {
        const complete = chunk.includes("\n");
        const ready = push(lines, chunk).toString();
        expect(ready.endsWith("\n")).toBe(complete);
      }
    }),
  );
});

test("two sources that share a file never tear each other's lines", () => {
  const linesOf = (mark: string) =>
    fc
      .array(fc.nat(5), { maxLength: 8 })
      .map((lengths) => Buffer.from(lengths.map((n) => `${mark.repeat(n + 1)}\n`).join("")));
  const order = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(chunked(linesOf("a")), chunked(linesOf("b")), order, (ofA, ofB, turns) => {
      const sources = [ofA, ofB].map((chunks) => ({
        lines: new LineJoiner(),
        chunks: [...chunks],
      }));
      const expected = [...ofA, ...ofB].map(String).join("").split("\n").sort();
      let file = "";
      for (const turn of [...turns, ...Array(30).fill(true), ...Array(30).fill(false)]) {
        const source = sources[turn ? 0 : 1];
        const chunk = source?.chunks.shift();
        if (source && chunk) file += push(source.lines, chunk).toString();
      }
      expect(file.split("\n").sort()).toEqual(expected);
    }),
  );
});
