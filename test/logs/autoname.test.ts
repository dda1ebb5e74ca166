import { expect, test } from "vitest";
import { autoLogName, isAutoLog } from "../../src/logs/autoname.ts";

test("the name is supervisord's", () => {
  const random = "ab_45678";
  const parts = { process: "web_0", stream: "stdout", identifier: "supervisor", random };
  expect(autoLogName(parts)).toBe("web_0-stdout---supervisor-ab_45678.log");
});

test.each<[string, boolean]>([
  ["web_0-stdout---mine-ab_45678.log", true],
  ["web_0-stderr---mine-abcdefgh.log", true],
  ["a-b---c-stderr---mine-abcdefgh.log", true],
  ["web-stdout---mine-abcdefgh.log.1", true],
  ["web-stdout---mine-abcdefgh.log.12", true],
  ["web-stdout---mine-abcdefgh.log.3.gz", true],
  ["web-stdout---mine-abcdefgh.log-20261126", true],
  // What a compression that was broken off has left.
  [".web-stdout---mine-abcdefgh.log.1.gz.part", true],
  ["web-stdout---mine-abcdefgh.log.2026-11-26T10:00:00+01:00.gz", true],
  // Of other daemons: what is theirs begins with ours, or ends with it, or is nearly so.
  ["web-stdout---mine2-abcdefgh.log", false],
  ["web-stdout---mine-too-abcdefgh.log", false],
  ["web-stdout---not-mine-abcdefgh.log", false],
  ["web-stdout---x---mine-abcdefgh.log", false],
  ["web---mine-stdout---other-abcdefgh.log", false],
  ["web-stdout---MINE-abcdefgh.log", false],
  // None of supervisord's making.
  ["-stdout---mine-abcdefgh.log", false],
  ["web-stdin---mine-abcdefgh.log", false],
  ["web-stdout---mine-short.log", false],
  ["web-stdout---mine-abcdefgh9.log", false],
  ["web-stdout---mine-ABCDEFGH.log", false],
  ["web-stdout---mine-abcdefgh.logs", false],
  ["web-stdout---mine-abcdefgh.log.", false],
  ["web-stdout---mine-abcdefgh.txt", false],
])("%s is one of mine: %s", (name, expected) => {
  expect(isAutoLog(name, "mine")).toBe(expected);
});

test("an identifier is no pattern", () => {
  expect(isAutoLog("web-stdout---a.b-abcdefgh.log", "a.b")).toBe(true);
  expect(isAutoLog("web-stdout---aXb-abcdefgh.log", "a.b")).toBe(false);
  expect(isAutoLog("web-stdout---mine-abcdefgh.log", ".*")).toBe(false);
});
