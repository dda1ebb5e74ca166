import { expect, test } from "vitest";
import { isFromPage, isOurs } from "../../src/rpc/hosts.ts";

test.each<[boolean, string | undefined]>([
  [true, undefined],
  [true, "127.0.0.1"],
  [true, "127.0.0.1:9001"],
  [true, "10.1.2.3:9001"],
  [true, "[::1]:9001"],
  [true, "[::1]"],
  [true, "localhost"],
  [true, "LOCALHOST:9001"],
  [true, "localhost.:9001"],
  [true, "queue1:9001"],
  [true, "Queue1"],
  [false, ""],
  [false, "evil.example"],
  [false, "evil.example:9001"],
  [false, "127.0.0.1.evil.example:9001"],
  [false, "localhost.evil.example"],
  [false, "queue1.evil.example"],
  [false, "evil.example:9001@127.0.0.1"],
  [false, "127.0.0.1:9001:evil"],
  [false, "[evil.example]:9001"],
  [false, "0x7f.1"],
  [false, "2130706433"],
  [false, "localhost, evil.example"],
])("ours: %s: a request to %j", (expected, host) => {
  expect(isOurs(host, ["queue1", ""].filter(Boolean))).toBe(expected);
});

test("with * every name is ours", () => {
  expect(isOurs("evil.example", ["*"])).toBe(true);
});

test.each<[boolean, Parameters<typeof isFromPage>[0]]>([
  [false, {}],
  [false, { "sec-fetch-site": "none" }],
  [false, { "sec-fetch-site": "same-origin" }],
  [true, { origin: "http://evil.example" }],
  [true, { origin: "null" }],
  [true, { origin: "http://127.0.0.1:9001" }],
  [true, { "sec-fetch-site": "cross-site" }],
  [true, { "sec-fetch-site": "same-site" }],
])("from a page: %s: %j", (expected, headers) => {
  expect(isFromPage(headers)).toBe(expected);
});
