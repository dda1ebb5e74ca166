import { describe, expect, test } from "vitest";
import { compilePattern } from "../../src/logs/pattern.ts";

const finds = async (pattern: string, line: string | Buffer) =>
  (await compilePattern(pattern))(Buffer.from(line as string));

describe("lines that are wanted", () => {
  test.each<[string, string, boolean]>([
    ["error", "an error here", true],
    ["error", "an ERROR here", false],
    ["(?i)error", "an ERROR here", true],
    ["job \\d+ failed", "job 17 failed", true],
    ["^job", "a job", false],
    ["a|b", "b", true],
    ["größe", "die größe", true],
    ["gr.ße$", "die größe", true],
    ["", "anything", true],
    ["x\0y", "ax\0yb", true],
  ])("%s in %s", async (pattern, line, expected) => {
    expect(await finds(pattern, line)).toBe(expected);
  });

  test("bytes that are no UTF-8", async () => {
    expect(await finds("job \\d", Buffer.from([0xff, ...Buffer.from("job 1"), 0xfe]))).toBe(true);
  });
});

describe("patterns that cannot be used say why", () => {
  test.each([
    ["(x", /missing closing \)/],
    ["*", /missing argument/],
    ["(?=x)", /no look-arounds/],
    ["(a)\\1", /no back-references/],
    ["x".repeat(1_001), /1000 characters/],
  ])("%s", async (pattern, why) => {
    await expect(compilePattern(pattern)).rejects.toThrow(why);
    await expect(compilePattern(pattern)).rejects.toThrow(/^BAD_ARGUMENTS: grep: /);
  });
});

test("the worst patterns take time in proportion to the line", async () => {
  const line = Buffer.from(`${"a".repeat(65_000)}!`);
  for (const pattern of ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*x", "^(a|a?)+$"]) {
    const matches = await compilePattern(pattern);
    const start = performance.now();
    expect(matches(line)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5_000);
  }
}, 60_000);
