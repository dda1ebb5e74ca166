import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { glob } from "../../src/os/glob.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A folder with these files; a name with a slash makes folders too. */
function folderWith(...files: string[]): string {
  const folder = temporaryFolder();
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), "");
  }
  return folder;
}

const files = [
  "b.ini",
  "a.ini",
  "B.ini",
  "a.conf",
  "10.ini",
  ".hidden.ini",
  "d/x.ini",
  "d/e/y.ini",
];

test.each<[string, string[]]>([
  ["*.ini", ["10.ini", "B.ini", "a.ini", "b.ini"]],
  ["?.ini", ["B.ini", "a.ini", "b.ini"]],
  ["[ab].ini", ["a.ini", "b.ini"]],
  ["[!ab].ini", ["B.ini"]],
  ["[a-z].ini", ["a.ini", "b.ini"]],
  ["a.*", ["a.conf", "a.ini"]],
  ["a.ini", ["a.ini"]],
  ["nothing", []],
  ["nothing*", []],
  ["aXini", []],
  [".*.ini", [".hidden.ini"]],
  ["*/x.ini", ["d/x.ini"]],
  ["d/*", ["d/e", "d/x.ini"]],
  ["**/y.ini", []],
  ["*/*/y.ini", ["d/e/y.ini"]],
  ["a.ini/*", []],
])("%s matches %j", (pattern, expected) => {
  const folder = folderWith(...files);
  const found = glob(path.join(folder, pattern));
  expect(found).toEqual(expected.map((file) => path.join(folder, file)));
});

test.each<[string, string[], string[]]>([
  ["[]]", ["]", "a"], ["]"]],
  ["[!]]", ["]", "a"], ["a"]],
  ["[a", ["[a", "a"], ["[a"]],
  ["[*]", ["*", "a"], ["*"]],
  ["[\\^a]", ["^", "\\", "a", "b"], ["\\", "^", "a"]],
  ["a+(b).{1}|$", ["a+(b).{1}|$", "aab"], ["a+(b).{1}|$"]],
  ["a*\u{1f600}?", ["a\u{1f600}\u{1f600}", "a"], ["a\u{1f600}\u{1f600}"]],
  ["a*z", ["a\nz", "az"], ["a\nz", "az"]],
  ["[z-a]*", ["a", "z"], []],
  ["[!]", ["[!]", "a"], ["[!]"]],
  ["[]", ["[]", "a"], ["[]"]],
])("odd names are matched letter by letter: %j among %j", (pattern, names, expected) => {
  const folder = folderWith(...names);
  expect(glob(path.join(folder, pattern))).toEqual(expected.map((name) => path.join(folder, name)));
});

testWithPython(`drover finds what Python's glob finds${needsPython}`, () => {
  const folder = folderWith(
    "a",
    "b",
    "ab",
    "ba",
    "a-b",
    "[",
    "]",
    "[a]",
    "!",
    "^",
    "\\",
    ".a",
    "-",
  );
  const piece = fc.constantFrom(
    ...[
      "a",
      "b",
      "*",
      "?",
      "[",
      "]",
      "!",
      "^",
      "\\",
      ".",
      "[ab]",
      "[!a]",
      "[a-b]",
      "[b-a]",
      "[]",
      "[!]",
    ],
  );
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.join(""))
    .filter((own) => ![".", ".."].includes(own));
  const patterns = fc.sample(pattern, 1_000);
  const program = `
import glob
answer = [sorted(glob.glob(pattern)) for pattern in given]
`;
  const absolute = patterns.map((own) => path.join(folder, own));
  const byPython = askPython(program, absolute) as unknown[];
  const globbed = (own: string): unknown => {
    try {
      return glob(own);
    } catch (error) {
      return String(error);
    }
  };
  const all = (answers: unknown[]) => patterns.map((own, index) => [own, answers[index]]);
  expect(all(absolute.map(globbed))).toEqual(all(byPython));
});

test("many stars and a long name are no riddle", () => {
  const long = "a".repeat(250);
  const folder = folderWith(long);
  expect(glob(`${folder}/${"*a".repeat(30)}*b`)).toEqual([]);
  expect(glob(`${folder}/${"*a".repeat(30)}*`)).toEqual([path.join(folder, long)]);
});

test("folders that cannot be read have no files: a link to itself, a name that is too long", () => {
  const folder = folderWith("a.ini");
  symlinkSync("loop", path.join(folder, "loop"));
  expect(glob(`${folder}/loop/*`)).toEqual([]);
  expect(glob(`${folder}/loop/*/*`)).toEqual([]);
  expect(glob(`${folder}/${"x".repeat(300)}/*`)).toEqual([]);
});
