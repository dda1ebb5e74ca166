import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SyslogLines, syslogHead } from "../../src/logs/syslog.ts";
import { chunked } from "../support/chunks.ts";

test.each<[Date, string]>([
  [new Date(2026, 10, 26, 1, 57, 2), "<14>Nov 26 01:57:02 supervisord: "],
  [new Date(2026, 0, 3, 13, 5, 9), "<14>Jan  3 13:05:09 supervisord: "],
])("at %s a message begins with %j", (time, expected) => {
  expect(syslogHead("supervisord", time)).toBe(expected);
});

/** The texts of the messages that come of the chunks. */
function texts(chunks: readonly Buffer[]): string[] {
  const lines = new SyslogLines();
  const out: string[] = [];
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    out.push(...lines.push(copy).map((text) => text.toString("latin1")));
    // As the next read does.
    copy.fill("?");
  }
  return [...out, ...lines.flush().map((text) => text.toString("latin1"))];
}

const of = (text: string): string[] => texts([Buffer.from(text, "latin1")]);

describe("messages", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["one\ntwo\n", ["one", "two"]],
    ["\n\nno end", ["", "", "no end"]],
    ["dos\r\n", ["dos\r"]],
    ["\xff \x00.\x00\n", ["\xff #000.#000"]],
  ])("of %j are %j", (text, expected) => {
    expect(of(text)).toEqual(expected);
  });

  test("have at most 7,900 bytes of a line", () => {
    expect(of(`${"x".repeat(20_000)}\ny\n`).map(({ length }) => length)).toEqual([
      7_900, 7_900, 4_200, 1,
    ]);
    expect(of(`${"x".repeat(7_900)}\n`)).toHaveLength(1);
  });
});

const output = fc
  .array(fc.constantFrom("\n", "a", "\r\n", "\xc3\xa9", "\x00", "x".repeat(5_000)), {
    maxLength: 30,
  })
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

test("any chunks give the same messages", () => {
  fc.assert(
    fc.property(chunked(output), (chunks) => {
      expect(texts(chunks)).toEqual(texts([Buffer.concat(chunks)]));
    }),
  );
});
