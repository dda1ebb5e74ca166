import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnsiStripper } from "../../src/logs/ansi.ts";
import { chunked } from "../support/chunks.ts";
import { available } from "../support/peers.ts";

/** What is left of the chunks, and what comes at the end. */
function strip(chunks: readonly Buffer[]): string {
  const stripper = new AnsiStripper();
  const out = chunks.map((chunk) => Buffer.from(stripper.push(Buffer.from(chunk))));
  return Buffer.concat([...out, stripper.end()]).toString("latin1");
}

const bytes = (text: string) => Buffer.from(text, "latin1");

const cases: [string, string][] = [
  ["", ""],
  ["plain\n", "plain\n"],
  ["\x1b[31mred\x1b[0m\n", "red\n"],
  ["\x1b[38;2;255;100;0;1;4:3mcolour\x1b[m", "colour"],
  ["\x1b[1m\x1b[2m\x1b[3m", ""],
  ["a\x1b[2Jb\x1b[10;20Hc\x1b[Kd\x1b[?25le\x1b[?25hf\x1b[sg\x1b[uh\x1b[!pi", "abcdefghi"],
  ["\xff\x00\x1b[1m\xfe\x9b31m", "\xff\x00\xfe\x9b31m"],
  // An ESC that begins nothing of the kind stays.
  ["\x1b(B \x1b]0;title\x07 \x1b\x1b[1m \x1b", "\x1b(B \x1b]0;title\x07 \x1b \x1b"],
  // Letters that supervisord does not know: the text behind them stays.
  ["\x1b[2Gfoo hello\x1b[1d!\x1b[0 q.", "foo hello!."],
  // Broken off: only their own beginning goes.
  ["\x1b[31\nnext line, whole\n", "\nnext line, whole\n"],
  ["\x1b[3\x1b[1mX", "X"],
  ["\x1b[1\xffm", "\xffm"],
  ["end\x1b[38;5", "end"],
  [`\x1b[${"1;".repeat(1_000)}m`, `${"1;".repeat(1_000)}m`.slice(253)],
];

describe("what is left", () => {
  test.each(cases)("of %j is %j", (given, expected) => {
    expect(strip([bytes(given)])).toBe(expected);
  });

  test.each(cases)("of %j byte by byte is %j", (given, expected) => {
    expect(strip([...bytes(given)].map((byte) => Buffer.of(byte)))).toBe(expected);
  });
});

test("a chunk without any is passed on as it is", () => {
  const chunk = bytes("nothing here\n");
  expect(new AnsiStripper().push(chunk)).toBe(chunk);
});

test("what stands before a sequence is not held back by it, however long it takes to end", () => {
  const stripper = new AnsiStripper();
  const push = (text: string) => stripper.push(bytes(text)).toString("latin1");
  expect(push("Password: \x1b[")).toBe("Password: ");
  expect(push("1")).toBe("");
  expect(push("\n")).toBe("\n");
  const flood = Array.from({ length: 100 }, () => push(`\x1b[${"0".repeat(10_000)}`));
  expect(flood.every((left) => left.length > 9_700)).toBe(true);
});

const anything = fc
  .array(
    fc.constantFrom("\x1b", "[", "1", ";", "m", "\x1b[", "\x1b[0m", "text", "\n", "\xff", "\x00"),
    { maxLength: 80 },
  )
  .map((parts) => bytes(parts.join("")));

test("any chunks give the same bytes", () => {
  fc.assert(
    fc.property(chunked(anything), (chunks) => {
      expect(strip(chunks)).toBe(strip([Buffer.concat(chunks)]));
    }),
  );
});

test("of text without sequences nothing is missing", () => {
  fc.assert(
    fc.property(chunked(anything), (chunks) => {
      const plain = Buffer.concat(chunks).toString("latin1").replaceAll("\x1b[", "");
      fc.pre(!plain.includes("\x1b["));
      expect(strip([bytes(plain)])).toBe(plain);
    }),
  );
});

const sequence = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(..."0123456789;:?<=>"), maxLength: 8 }),
    fc.constantFrom(..."HfABCDRsuJKhlpm"),
  )
  .map(([parameters, letter]) => `\x1b[${parameters}${letter}`);
const text = fc.string({ unit: fc.constantFrom(..."abmHK[]\n\r;1 \xff"), maxLength: 12 });

const supervisordsOwn = `
import json, sys
from supervisor.dispatchers import stripEscapes
given = json.load(sys.stdin)
json.dump([stripEscapes(text.encode("latin1")).decode("latin1") for text in given], sys.stdout)
`;

test.runIf(available("supervisord"))("of whole sequences supervisord leaves the same", () => {
  const output = fc.array(fc.oneof(sequence, text), { maxLength: 20 }).map((all) => all.join(""));
  const given = fc.sample(output, 1_000);
  const input = JSON.stringify(given);
  // The one that its package is installed for.
  const theirs = execFileSync("/usr/bin/python3", ["-c", supervisordsOwn], { input }).toString();
  expect(given.map((one) => strip([bytes(one)]))).toEqual(JSON.parse(theirs));
});
