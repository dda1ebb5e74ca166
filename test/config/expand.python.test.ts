import fc from "fast-check";
import { expect } from "vitest";
import { expand } from "../../src/config/expand.ts";
import { BadValue } from "../../src/config/problems.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";

type Value = string | number;

const program = `
def expand(text, names):
    try:
        return text % names
    except (KeyError, ValueError, TypeError, OverflowError):
        return ["refused"]
answer = [expand(text, dict(names)) for text, names in given]
`;

function expandByDrover(text: string, names: readonly [string, Value][]): unknown {
  try {
    return expand(text, new Map(names));
  } catch (error) {
    if (error instanceof BadValue) return ["refused"];
    throw error;
  }
}

/** Compares every case, in one run of Python. @returns how many of them Python took */
function compare(cases: readonly (readonly [string, [string, Value][]])[]): number {
  const byPython = askPython(program, cases) as unknown[];
  const all = (answers: unknown[]) => cases.map((own, index) => [...own, answers[index]]);
  expect(all(cases.map(([text, names]) => expandByDrover(text, names)))).toEqual(all(byPython));
  return byPython.filter((answer) => typeof answer === "string").length;
}

const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 7, -3, 15, 25, 35, 65, 99, 995, 999_999, 1_000_000, 9_999_995),
  fc.constantFrom(0x7e, 0xe9, 0xd800, 0x1f40e, 0x10ffff, 0x110000),
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.maxSafeInteger(),
);
const character = fc.oneof(
  fc.constantFrom("a", "z", " ", "'", '"', "\\", "%", "(", ")", "s"),
  fc.constantFrom("\t", "\n", "\r", "\0", "\x1b", "\x7f", "\x80", "\u00a0", "\u00ad", "\u00e9"),
  fc.constantFrom("\u0301", "\u2028", "\u3000", "\ufeff", "\ue000", "\u{1f40e}", "\u{10ffff}"),
  fc.constantFrom("\u0660", "\u0436", "\u65e5", "\ud800", "\udc00"),
);
const string = fc.array(character, { maxLength: 5 }).map((characters) => characters.join(""));

const names = fc
  .tuple(number, number, string, string, string)
  .map(([n, m, t, u, v]): [string, Value][] => [
    ["n", n],
    ["m", m],
    ["t", t],
    ["u", u],
    ["", v],
    ["one", "x"],
    ["a(b)c", "nested"],
    ["()", 12],
    [" n", "space"],
    ["__proto__", "prototype"],
  ]);

const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("n", "m", "t", "u") },
  { weight: 2, arbitrary: fc.constantFrom("", "one", "a(b)c", "()", " n", "__proto__") },
  { weight: 1, arbitrary: fc.constantFrom("nope", "constructor", "(", "a(b", "n)", "%(n)s", "N") },
);
const flags = fc.array(fc.constantFrom("-", "0", "+", " ", "#"), { maxLength: 3 });
const width = fc.constantFrom("", "", "", "1", "5", "12", "30", "0", "007");
const precision = fc.constantFrom("", "", "", ".", ".0", ".1", ".2", ".5", ".16", ".05", ".130");
const length = fc.constantFrom("", "", "", "", "", "h", "l", "L", "ll");
const conversion = fc.constantFrom(..."sssrradiuoxXeEfFgGgc", ..."dofge");
const placeholder = fc
  .tuple(key, flags, width, precision, length, conversion)
  .map(
    ([own, marks, wide, precise, modifier, type]) =>
      `%(${own})${marks.join("")}${wide}${precise}${modifier}${type}`,
  );
const literal = fc.constantFrom("", "!", "a", "%%", "%%%%", "\u00e9", "\n", ")", "(", "s", "5");

testWithPython(`drover expands well-formed placeholders as Python's % does${needsPython}`, () => {
  const text = fc
    .array(fc.oneof({ weight: 3, arbitrary: placeholder }, literal), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(""));
  const taken = compare(fc.sample(fc.tuple(text, names), 6_000));
  expect(taken).toBeGreaterThan(1_500);
});

testWithPython(`drover expands numbers as Python's % does${needsPython}`, () => {
  const own = fc
    .tuple(flags, width, precision, fc.constantFrom(..."diuoxXeEfFgGcsra"))
    .map(([marks, wide, precise, type]) => `%(n)${marks.join("")}${wide}${precise}${type}|`);
  const taken = compare(
    fc.sample(
      fc.tuple(
        own,
        number.map((n): [string, Value][] => [["n", n]]),
      ),
      6_000,
    ),
  );
  expect(taken).toBeGreaterThan(5_000);
});

testWithPython(`drover refuses what Python's % refuses${needsPython}`, () => {
  const piece = fc.constantFrom(
    ..."%%%%((())nt-0+ #.*59hlLsdrcx%",
    ...["%(", "%(n)", "%(t)", ")s", "%%", "%(n)d", "%(t)s", "\u{1f40e}"],
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(""));
  // Python writes out the whole mapping for a placeholder without a name; drover refuses.
  const dumps = /%[-+ #0]*\d*(?:\.\d*)?[hlL]?[sra]/;
  const cases = fc.sample(fc.tuple(text, names), 8_000).filter(([own]) => !dumps.test(own));
  expect(compare(cases)).toBeGreaterThan(200);
});
