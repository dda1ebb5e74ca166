import { expect, test } from "vitest";
import { type Notice, readNotice } from "../../src/process/notice.ts";

test.each<[string, Notice]>([
  ["READY=1", { ready: true }],
  [
    "READY=1\nSTATUS=Ready to accept connections\n",
    { ready: true, status: "Ready to accept connections" },
  ],
  ["READY=0\nSTOPPING=yes\nWATCHDOG=2", {}],
  ["STOPPING=1", { stopping: true }],
  ["WATCHDOG=1", { beat: true }],
  ["WATCHDOG=trigger", { ill: true }],
  ["STATUS=", { status: "" }],
  ["STATUS=a=b", { status: "a=b" }],
  ["STATUS=first\nSTATUS=last", { status: "last" }],
  [`STATUS=${"x".repeat(600)}`, { status: "x".repeat(500) }],
  ["MAINPID=12\nFDSTORE=1\nBARRIER=1\nX_OWN=1", {}],
  ["", {}],
  ["READY", {}],
  ["=1", {}],
])("%j says %j", (text, expected) => {
  expect(readNotice(text)).toEqual(expected);
});
