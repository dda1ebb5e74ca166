import { describe, expect, test } from "vitest";
import { readQuery } from "../../src/logs/query.ts";

const now = Date.parse("2026-11-26T12:00:00Z");
const read = (text: string) => readQuery(new URLSearchParams(text), now);

describe("the parameters of a query", () => {
  test("what is not given", async () => {
    expect(await read("")).toEqual({
      lines: 100,
      bytes: undefined,
      sinceMs: undefined,
      matches: undefined,
      streams: ["stdout", "stderr"],
      follow: false,
      json: false,
      names: undefined,
    });
    expect(await read("follow")).toMatchObject({ follow: true, lines: 10 });
    expect(await read("since=1h&follow=yes")).toMatchObject({ follow: true, lines: Infinity });
  });

  test.each<[string, object]>([
    ["lines=5", { lines: 5 }],
    ["lines=0", { lines: 0 }],
    ["lines=all", { lines: Infinity }],
    ["lines=999999999999", { lines: Infinity }],
    ["bytes=4096", { bytes: 4_096 }],
    ["since=90", { sinceMs: now - 90_000 }],
    ["since=10m", { sinceMs: now - 600_000 }],
    ["since=2h30m", { sinceMs: now - 9_000_000 }],
    ["since=1w", { sinceMs: now - 7 * 86_400_000 }],
    ["since=2026-11-26T01:02:03Z", { sinceMs: Date.parse("2026-11-26T01:02:03Z") }],
    ["since=2026-11-26", { sinceMs: new Date(2026, 10, 26).getTime() }],
    ["since=2026-11-26 01:02", { sinceMs: new Date(2026, 10, 26, 1, 2).getTime() }],
    ["stream=STDERR", { streams: ["stderr"] }],
    ["format=json", { json: true }],
    ["format=raw", { json: false, names: false }],
    ["names=no", { names: false }],
    ["names", { names: true }],
  ])("%s", async (text, expected) => {
    expect(await read(text)).toMatchObject(expected);
  });

  test.each<[string, RegExp]>([
    ["lines=-5", /lines: expected a number such as 100 or "all", got "-5"/],
    ["lines=many", /got "many"/],
    ["lines=", /got ""/],
    ["bytes=1e9", /bytes: expected a number/],
    ["bytes=5&lines=5", /bytes: not together/],
    ["bytes=5&since=5m", /bytes: not together/],
    ["since=yesterday", /since: expected how long ago/],
    ["since=2026-99-99", /since: expected/],
    ["since=", /since: expected/],
    ["since=10x", /since: expected/],
    ["stream=stdin", /stream: expected both, stdout, stderr, got "stdin"/],
    ["format=xml", /format: expected text, raw, json/],
    ["follow=maybe", /follow: expected/],
    ["grep=(", /grep: /],
    ["tail=5", /tail: there are lines, bytes/],
  ])("%s", async (text, why) => {
    await expect(read(text)).rejects.toThrow(why);
  });
});
