import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Facts } from "../../src/config/facts.ts";
import { loadConfig } from "../../src/config/load.ts";
import { loadCtlConfig } from "../../src/config/loadctl.ts";
import { ConfigError, type Problem } from "../../src/config/problems.ts";
import { sectionKinds } from "../../src/config/sections.ts";
import { inMemory, machine } from "../support/configuration.ts";
import { anyText, complete, end, mutated, sections, value } from "../support/hostile.ts";

const root = "/srv/drover.conf";

/** The root file, itself again where it includes *.conf, and an environment file. */
const readerOf = (text: string, environment = "A=1\n") =>
  inMemory(
    { [root]: text, "/srv/other.ini": text, "/srv/app.env": environment },
    { "/srv/*.conf": [root], "/srv/*.ini": ["/srv/other.ini", "/srv/missing.ini"] },
  );

/** What became of a text: the problems of a configuration that is refused, or the warnings of one that is not. */
function problemsOf(text: string, environment?: string, facts: Facts = machine): Problem[] {
  const reader = readerOf(text, environment);
  try {
    loadCtlConfig(root, reader, facts);
  } catch (error) {
    expectProblems(error);
  }
  try {
    return loadConfig(root, reader, facts).warnings;
  } catch (error) {
    return expectProblems(error);
  }
}

function expectProblems(error: unknown): Problem[] {
  if (!(error instanceof ConfigError)) throw error;
  expect(error.problems.some(({ severity }) => severity === "error")).toBe(true);
  return [...error.problems];
}

function expectPlaces(problems: readonly Problem[], text: string): void {
  const lines = text.split(/\r\n|\n|\r/).length;
  const wrong = problems.filter(
    ({ file, line, message }) =>
      !["/srv/other.ini", root].includes(file) ||
      !Number.isSafeInteger(line) ||
      line < 0 ||
      line > lines ||
      message === "",
  );
  expect(wrong).toEqual([]);
}

describe("any text gives a configuration or problems with a place, and no exception", () => {
  test("text of no form", () => {
    const text = fc
      .array(fc.tuple(anyText, end), { maxLength: 6 })
      .map((lines) => lines.flat().join(""));
    fc.assert(
      fc.property(text, (own) => expectPlaces(problemsOf(own), own)),
      { numRuns: 400 },
    );
  });

  test("sections with options", () => {
    fc.assert(
      fc.property(sections, (own) => expectPlaces(problemsOf(own), own)),
      { numRuns: 600 },
    );
  });

  test("a configuration with mistakes", () => {
    expect(problemsOf(complete).filter(({ severity }) => severity === "error")).toEqual([]);
    fc.assert(
      fc.property(mutated, (own) => expectPlaces(problemsOf(own), own)),
      { numRuns: 250 },
    );
  });

  test("every option of every section, with values of every kind", () => {
    fc.assert(
      fc.property(fc.constantFrom(...sectionKinds), value, ({ title, options }, own) => {
        const lines = Object.keys(options).map((name) => `${name}=${own}\n`);
        const text = `[supervisord]\n[${title}]\n${lines.join("")}`;
        expectPlaces(problemsOf(text), text);
      }),
      { numRuns: 200 },
    );
  });

  test("an environment file", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, end)), (lines) => {
        expectPlaces(problemsOf(complete, lines.flat().join("")), complete);
      }),
      { numRuns: 80 },
    );
  });
});

/** What was quadratic once, or would be by a careless expression: then these sizes take minutes. */
describe("a great file is read in the time of a small one, times its size", () => {
  const program = (lines: string) => `[supervisord]\n[program:a]\ncommand=/bin/cat\n${lines}\n`;
  const many = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");

  test.each([
    ";",
    "(",
    "%",
    "%(",
    "%%",
    " ",
    "\u2028",
    "'",
    "\\",
    "1_",
    ",",
    ":",
    "/",
    "[",
    "]",
    "=",
  ])("a line of %j", (piece) => {
    const line = piece.repeat(30_000);
    for (const option of ["environment", "exitcodes", "stdout_logfile", "umask", "x"]) {
      for (const text of [`${option}=${line}`, `${option}=x${line}x`, `${line}${option}=1`]) {
        expectPlaces(problemsOf(program(text)), program(text));
      }
    }
    expectPlaces(problemsOf(`[${line}]\n${line}`), `[${line}]\n${line}`);
  });

  test.each<[string, string]>([
    ["indentation", program(`x=1\n${" ".repeat(200_000)}y`)],
    ["blank lines in a value", program(`x=1\n${"\n".repeat(100_000)} y`)],
    ["one option", program("x=1\n".repeat(30_000))],
    ["continuation lines", program(`x=1\n${" y\n".repeat(30_000)}`)],
    ["sections of one name", "[supervisord]\nx=1\n".repeat(10_000)],
    ["sections", `[supervisord]\n${many(2_000, (i) => `[x${i}]\na=1`)}`],
    ["programs", `[supervisord]\n${many(1_000, (i) => `[program:p${i}]\ncommand=%(here)s`)}`],
    ["unknown options", program(many(1_000, (i) => `optoin${i}=1`))],
    ["lines that say nothing", program("junk\n".repeat(130_000))],
    ["copies", program("numprocs=10000\nprocess_name=%(process_num)d")],
  ])("%s without end", (_, text) => {
    expectPlaces(problemsOf(text), text);
  });
});
