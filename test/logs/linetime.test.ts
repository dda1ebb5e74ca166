import { describe, expect, test } from "vitest";
import { lineTime } from "../../src/logs/linetime.ts";

const at = Date.parse("2026-11-26T01:02:03.456Z");
const local = new Date(2026, 10, 26, 1, 2, 3, 456).getTime();

describe("when a line says that it was written", () => {
  test.each<[string, number]>([
    ["2026-11-26T01:02:03.456Z hello", at],
    ["2026-11-26T02:02:03.456+01:00 hello", at],
    ["2026-11-26T02:02:03.456+0100 hello", at],
    ["2026-11-26 01:02:03.456789Z", at],
    ["[2026-11-26T01:02:03.456Z] hello", at],
    ["worker_00 2026-11-26T01:02:03.456Z hello", at],
    ["[worker_00] [2026-11-26T01:02:03.456Z] hello", at],
    ["2026-11-26T01:02:03Z", at - 456],
    ["2026-11-26 01:02:03,456 INFO spawned", local],
    ["1795654923 hello", at - 456],
    ["1795654923.456 hello", at],
    ["1795654923456 hello", at],
    ["[1795654923.456] hello", at],
    ['{"level":30,"time":1795654923456,"msg":"x"}', at],
    ['{"time":"2026-11-26T01:02:03.456Z","text":"x"}', at],
    ['{"message":"x", "@timestamp" : "2026-11-26T01:02:03.456Z"}', at],
    ['{"ts":1795654923.456}', at],
  ])("%s", (line, expected) => {
    expect(lineTime(Buffer.from(line))).toBe(expected);
  });

  test.each([
    "",
    "hello",
    "    at 2026-11-26T01:02:03.456Z",
    "the job of 2026-11-26T01:02:03.456Z is late",
    "2026-13-45T99:99:99Z",
    "17956549234 hello",
    "1795654923x",
    "12 bottles",
    "{",
    '{"time":{}}',
    '{"uptime":"2026-11-26T01:02:03.456Z"}',
    `{"long":"${"x".repeat(2_000)}","time":1795654923456}`,
  ])("not said: %s", (line) => {
    expect(lineTime(Buffer.from(line))).toBeUndefined();
  });

  test("bytes of any kind are no trouble, however long the line is", () => {
    const line = Buffer.concat([Buffer.from("2026-11-26T01:02:03.456Z "), Buffer.alloc(1e7, 0xff)]);
    expect(lineTime(line)).toBe(at);
    expect(lineTime(Buffer.alloc(1e6, "\0"))).toBeUndefined();
  });
});
