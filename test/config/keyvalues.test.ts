import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseKeyValues } from "../../src/config/keyvalues.ts";
import { BadValue } from "../../src/config/problems.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";

const pairsOf = (text: string): [string, string][] => Object.entries(parseKeyValues(text));

test.each<[string, [string, string][]]>([
  ["", []],
  [
    "A=1,B=2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  [
    "A = 1 , B = 2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  [
    "A=1,\nB=2,",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  [
    "A=\"1,2\",B='x y'",
    [
      ["A", "1,2"],
      ["B", "x y"],
    ],
  ],
  ['A="a=b\nc"', [["A", "a=b\nc"]]],
  ['A="a"b', [["A", "ab"]]],
  ['A=""', [["A", ""]]],
  ['A="x\\"y\\\\z\\n"', [["A", 'x"y\\z\\n']]],
  ["A='x\\y'", [["A", "x\\y"]]],
  ["A=x\\,y", [["A", "x,y"]]],
  ["A=/usr/bin:/bin", [["A", "/usr/bin:/bin"]]],
  ["A=http://x:80/y", [["A", "http://x:80/y"]]],
  ["A=é-1.5+(x)", [["A", "é-1.5+(x)"]]],
  ["A=x#y", [["A", "x"]]],
  [
    "A=1 # no\n,B=2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  ["A=1,A=2", [["A", "2"]]],
  [
    "__proto__=1,constructor=2",
    [
      ["__proto__", "1"],
      ["constructor", "2"],
    ],
  ],
  ["A=\u{1f40e}", [["A", "\u{1f40e}"]]],
  [
    "A=\u0436\u0443\u043a,B=\u65e5\u672c,C=e\u0301a",
    [
      ["A", "\u0436\u0443\u043a"],
      ["B", "\u65e5\u672c"],
      ["C", "e\u0301a"],
    ],
  ],
  [
    "A=1\u00a0B=2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  // supervisord's quirks
  [
    "A=1;B=2",
    [
      ["A", "1"],
      ["B", "2"],
    ],
  ],
  ["A=a b", [["A", "a"]]],
  ["A=~x", [["A", "~"]]],
  ["A==1", [["A", "="]]],
])("%j gives %j", (text, pairs) => {
  expect(pairsOf(text)).toEqual(pairs);
});

test.each<[string, [string, string][]]>([
  ["A=it's", [["A", "it's"]]],
  [
    "A=it's,B=2",
    [
      ["A", "it's"],
      ["B", "2"],
    ],
  ],
  ['A="C:\\dir\\"', [["A", "C:\\dir\\"]]],
  [
    'A="C:\\dir\\",B="x"',
    [
      ["A", "C:\\dir\\"],
      ["B", "x"],
    ],
  ],
])("%j, which supervisord 4.4 refuses, is as in 4.2.5", (text, pairs) => {
  expect(pairsOf(text)).toEqual(pairs);
});

describe("refused", () => {
  test.each([
    ["A"],
    ["A="],
    ["A=a@b"],
    ["A=a=b"],
    ["A=1 B=2"],
    ["A=1\nB=2"],
    ["A=1,,B=2"],
    ["A=http://x:80/y?z"],
    ["A='x"],
    ["A=1,B='x"],
    ["A=x\\"],
  ])("%j", (text) => {
    expect(() => parseKeyValues(text)).toThrow(BadValue);
  });

  test("the message says after which pair, and shows nothing of it", () => {
    const refusal = () => parseKeyValues("USER=web,PASSWORD=a-secret@too,B=1");
    expect(refusal).toThrow(/after pair 2/);
    expect(refusal).not.toThrow(/PASSWORD|secret|too/);
  });
});

/** What supervisord does, on Python's own shlex. */
const program = `
import shlex
def parse_as_of_425(text):
    lexer = shlex.shlex(text)
    lexer.wordchars += "/.+-():"
    try:
        tokens = list(lexer)
    except ValueError:
        return "refused"
    pairs = {}
    for i in range(0, len(tokens), 4):
        pair = tokens[i:i + 3]
        if len(pair) != 3 or pair[1] != "=":
            return "refused"
        pairs[pair[0]] = pair[2].strip("'\\"")
    return pairs
def parse(text):
    lexer = shlex.shlex(text, posix=True)
    lexer.wordchars += "/.+-():"
    try:
        tokens = list(lexer)
    except ValueError as error:
        return parse_as_of_425(text) if "closing" in str(error) else "refused"
    pairs = {}
    for i in range(0, len(tokens), 4):
        pair = tokens[i:i + 3]
        if len(pair) != 3 or pair[1] != "=":
            return "refused"
        pairs[pair[0]] = pair[2]
    return pairs
answer = [parse(text) for text in given]
`;

function parseByDrover(text: string): unknown {
  try {
    // As an object: what comes first is no part of an environment.
    return { ...parseKeyValues(text) };
  } catch (error) {
    if (error instanceof BadValue) return "refused";
    throw error;
  }
}

testWithPython(
  `drover reads environment= as Python's shlex makes supervisord read it${needsPython}`,
  () => {
    const piece = fc.constantFrom(
      ...["a", "1", "_", "é", "/", ".", ":", "(", "-", " ", "\n", "\t", ",", ";", "="],
      ...["@", "#", "'", '"', "\\", "''", '"x,y"', "'x y'", "\r", "\f", "\u00a0", "\u00f7"],
      ...["\u{1f40e}", "\ud800", "\u2028", "\ufeff", "\u00df"],
    );
    const value = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
    const pair = fc
      .tuple(fc.constantFrom("A", "B", "C"), fc.constantFrom("=", " = ", "", "=="), value)
      .map((parts) => parts.join(""));
    const text = fc
      .array(fc.tuple(pair, fc.constantFrom(",", " , ", ",\n", ";", " ", "")), {
        minLength: 1,
        maxLength: 3,
      })
      .map((pairs) => pairs.flat().join(""));
    const texts = fc.sample(text, 5_000);
    const byPython = askPython(program, texts) as unknown[];
    const all = (answers: unknown[]) => texts.map((own, index) => [own, answers[index]]);
    expect(all(texts.map(parseByDrover))).toEqual(all(byPython));
    expect(byPython.filter((answer) => answer !== "refused").length).toBeGreaterThan(700);
  },
);
