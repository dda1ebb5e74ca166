import { describe, expect, test } from "vitest";
import {
  badValue,
  ConfigError,
  formatProblem,
  type Problem,
  quote,
  suggest,
} from "../../src/config/problems.ts";

const problem: Problem = { severity: "error", file: "a.conf", line: 12, message: "bad" };

test.each<[string, Partial<Problem>]>([
  ["a.conf:12: bad", {}],
  ["a.conf: bad", { line: 0 }],
  ["a.conf:12 [program:web]: bad", { section: "program:web" }],
  ["a.conf:12 [program:web] startsecs: bad", { section: "program:web", option: "startsecs" }],
])("a problem reads %j", (expected, own) => {
  expect(formatProblem({ ...problem, ...own })).toBe(expected);
});

test("a refused configuration says everything that is wrong, a line each, in the order of the files", () => {
  const at = (file: string, line: number): Problem => ({ ...problem, file, line });
  const error = new ConfigError([
    at("b.conf", 2),
    at("a.conf", 12),
    at("a.conf", 3),
    at("b.conf", 1),
  ]);
  expect(error.message).toBe("a.conf:3: bad\na.conf:12: bad\nb.conf:1: bad\nb.conf:2: bad");
  expect(error.problems.map(({ line }) => line)).toEqual([3, 12, 1, 2]);
});

test.each<[string, string]>([
  ["soon", '"soon"'],
  ["two\nlines", '"two\\nlines"'],
  ["x".repeat(120), `"${"x".repeat(120)}"`],
  ["x".repeat(121), `"${"x".repeat(120)}…"`],
])("a value is shown on one line and not at length: %j", (text, shown) => {
  expect(quote(text)).toBe(shown);
});

test("a refused value says what was expected and what came", () => {
  expect(badValue("a number", "x").message).toBe('expected a number, got "x"');
});

describe("did you mean", () => {
  const known = [
    "command",
    "startsecs",
    "startretries",
    "stdout_logfile",
    "stderr_logfile",
    "user",
  ];

  test.each<[string, string]>([
    ["comand", "command"],
    ["startsec", "startsecs"],
    ["start_secs", "startsecs"],
    ["stdout_log", ""],
    ["stdot_logfile", "stdout_logfile"],
    ["use", "user"],
    ["usr", "user"],
    ["xx", ""],
    ["x", ""],
    ["numprocs", ""],
  ])("%s -> %s", (name, expected) => {
    expect(suggest(name, known)).toBe(expected && `; did you mean "${expected}"?`);
  });

  test("the nearest name is meant, not the first near one", () => {
    expect(suggest("stdeer_logfile", known)).toContain('"stderr_logfile"');
  });
});
