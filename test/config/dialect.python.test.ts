import fc from "fast-check";
import { expect } from "vitest";
import { lex } from "../../src/config/dialect.ts";
import { readSections } from "../../src/config/raw.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";

const program = `
import configparser, io
def read(text):
    parser = configparser.RawConfigParser(
        strict=False, inline_comment_prefixes=(";", "#"), interpolation=None)
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        return "refused"
    return [[name, sorted(parser.items(name))] for name in parser.sections()]
answer = [read(text) for text in given]
`;

const piece = fc.constantFrom(
  ...[
    "a",
    "b",
    "x",
    "é",
    "1",
    "=",
    ":",
    " = ",
    ";",
    "#",
    " ;",
    " #",
    "\t",
    " ",
    "\u00a0",
    "\u0085",
    "\u001c",
    "\ufeff",
    "\u2028",
  ],
  ...["[", "]", "[]", '"', "'", "\\", "%", "%%", ".", "__proto__", "constructor", "true"],
);
const rest = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const indent = fc.constantFrom("", "", "", " ", "  ", "\t");
const name = fc.constantFrom("a", "B", "a.b", "two words", "__proto__", "constructor", "c[]");
const header = fc.constantFrom("s", "t", "S", " s ", "a.b", "program:a", "DEFAULT", "a]b", "a;b");
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(indent, name, fc.constantFrom("=", ":", " = "), rest) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(" ", "   ", "\t\t"), rest) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      indent,
      header.map((own) => `[${own}]`),
      fc.constantFrom("", "x", " ; c"),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(indent, fc.constantFrom("#", ";", ""), rest) },
  { weight: 1, arbitrary: fc.constantFrom([""], ["  "]) },
  { weight: 1, arbitrary: fc.tuple(indent, rest) },
);
const text = fc
  .tuple(
    fc.constantFrom("[s]\n", "[s]\n", "[s]\n", "  [s]\n", ""),
    fc.array(fc.tuple(line, fc.constantFrom("\n", "\n", "\r\n", "\r")), {
      minLength: 1,
      maxLength: 10,
    }),
  )
  .map(([start, lines]) => start + lines.map(([parts, end]) => parts.join("") + end).join(""));

function readByDrover(given: string): unknown {
  const { sections, defaults, problems } = readSections([lex(given, "c.conf")]);
  if (problems.length > 0) return "refused";
  return [...sections].map(([section, { values }]) => [
    section,
    [...new Map([...(defaults?.values ?? []), ...values])]
      .map(([key, value]) => [key, value.text])
      .sort(byCodeUnits),
  ]);
}

const byCodeUnits = ([a = ""]: string[], [b = ""]: string[]): number => (a < b ? -1 : 1);

testWithPython(`drover reads a file as Python's configparser does${needsPython}`, () => {
  const texts = fc.sample(text, 1_500);
  const byPython = askPython(program, texts);
  const all = (answers: unknown[]) => texts.map((own, index) => [own, answers[index]]);
  expect(all(texts.map(readByDrover))).toEqual(all(byPython as unknown[]));
  // Most texts are files that can be read, or this would compare refusals.
  expect((byPython as unknown[]).filter((answer) => answer !== "refused").length).toBeGreaterThan(
    300,
  );
});
