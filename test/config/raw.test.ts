import { describe, expect, test } from "vitest";
import { lex } from "../../src/config/dialect.ts";
import { readSections } from "../../src/config/raw.ts";

const file = (path: string, text: string) => lex(text, path);

/** Section to options, as text. */
function textsOf(...texts: string[]): [string, Record<string, string>][] {
  const { sections } = readSections(texts.map((text, index) => file(`${index}.conf`, text)));
  return [...sections].map(([name, { values }]) => [
    name,
    Object.fromEntries([...values].map(([key, { text }]) => [key, text])),
  ]);
}

test("sections keep the order of their first header, also the empty ones", () => {
  expect(textsOf("[10]\n[z]\n[2]\n[a]\n", "[b]\n[z]\n").map(([name]) => name)).toEqual([
    ...["10", "z", "2", "a", "b"],
  ]);
});

test("a section that is written twice is one, and its later values win", () => {
  expect(textsOf("[s]\na=1\nb=1\n[t]\na=t\n[s]\nb=2\nc=2")).toEqual([
    ["s", { a: "1", b: "2", c: "2" }],
    ["t", { a: "t" }],
  ]);
});

test("this holds across files", () => {
  expect(textsOf("[s]\na=1\nb=1", "[t]\n[s]\nb=2")).toEqual([
    ["s", { a: "1", b: "2" }],
    ["t", {}],
  ]);
});

describe("[DEFAULT]", () => {
  test("is none of the sections, and one over all files", () => {
    const { sections, defaults } = readSections([
      file("a.conf", "[s]\na=own\n[DEFAULT]\na=d"),
      file("b.conf", "[DEFAULT]\nb=d\n[t]"),
    ]);
    expect([...sections.keys()]).toEqual(["s", "t"]);
    expect([...(defaults?.values ?? [])]).toMatchObject([
      ["a", { text: "d", file: "a.conf", line: 4 }],
      ["b", { text: "d", file: "b.conf", line: 2 }],
    ]);
  });

  test("is an ordinary section in other letters", () => {
    expect(textsOf("[default]\na=1\n[s]")).toEqual([
      ["default", { a: "1" }],
      ["s", {}],
    ]);
  });
});

test("every section and every value knows the file and line that it came from", () => {
  const { sections } = readSections([
    file("a.conf", "\n\n[s]\na=1\nb=1\n"),
    file("b.conf", "\n[s]\nb=2\n"),
  ]);
  const section = sections.get("s");
  expect(section).toMatchObject({ name: "s", file: "a.conf", line: 3 });
  expect([...(section?.values ?? [])]).toMatchObject([
    ["a", { text: "1", file: "a.conf", line: 4 }],
    ["b", { text: "2", file: "b.conf", line: 3 }],
  ]);
});

test("problems of all files are collected", () => {
  const { problems } = readSections([
    file("a.conf", "[s]\njunk\n"),
    file("b.conf", "junk"),
    file("c.conf", "[s]\na=1"),
  ]);
  expect(problems.map(({ file, line, section }) => [file, line, section])).toEqual([
    ["a.conf", 2, "s"],
    ["b.conf", 1, undefined],
  ]);
});
