import { describe, expect, test } from "vitest";
import { expand } from "../../src/config/expand.ts";
import { BadValue } from "../../src/config/problems.ts";

const names = new Map<string, string | number>([
  ["here", "/srv"],
  ["program_name", "web"],
  ["hexadecimal", "cafe"],
  ["process_num", 7],
  ["below_zero", -3],
  ["letter", 65],
  ["a(b)c", "nested"],
  ["quotes", "it's"],
  ["accented", "\u00e9\n"],
  ["horse", "\u{1f40e}\u{1f40e}"],
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
  ["%(a(b)c)s", "nested"],
  ["%(process_num)#x %(process_num)#06x %(process_num)#o", "0x7 0x0007 0o7"],
  ["%(process_num)-+5d|", "+7   |"],
  ["%(below_zero) .3i", "-003"],
  ["%(process_num).2f %(process_num)e %(process_num)g", "7.00 7.000000e+00 7"],
  ["%(process_num)hd %(process_num)ld %(process_num)Ld", "7 7 7"],
  ["%(quotes)r %(program_name)r", "\"it's\" 'web'"],
  ["%(accented)r %(accented)a", "'\u00e9\\n' '\\xe9\\n'"],
  ["%(letter)c%(program_name).0s%(program_name).s", "A"],
])("%j is expanded to %j", (text, expected) => {
  expect(expand(text, names)).toBe(expected);
});

test.each<[string, string]>([
  ["%(hexadecimal)08s", "    cafe"],
  ["%(process_num)05s", "    7"],
  ["%(letter)03c", "  A"],
])("%j: zeros pad numbers only, text gets spaces", (text, expected) => {
  expect(expand(text, names)).toBe(expected);
});

test("a character is a code point, as in Python", () => {
  expect(expand("%(horse).1s|%(horse)3s", names)).toBe("\u{1f40e}| \u{1f40e}\u{1f40e}");
});

test("names may be any lookup, which lists its names only for a message", () => {
  const lookup = {
    get: (name: string) => (name === "here" ? "/srv" : undefined),
    keys: (): string[] => {
      throw new Error("not needed");
    },
  };
  expect(expand("%(here)s/log", lookup)).toBe("/srv/log");
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
    ["100%", /^% at character 4/],
    ["%s", /^%s at character 1 /],
    ["50% off", /^% o at character 3 /],
    ["%(here)", /^%\(here\) at character 1 /],
    ["%(here", /^%\(here at character 1 /],
    ["%(here)d", /%\(here\)d.*number/],
    ["%(process_num)b", /%\(process_num\)b.*format character/],
    ["%(Here)s", /%\(Here\)s.*available: .*here, /],
    ["%(program_nam)s", /did you mean "program_name"/],
    ["%(ENV_HOMA)s", /did you mean "ENV_HOME"/],
    ["%()s", /^%\(\)s.*available/],
    ["%(here)/log", /write %\(here\)s/],
    ["%(here)", /ends too early/],
    ["%(a(b)s", /no closing parenthesis/],
    ["%", /ends too early/],
    ["%5%", /names nothing/],
    ["%(here)%", /format character "%"/],
    ["%(process_num)*d", /format character "\*"/],
    ["%(process_num).*d", /format character "\*"/],
    ["%(process_num)lld", /format character "l"/],
    ["%(here)c", /one character/],
    ["%(below_zero)c", /one character/],
    ["%(here)\u{1f40e}", /format character "\u{1f40e}"/u],
  ])("%j", (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  test("the environment stays out of the message", () => {
    expect(refusal("%(nope)s")).not.toMatch(/ENV_HOME|home\/web/);
  });

  test("the rest of the text stays out of the message: it may be a password", () => {
    expect(refusal("TOKEN=50%off-secret")).not.toMatch(/secret|TOKEN/);
  });

  test("an environment without end is not compared to its end", () => {
    const lookup = {
      get: () => undefined,
      *keys() {
        yield "here";
        for (let i = 0; ; i++) yield `ENV_${i}`;
      },
    };
    expect(() => expand("%(her)s", lookup)).toThrow(/available: here, ENV_\*; did you mean "here"/);
  });

  test("the value stays out of the message", () => {
    expect(refusal("%(ENV_HOME)d")).not.toContain("home/web");
  });

  test.each(["%(here)9999999999s", "%(process_num).9999999999d"])(
    "%s, which no memory holds",
    (text) => {
      expect(refusal(text)).toContain(text);
    },
  );

  test("many widths that no memory holds together", () => {
    expect(refusal("%(here)9999s".repeat(1_000))).toMatch(/more than/);
  });

  test.each(["%(here)s".repeat(20_000), "(".repeat(50_000)])(
    "a long text, in a short message",
    (text) => {
      expect(refusal(`${text}%(`).length).toBeLessThan(300);
      expect(refusal(`%(${text})d`).length).toBeLessThan(600);
    },
  );
});
