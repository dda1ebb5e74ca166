import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand } from "../../src/config/expand.ts";
import { BadValue } from "../../src/config/problems.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";

const names = new Map<string, string | number>([
  ["here", "/srv"],
  ["program_name", "web"],
  ["hexadecimal", "cafe"],
  ["process_num", 7],
  ["below_zero", -3],
  ["ENV_HOME", "/home/web"],
]);

test.each<[string, string]>([
  ["no placeholder", "no placeholder"],
  ["", ""],
  ["%(here)s/log", "/srv/log"],
  ["%(here)s:%(here)s", "/srv:/srv"],
  ["%(program_name)s_%(process_num)02d", "web_07"],
  ["%(process_num)d", "7"],
  ["%(process_num)s", "7"],
  ["%(process_num)5d|", "    7|"],
  ["%(process_num)-5d|", "7    |"],
  ["%(process_num)+d", "+7"],
  ["%(below_zero)04d", "-003"],
  ["%(process_num)03x%(process_num)X%(process_num)o", "00777"],
  ["%(program_name)5s|%(program_name)-5s|", "  web|web  |"],
  ["%(program_name).2s", "we"],
  ["%(ENV_HOME)s", "/home/web"],
  ["100%%", "100%"],
  ["%%(here)s", "%(here)s"],
  ["%%%(here)s", "%/srv"],
])("%j is expanded to %j", (text, expected) => {
  expect(expand(text, names)).toBe(expected);
});

test.each<[string, string]>([
  ["%(hexadecimal)08s", "    cafe"],
  ["%(process_num)05s", "    7"],
])("%j: zeros pad numbers only, text gets spaces", (text, expected) => {
  expect(expand(text, names)).toBe(expected);
});

describe("refused", () => {
  const refusal = (text: string): string => {
    try {
      return `not refused: ${expand(text, names)}`;
    } catch (error) {
      if (error instanceof BadValue) return error.message;
      throw error;
    }
  };

  test.each<[string, RegExp]>([
    ["100%", /"100%"/],
    ["%s", /"%s"/],
    ["50% off", /"50% off"/],
    ["%(here)", /"%\(here\)"/],
    ["%(here", /"%\(here"/],
    ["%(here)d", /%\(here\)d.*number/],
    ["%(process_num)b", /%\(process_num\)b.*format character/],
    ["%(Here)s", /%\(Here\)s.*available: .*here, /],
    ["%(program_nam)s", /did you mean "program_name"/],
    ["%(ENV_HOMA)s", /did you mean "ENV_HOME"/],
    ["%()s", /^%\(\)s.*available/],
  ])("%j", (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  test("the environment stays out of the message", () => {
    expect(refusal("%(nope)s")).not.toMatch(/ENV_HOME|home\/web/);
  });

  test("a width that no memory holds", () => {
    expect(refusal("%(here)9999999999s")).toContain("%(here)9999999999s");
  });
});

const program = `
names = dict(given["names"])
def expand(text):
    try:
        return text % names
    except (KeyError, ValueError, TypeError):
        return ["refused"]
answer = [expand(text) for text in given["texts"]]
`;

function expandByDrover(text: string): unknown {
  try {
    return expand(text, names);
  } catch (error) {
    if (error instanceof BadValue) return ["refused"];
    throw error;
  }
}

testWithPython(`drover expands placeholders as Python's % does${needsPython}`, () => {
  const placeholder = fc
    .tuple(
      fc.constantFrom(
        "program_name",
        "hexadecimal",
        "process_num",
        "process_num",
        "below_zero",
        "",
      ),
      fc.subarray(["-", "0", "+", " "]),
      fc.constantFrom("", "", "1", "5", "12"),
      fc.constantFrom("", "", "", ".", ".0", ".2", ".9"),
      fc.constantFrom(..."sssssdddddiuxXob", ""),
    )
    .map(
      ([own, flags, width, precision, conversion]) =>
        `%(${own})${flags.join("")}${width}${precision}${conversion}`,
    );
  const part = fc.oneof(
    { weight: 6, arbitrary: placeholder },
    { weight: 3, arbitrary: fc.constantFrom("%%", "!", "a!", "é", "\n") },
    { weight: 1, arbitrary: fc.constant("%!") },
  );
  const text = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join("!"));
  const texts = fc.sample(text, 1_500);
  const byPython = askPython(program, { names: [...names], texts }) as unknown[];
  const all = (answers: unknown[]) => texts.map((own, index) => [own, answers[index]]);
  expect(all(texts.map(expandByDrover))).toEqual(all(byPython));
  expect(byPython.filter((answer) => typeof answer === "string").length).toBeGreaterThan(500);
});
