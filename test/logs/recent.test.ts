import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Recent } from "../../src/logs/recent.ts";
import { chunked } from "../support/chunks.ts";

const KEPT = 2_048;

/** Pushes each chunk and then spoils its buffer, as the next read does. */
function linesOf(...chunks: (string | Uint8Array)[]): string[] {
  const recent = new Recent();
  for (const given of chunks) {
    const chunk = Buffer.from(given);
    recent.push(chunk);
    chunk.fill("?");
  }
  return recent.lines();
}

describe("lines", () => {
  test.each<[string[], string[]]>([
    [[], []],
    [[""], []],
    [["one\n"], ["one"]],
    [["one\ntwo"], ["one", "two"]],
    [
      ["on", "e\nt", "wo\n", "thr"],
      ["one", "two", "thr"],
    ],
    [["windows\r\nends\r\n"], ["windows", "ends"]],
    [["\n\n  \none\n\n\t\ntwo\n\n"], ["one", "two"]],
    [["\tindented\n"], ["\tindented"]],
    [["ümläut ✓ 😀\n"], ["ümläut ✓ 😀"]],
  ])("of %j are %j", (chunks, expected) => {
    expect(linesOf(...chunks)).toEqual(expected);
  });

  test("are the last ten", () => {
    const all = Array.from({ length: 25 }, (_, n) => `line ${n}`);
    expect(linesOf(all.join("\n"))).toEqual(all.slice(-10));
  });

  test.each<[string, Uint8Array, string[]]>([
    ["a byte that begins no character", Buffer.from([0x61, 0xff, 0x62]), ["a\ufffdb"]],
    ["a character that was cut by the death", Buffer.from("ab€").subarray(0, 4), ["ab\ufffd"]],
    ["one cut by a newline", Buffer.from([0xe2, 0x82, 0x0a, 0x61]), ["\ufffd", "a"]],
    ["Latin-1", Buffer.from("Zürich\n", "latin1"), ["Z\ufffdrich"]],
  ])("are text: %s", (_, bytes, expected) => {
    expect(linesOf(bytes)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ["colours", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m"],
    ["a title for the terminal", "\x1b]0;title\x07", "␛]0;title␇"],
    ["a progress bar", "10%\r20%\r", "10%␍20%"],
    ["NUL and DEL", "a\0b\x7f", "a␀b␡"],
    ["a control character of eight bits", "a\u009b31mb", "a\ufffd31mb"],
    ["a line separator", "a\u2028b\u2029c", "a\ufffdb\ufffdc"],
    ["text that runs backwards", "a\u202eb\u2066c", "a\ufffdb\ufffdc"],
  ])("steer no terminal: %s", (_, text, expected) => {
    expect(linesOf(`${text}\n`)).toEqual([expected]);
  });
});

describe("of more than 2 KB", () => {
  test("the line that lost its start is left out", () => {
    expect(linesOf(`${"x".repeat(KEPT)}\nwhole\n`)).toEqual(["whole"]);
    expect(linesOf("x".repeat(KEPT), "y\n", "whole")).toEqual(["whole"]);
  });

  test("only so much is kept", () => {
    const line = `${"x".repeat(99)}\n`;
    const rest = "y".repeat(KEPT - 3 * line.length);
    expect(linesOf(`${line.repeat(4)}${rest}`)).toEqual([...Array(2).fill("x".repeat(99)), rest]);
  });

  test("what fills it to the last byte has lost nothing", () => {
    const first = "x".repeat(KEPT - 4);
    expect(linesOf(`${first}\nab\n`)).toEqual([first, "ab"]);
    expect(linesOf(`${first}\nabc\n`)).toEqual(["abc"]);
  });

  test.each<[string, string]>([
    ["", ""],
    ["with its newline", "\n"],
    ["with nothing but white space after it", "\n\n \n"],
  ])("a line that is all there is is marked %s", (_, end) => {
    const [line = "", ...others] = linesOf(`${"x".repeat(3 * KEPT)}${end}`);
    expect(line).toBe(`…${"x".repeat(KEPT - end.length)}`);
    expect(others).toEqual([]);
  });

  test.each([["é"], ["€"], ["😀"]])("no part of a character is shown: %s", (character) => {
    for (const shift of ["", "a", "ab", "abc"]) {
      const [line = ""] = linesOf(`${shift}${character.repeat(KEPT)}${shift}`);
      expect(line.replaceAll(character, "")).toBe(`…${shift}`);
    }
  });
});

test("nothing is left of what is forgotten", () => {
  const recent = new Recent();
  recent.clear();
  recent.push(Buffer.from(`${"x".repeat(2 * KEPT)}\nold\n`));
  recent.clear();
  expect(recent.lines()).toEqual([]);
  recent.push(Buffer.from("new"));
  expect(recent.lines()).toEqual(["new"]);
});

test("what was told is not taken away", () => {
  const recent = new Recent();
  recent.push(Buffer.from("one\n"));
  expect(recent.lines()).toEqual(["one"]);
  recent.push(Buffer.from("two\n"));
  expect(recent.lines()).toEqual(["one", "two"]);
});

const output = fc
  .array(
    fc.oneof(
      fc.constantFrom("\n", "\r\n", "\n\n", "a", "é", "😀", "\x1b[0m", "\t"),
      fc.nat(900).map((length) => "x".repeat(length)),
      fc.nat(300).map((length) => "€".repeat(length)),
      fc.uint8Array({ maxLength: 20 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));

test("any chunks give the same as one", () => {
  fc.assert(
    fc.property(chunked(output), (chunks) => {
      expect(linesOf(...chunks)).toEqual(linesOf(Buffer.concat(chunks)));
    }),
    { numRuns: 500 },
  );
});

test("of more than 2 KB the lines after its first newline are told, or else one that is marked", () => {
  fc.assert(
    fc.property(output, (some) => {
      const bytes = Buffer.concat([Buffer.alloc(KEPT + 1, "past "), some]);
      const kept = bytes.subarray(-KEPT);
      const newline = kept.indexOf("\n");
      const whole = newline < 0 ? [] : linesOf(kept.subarray(newline + 1));
      const told = linesOf(bytes);
      if (whole.length > 0) expect(told).toEqual(whole);
      else expect(told.every((line) => line.startsWith("…"))).toBe(true);
      expect(told.length).toBeLessThanOrEqual(10);
      expect(told.join("")).not.toMatch(/(?!\t)\p{Cc}/u);
    }),
    { numRuns: 500 },
  );
});
