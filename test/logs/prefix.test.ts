import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineJoiner } from "../../src/logs/lines.ts";
import { LinePrefix } from "../../src/logs/prefix.ts";
import { chunked } from "../support/chunks.ts";

/** What comes of each call. */
function pushed(prefix: string, calls: readonly (readonly string[])[]): string[] {
  const lines = new LinePrefix(prefix);
  return calls.map((pieces) => lines.push(pieces.map((piece) => Buffer.from(piece))).toString());
}

describe("pieces with a prefix", () => {
  test.each<[string[][], string[]]>([
    [[["one\n"]], ["> one\n"]],
    [[["one\ntwo\n"]], ["> one\n> two\n"]],
    [[["o", "", "ne\nt", "wo\n"]], ["> one\n> two\n"]],
    [[["\n\n"]], ["> \n> \n"]],
    [[["no end"]], ["> no end"]],
    [
      [["a li"], ["ne"], ["\nnext\n"]],
      ["> a li", "ne", "\n> next\n"],
    ],
    [
      [[], [""], ["one\n"]],
      ["", "", "> one\n"],
    ],
    [[["ends\r\n"]], ["> ends\r\n"]],
  ])("%j are %j", (calls, expected) => {
    expect(pushed("> ", calls)).toEqual(expected);
  });

  test("are bytes, also what is no text", () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xfe, 0x0d]);
    const out = new LinePrefix("é ").push([bytes]);
    expect([...out]).toEqual([0xc3, 0xa9, 0x20, 0xff, 0, 0x0a, 0xc3, 0xa9, 0x20, 0xfe, 0x0d]);
  });

  test("may be more than one read: many lines, and long ones", () => {
    expect(pushed("[a long prefix] ", [["\n".repeat(65_536)]])).toEqual([
      "[a long prefix] \n".repeat(65_536),
    ]);
    const long = "x".repeat(2 ** 20);
    expect(pushed("> ", [[long, long, "\n"]])).toEqual([`> ${long}${long}\n`]);
  });
});

test("two sources know each their own line", () => {
  const [a, b] = [new LinePrefix("a "), new LinePrefix("b ")];
  const push = (lines: LinePrefix, text: string) => lines.push([Buffer.from(text)]).toString();
  expect(push(a, "half")).toBe("a half");
  expect(push(b, "whole\n")).toBe("b whole\n");
  expect(push(a, " line\n")).toBe(" line\n");
});

const output = fc
  .array(fc.constantFrom("\n", "a", "bc", "\r\n", "é", "\u0000", "x".repeat(300)), {
    maxLength: 60,
  })
  .map((parts) => Buffer.from(parts.join("")));

/** The lines of a text, each with its newline; the last one may have none. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

test("any pieces give the same bytes: every line with one prefix", () => {
  fc.assert(
    fc.property(chunked(output), fc.string({ minLength: 1, maxLength: 9 }), (pieces, prefix) => {
      const lines = new LinePrefix(prefix);
      const out = pieces.map((piece) => Buffer.from(lines.push([piece])));
      const text = Buffer.concat(pieces).toString();
      const expected = linesOf(text).map((line) => prefix + line);
      expect(Buffer.concat(out).toString()).toBe(expected.join(""));
    }),
  );
});

test("behind a joiner every write is of whole lines, and nothing but prefixes is added", () => {
  fc.assert(
    fc.property(chunked(output), (chunks) => {
      const joiner = new LineJoiner();
      const lines = new LinePrefix("> ");
      const writes: string[] = [];
      const write = (pieces: Buffer[]) => {
        if (pieces.length > 0) writes.push(lines.push(pieces).toString());
      };
      const text = Buffer.concat(chunks).toString();
      for (const chunk of chunks) {
        write(joiner.push(chunk));
        // As the next read does.
        chunk.fill("?");
      }
      write(joiner.flush());
      expect(writes.every((written) => /^(?:> [^\n]*\n)+$/.test(written))).toBe(true);
      const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
      expect(writes.join("").replace(/^> /gm, "")).toBe(ended);
    }),
  );
});

test("a line longer than a joiner holds has one prefix, at its start", () => {
  const joiner = new LineJoiner();
  const lines = new LinePrefix("> ");
  const chunk = "x".repeat(65_536);
  let written = "";
  for (let n = 0; n < 20; n++) written += lines.push(joiner.push(Buffer.from(chunk)));
  written += lines.push(joiner.push(Buffer.from("end\nnext\n")));
  expect(written === `> ${chunk.repeat(20)}end\n> next\n`).toBe(true);
});
