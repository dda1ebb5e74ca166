import { expect, test } from "vitest";
import { boolean, integer, text } from "../../src/config/kinds.ts";
import type { Problem } from "../../src/config/problems.ts";
import { readSections } from "../../src/config/raw.ts";
import { option, readOptions, required, warnUnknown } from "../../src/config/table.ts";
import { machine } from "../support/configuration.ts";

const table = {
  command: option<string>({ kind: text, default: required, doc: "" }),
  count: option({ kind: integer, default: 7, doc: "" }),
  quick: option({ kind: boolean, default: true, doc: "" }),
};

function section(body: string) {
  const found = readSections([{ path: "a.conf", text: `[s]\n${body}` }]).sections.get("s");
  if (!found) throw new Error("there is a section");
  return found;
}

function read(body: string) {
  const problems: Problem[] = [];
  const names = (name: string, file: string) => new Map([["option", `${name} of ${file}`]]);
  const values = readOptions(table, section(body), names, { facts: machine, problems });
  return { values, problems };
}

test("options that are not set have their defaults", () => {
  expect(read("command=x")).toEqual({
    values: { command: "x", count: 7, quick: true },
    problems: [],
  });
});

test("values are expanded with the names of their option and file, then read", () => {
  const { values } = read("command=%(option)s\ncount=1%%"); // what is expanded is read
  expect(values.command).toBe("command of a.conf");
  expect(read("command=x\ncount= 12 \nquick=no").values).toEqual({
    command: "x",
    count: 12,
    quick: false,
  });
});

test("one pass finds every mistake, each at its own line", () => {
  const { values, problems } = read("\ncount=many\nquick=%(nope)s");
  expect(values).toEqual({ command: undefined, count: 7, quick: true });
  const error = { severity: "error", file: "a.conf", section: "s" };
  expect(problems).toEqual([
    { ...error, line: 1, option: "command", message: expect.stringContaining("required") },
    { ...error, line: 3, option: "count", message: expect.stringContaining('"many"') },
    { ...error, line: 4, option: "quick", message: expect.stringContaining("%(nope)s") },
  ]);
});

test("an option that nobody knows is a warning, with the name that was meant", () => {
  const problems: Problem[] = [];
  warnUnknown(table, section("command=x\nconut=1\nconstructor=2"), problems);
  expect(problems).toMatchObject([
    { severity: "warning", file: "a.conf", line: 3, section: "s", option: "conut" },
    { severity: "warning", line: 4, option: "constructor" },
  ]);
  expect(problems[0]?.message).toContain('did you mean "count"?');
});
