import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Heard, ListenerProtocol } from "../../src/events/protocol.ts";
import { chunked } from "../support/chunks.ts";

/** Whoever is ready is sent an event at once. */
function hear(chunks: readonly Buffer[], sendsAtOnce = true): string[] {
  const heard: string[] = [];
  const listener: Heard = {
    changed(from, to) {
      heard.push(`${from} -> ${to}`);
      if (to === "READY" && sendsAtOnce) protocol.sent();
    },
    result: (verdict) => heard.push(verdict),
    badResultLine: (line) => heard.push(`bad '${line}'`),
  };
  const protocol = new ListenerProtocol(listener);
  for (const chunk of chunks) {
    protocol.push(chunk);
    chunk.fill("?");
  }
  return heard;
}

const ready = ["ACKNOWLEDGED -> READY", "READY -> BUSY"];
const done = "BUSY -> ACKNOWLEDGED";
const failed = "BUSY -> UNKNOWN";

describe("a listener", () => {
  test.each<[string, string, string[]]>([
    ["is not ready yet", "READY", []],
    ["is ready", "READY\n", ready],
    ["says OK", "READY\nRESULT 2\nOK", [...ready, "processed", done]],
    ["is ready again", "READY\nRESULT 2\nOKREADY\n", [...ready, "processed", done, ...ready]],
    ["says FAIL", "READY\nRESULT 4\nFAIL", [...ready, "rejected", done]],
    ["need not say RESULT", "READY\nanswer:2\nOK", [...ready, "processed", done]],
    ["has spaces", "READY\nRESULT  2 \nOK", [...ready, "processed", done]],
    ["says half a line", "READY\nRESULT 2", ready],
    ["says half a result", "READY\nRESULT 4\nOK", ready],
    ["says nothing, which waits for more", "READY\nRESULT 0\n", ready],
    ["said nothing", "READY\nRESULT 0\nREADY\n", [...ready, "rejected", done, ...ready]],
    ["says no number", "READY\nRESULT x\nOK", [...ready, "bad 'RESULT x'", failed]],
    ["says less than nothing", "READY\nRESULT -2\nOK", [...ready, "bad 'RESULT -2'", failed]],
    ["says too much", "READY\nRESULT 9999999\n", [...ready, "bad 'RESULT 9999999'", failed]],
    ["says what is no text", "READY\n\xff\n", [...ready, "bad 'Undecodable: b'\\xff''", failed]],
    [
      "ends its result with a line",
      "READY\nRESULT 2\nOK\nREADY\n",
      [...ready, "processed", done, "ACKNOWLEDGED -> UNKNOWN"],
    ],
    ["talks at first", "hello\nREADY\n", ["ACKNOWLEDGED -> UNKNOWN"]],
  ])("that %s", (_, said, expected) => {
    expect(hear([Buffer.from(said, "latin1")])).toEqual(expected);
  });

  test("that talks while it is ready is heard no more", () => {
    const expected = ["ACKNOWLEDGED -> READY", "READY -> UNKNOWN"];
    expect(hear([Buffer.from("READY\nxREADY\n")], false)).toEqual(expected);
  });

  test("that sends a line without an end is not kept for ever", () => {
    const flood = Array.from({ length: 20 }, () => Buffer.alloc(65_536, "x"));
    expect(hear([Buffer.from("READY\n"), ...flood])).toEqual([
      ...ready,
      `bad '${"x".repeat(100)}'`,
      failed,
    ]);
  });

  test("is understood the same in whatever chunks its words come", () => {
    const word = fc.constantFrom("READY\n", "RESULT 2\nOK", "RESULT 4\nFAIL", "RESULT 0\n", "x\n");
    const said = fc.array(word).map((words) => Buffer.from(`READY\n${words.join("")}`));
    fc.assert(
      fc.property(chunked(said), (chunks) => {
        const whole = Buffer.concat(chunks);
        expect(hear(chunks)).toEqual(hear([whole]));
      }),
    );
  });
});
