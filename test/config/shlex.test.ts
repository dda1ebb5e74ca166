import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BadValue } from "../../src/config/problems.ts";
import { splitCommand } from "../../src/config/shlex.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";

test.each<[string, string[]]>([
  ["/bin/cat", ["/bin/cat"]],
  ["  a  b\tc\nd  ", ["a", "b", "c", "d"]],
  ["", []],
  ["'a b' \"c d\"", ["a b", "c d"]],
  ["a'b'\"c\"d", ["abcd"]],
  ["'' \"\"", ["", ""]],
  ["a\\ b \\\\ \\'", ["a b", "\\", "'"]],
  ["'a\\b' 'a\"b'", ["a\\b", 'a"b']],
  ['"a\\"b" "a\\\\b" "a\\nb" "a\'b"', ['a"b', "a\\b", "a\\nb", "a'b"]],
  ["a;b|c $X * # ~", ["a;b|c", "$X", "*", "#", "~"]],
])("%j is split into %j", (command, words) => {
  expect(splitCommand(command)).toEqual(words);
});

describe("a command that does not end", () => {
  test.each<[string, string]>([
    ["a 'b", "No closing quotation"],
    ['a "b\\"', "No closing quotation"],
    ["a \\", "No escaped character"],
    ['a "b\\', "No escaped character"],
  ])("%j: %s", (command, message) => {
    expect(() => splitCommand(command)).toThrow(new BadValue(message));
  });
});

const program = `
import shlex
def split(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        return str(error)
answer = [split(text) for text in given]
`;

function splitByDrover(command: string): unknown {
  try {
    return splitCommand(command);
  } catch (error) {
    if (error instanceof BadValue) return error.message;
    throw error;
  }
}

testWithPython(`drover splits a command as Python's shlex.split does${needsPython}`, () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    " ",
    "\t",
    "\n",
    "'",
    '"',
    "\\",
    "#",
    "$",
    "é",
    "\u00a0",
    "\r",
    "\f",
    "\u{1f40e}",
    "\ud800",
    "\u2028",
  );
  const command = fc.array(piece, { minLength: 1, maxLength: 14 }).map((pieces) => pieces.join(""));
  const commands = fc.sample(command, 5_000);
  const byPython = askPython(program, commands) as unknown[];
  const all = (answers: unknown[]) => commands.map((own, index) => [own, answers[index]]);
  expect(all(commands.map(splitByDrover))).toEqual(all(byPython));
  expect(byPython.filter(Array.isArray).length).toBeGreaterThan(500);
});
