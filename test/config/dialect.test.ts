import fc from "fast-check";
import { parse as parseIni } from "ini";
import { describe, expect, test } from "vitest";
import { decodeName, type Lexed, lex, toIni } from "../../src/config/dialect.ts";

/** The options of [s], as name and value, after the whole way through the `ini` package. */
function optionsOf(body: string): Record<string, string> {
  const lexed = lex(`[s]\n${body}`, "c.conf");
  expect(lexed.problems).toEqual([]);
  return Object.fromEntries(read(lexed).get("s") ?? []);
}

function read(lexed: Lexed): Map<string, Map<string, string>> {
  const parsed: Record<string, Record<string, unknown>> = parseIni(toIni(lexed, 7));
  return new Map(
    Object.entries(parsed).map(([section, options]) => [
      decodeName(section),
      new Map(
        Object.entries(options).map(([key, value]) => [
          decodeName(key),
          lexed.entries[Number(value) - 7]?.text ?? "",
        ]),
      ),
    ]),
  );
}

describe("options", () => {
  test.each<[string, Record<string, string>]>([
    ["a=1", { a: "1" }],
    ["  A  =  1  ", { a: "1" }],
    ["a: 1", { a: "1" }],
    ["f:g=h", { f: "g=h" }],
    ["a = b = c", { a: "b = c" }],
    ["two words=1", { "two words": "1" }],
    ["a=", { a: "" }],
    ["a='1' \"2\"", { a: "'1' \"2\"" }],
    ['a="x"', { a: '"x"' }],
    ["a=true\nb=null\nc=08", { a: "true", b: "null", c: "08" }],
    ["a=\\;x\\", { a: "\\;x\\" }],
    ["a=1\nb=2\na=3", { a: "3", b: "2" }],
    ["[program:a", { "[program": "a" }],
    [
      "a[]=1\nb.c=2\n__proto__=3\nconstructor=4",
      { "a[]": "1", "b.c": "2", constructor: "4", ["__proto__"]: "3" },
    ],
    ["é=ü\u{1f600}", { é: "ü\u{1f600}" }],
    ["a=x\u2028y", { a: "x\u2028y" }],
    ["a=1\r\nb=2\rc=3", { a: "1", b: "2", c: "3" }],
  ])("%j", (body, expected) => {
    expect(optionsOf(body)).toEqual(expected);
  });
});

describe("comments", () => {
  test.each<[string, Record<string, string>]>([
    ["# b=2\n ; c=3\na=1", { a: "1" }],
    ["a=b;c", { a: "b;c" }],
    ["a=b ;c", { a: "b" }],
    ["a=b\t#c", { a: "b" }],
    ["a=;", { a: ";" }],
    ["a= ;x", { a: "" }],
    ["a='x ; y'", { a: "'x" }],
    ["a=b;c ;d # e", { a: "b;c ;d" }],
    ["a=b#c #d", { a: "b#c" }],
    ["a=b;c;d ;e", { a: "b;c;d" }],
    ["command=bash -c 'a ; b'", { command: "bash -c 'a" }],
  ])("%j", (body, expected) => {
    expect(optionsOf(body)).toEqual(expected);
  });
});

describe("values over several lines", () => {
  test.each<[string, Record<string, string>]>([
    ["a=1\n 2\n\t3  ", { a: "1\n2\n3" }],
    ["a=1\n  b=2\n  [t]", { a: "1\nb=2\n[t]" }],
    ["a=\n  x\n  y", { a: "\nx\ny" }],
    ["a=1\n\n  3", { a: "1\n\n3" }],
    ["a=1\n\n\n", { a: "1" }],
    ["a=1\n  2 ; no\n  # no\n  ;no\n  3", { a: "1\n2\n3" }],
    ["  a=1\n    2\n  b=3", { a: "1\n2", b: "3" }],
    ["  a=1\nb=2", { a: "1", b: "2" }],
  ])("%j", (body, expected) => {
    expect(optionsOf(body)).toEqual(expected);
  });

  test("a header can not be continued: what is indented under it is an option", () => {
    expect(optionsOf("[t]\n  a=1")).toEqual({});
    expect(read(lex("[t]\n  a=1", "c.conf")).get("t")).toEqual(new Map([["a", "1"]]));
  });
});

test.each<[string, string]>([
  ["[program:a]", "program:a"],
  ["[program:a]x", "program:a"],
  ["[program:a] ; comment", "program:a"],
  ["[a]b]", "a]b"],
  ["[ s ]", " s "],
  ["[S.t.u]", "S.t.u"],
  ["   [s]", "s"],
  ["[__proto__]", "__proto__"],
  ["[constructor]", "constructor"],
  ["[s\u2028t]", "s\u2028t"],
])("the header %j opens the section %j", (header, name) => {
  const lexed = lex(`${header}\na=1\n`, "c.conf");
  expect(lexed.problems).toEqual([]);
  expect(lexed.sections).toEqual([{ name, line: 1 }]);
  expect(read(lexed)).toEqual(new Map([[name, new Map([["a", "1"]])]]));
});

test("every option and every header has its line", () => {
  const { entries, sections } = lex("\n[s]\n# no\na=1\n  2\n\nb=3\r\n[t]\rc=4", "c.conf");
  expect(sections).toEqual([
    { name: "s", line: 2 },
    { name: "t", line: 8 },
  ]);
  expect(entries.map(({ section, key, file, line }) => [section, key, file, line])).toEqual([
    ["s", "a", "c.conf", 4],
    ["s", "b", "c.conf", 7],
    ["t", "c", "c.conf", 9],
  ]);
});

describe("what cannot be read", () => {
  test.each<[string, number[]]>([
    ["[s]\njunk\na=1\n=v\n: v", [2, 4, 5]],
    ["[s]\n[]", [2]],
    ["\n\njunk\n[s]\nmore junk", [3]],
    ["a=1", [1]],
    ["\ufeff[s]\na=1", [1]],
  ])("%j has errors in the lines %j", (text, lines) => {
    const { problems } = lex(text, "c.conf");
    expect(problems.map(({ line }) => line)).toEqual(lines);
    for (const { file, severity } of problems) {
      expect({ file, severity }).toEqual({ file: "c.conf", severity: "error" });
    }
  });

  test("an error names its section and shows nothing of the line, which may be a secret", () => {
    const [problem] = lex("[s]\n  junk  ", "c.conf").problems;
    expect(problem).toMatchObject({ section: "s", message: expect.not.stringContaining("junk") });
  });
});

const awkward = fc.constantFrom(
  ...["__proto__", "constructor", "toString", "[]", ".", "=", ";", "#", '"', "'", "\\", "\n", "\r"],
  ...["%", "%2E", "[", "]", ":", " ", "\t", "\u00a0", "\u2028", "\u2029", "\u0000", "\u0085"],
  ...["true", "null", "1", "é", "İ", "\u{1f600}"],
);
const anyText = fc
  .array(fc.oneof(awkward, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 8 })
  .map((parts) => parts.join(""));

test("the ini package gives back every name and every value, letter by letter", () => {
  const option = fc.tuple(anyText, anyText);
  const section = fc.tuple(anyText, fc.array(option, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(section, { maxLength: 4 }), (all) => {
      const lexed: Lexed = { file: "f", entries: [], sections: [], problems: [] };
      const expected = new Map<string, Map<string, string>>();
      for (const [name, options] of all) {
        lexed.sections.push({ name, line: 1 });
        const own = expected.get(name) ?? new Map<string, string>();
        expected.set(name, own);
        for (const [key, value] of options) {
          lexed.entries.push({ section: name, key, text: value, file: "f", line: 1 });
          own.set(key, value);
        }
      }
      expect(read(lexed)).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("any text gives sections or problems with a place, and no exception", () => {
  fc.assert(
    fc.property(anyText, anyText, fc.boolean(), (first, second, inSection) => {
      const text = inSection ? `[s]\n${first}\n${second}` : `${first}\n${second}`;
      const lexed = lex(text, "c.conf");
      const lines = text.split(/\r\n|\n|\r/).length;
      for (const { file, line, message } of lexed.problems) {
        expect(file).toBe("c.conf");
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(message).not.toMatch(/[\r\n]/);
      }
      expect([...read(lexed).keys()]).toEqual([...new Set(lexed.sections.map(({ name }) => name))]);
    }),
    { numRuns: 1_000 },
  );
});

// As regular expressions would have it, each of these takes hours.
test.each<[string, string]>([
  ["white space inside a value", `a=x${" ".repeat(1_000_000)}y`],
  ["white space inside a name", `a${"\u00a0".repeat(1_000_000)}b=1`],
  ["blank lines inside a value", `a=x\n${"\n".repeat(300_000)} y`],
  ["marks that start no comment", `a=x${";".repeat(300_000)}${"#".repeat(300_000)}`],
])("%s may be long", (_, body) => {
  expect(Object.values(optionsOf(body)).join("").length).toBeGreaterThan(0);
});

test("half a surrogate pair is replaced in names and values alike", () => {
  const lexed = lex("[s\ud800]\na\udc00=x\ud800y", "c.conf");
  expect(lexed.sections).toEqual([{ name: "s\ufffd", line: 1 }]);
  expect(read(lexed)).toEqual(new Map([["s\ufffd", new Map([["a\ufffd", "x\ufffdy"]])]]));
});
