import { expect, test } from "vitest";
import { lex } from "../../src/config/dialect.ts";
import { integer } from "../../src/config/kinds/numbers.ts";
import { boolean, text } from "../../src/config/kinds/words.ts";
import type { Problem } from "../../src/config/problems.ts";
import { readSections } from "../../src/config/raw.ts";
import { option, readOptions, required, warnUnknown } from "../../src/config/table.ts";
import { machine } from "../support/configuration.ts";

const table = {
  command: option({ kind: text, default: required, names: "program", doc: "" }),
  count: option({ kind: integer, default: "7", doc: "" }),
  quick: option({ kind: boolean, default: "true", doc: "" }),
  log: option({ kind: text, default: undefined, twice: true, doc: "" }),
  name: option({ kind: text, default: undefined, always: true, names: "program", doc: "" }),
};

function section(body: string) {
  const found = readSections([lex(`[s]\n${body}`, "a.conf")]).sections.get("s");
  if (!found) throw new Error("there is a section");
  return found;
}

function read(body: string) {
  const problems: Problem[] = [];
  const known = {
    env: { HOME: "/root" },
    values: { program_name: "p" },
    hereEverywhere: false,
    cwd: "/srv",
  };
  const reading = { section: section(body), known, names: "here" as const };
  return { values: readOptions(table, reading, { facts: machine, problems }), problems };
}

test("options that are not set have their defaults", () => {
  expect(read("command=x")).toEqual({
    values: { command: "x", count: 7, quick: true, log: undefined, name: undefined },
    problems: [],
  });
});

test("values are expanded with the names of their row, or else of their section, then read", () => {
  const { values } = read("command=%(program_name)s of %(here)s\nlog=%(here)s\ncount= 12 ");
  expect(values).toMatchObject({ command: "p of /srv", log: "/srv", count: 12 });
  expect(read("command=x\nlog=%(program_name)s").problems).toMatchObject([{ option: "log" }]);
});

test("what is expanded twice needs four percent signs for one", () => {
  expect(read("command=x%%\nlog=x%%%%").values).toMatchObject({ command: "x%", log: "x%" });
});

test("expand=no takes values as they stand, but for those that are always expanded", () => {
  const { values, problems } = read("expand=no\ncommand=date +%Y\nlog=%%\nname=%(program_name)s");
  expect(problems).toEqual([]);
  expect(values).toMatchObject({ command: "date +%Y", log: "%%", name: "p" });
});

test("one pass finds every mistake, each at its own line", () => {
  const { values, problems } = read("\ncount=many\nquick=%(nope)s");
  expect(values).toMatchObject({ command: undefined, count: 7, quick: true });
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
