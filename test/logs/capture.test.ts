import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Capture } from "../../src/logs/capture.ts";
import { chunked } from "../support/chunks.ts";

const BEGIN = "<!--XSUPERVISOR:BEGIN-->";
const END = "<!--XSUPERVISOR:END-->";

interface Taken {
  log: string;
  messages: string[];
}

/** Gives the chunks to a capture, spoiling each afterwards, as the next read does. */
function capture(chunks: readonly Buffer[], maxBytes: number): Taken & { logged: string[] } {
  const logged: string[] = [];
  const messages: string[] = [];
  const sink = {
    log: (chunk: Buffer) => logged.push(chunk.toString("latin1")),
    message: (data: Buffer) => messages.push(data.toString("latin1")),
  };
  const stream = new Capture(maxBytes, sink);
  for (const chunk of chunks) {
    stream.push(chunk);
    chunk.fill("?");
  }
  stream.end();
  return { log: logged.join(""), messages, logged };
}

const of = (...chunks: string[]): Buffer[] => chunks.map((chunk) => Buffer.from(chunk, "latin1"));

describe("a child's output", () => {
  test.each<[string, string[], string, string[]]>([
    ["no message", ["hello\n", "world\n"], "hello\nworld\n", []],
    ["one message", [`a${BEGIN}data${END}b`], "ab", ["data"]],
    ["several in one chunk", [`${BEGIN}1${END}x${BEGIN}2${END}`], "x", ["1", "2"]],
    ["an empty message", [`${BEGIN}${END}`], "", [""]],
    [
      "tokens split over chunks",
      ["a<!--XSUP", "ERVISOR:BEGIN-->da", "ta<!--", "XSUPERVISOR:END-->b"],
      "ab",
      ["data"],
    ],
    ["a false start", ["a<!--XSUP", "ERIOR"], "a<!--XSUPERIOR", []],
    [
      "a start inside a false start",
      ["<!--XSUPER<", `${BEGIN.slice(1)}x${END}`],
      "<!--XSUPER",
      ["x"],
    ],
    ["an end without a begin", [`a${END}b`], `a${END}b`, []],
    ["a begin inside a message", [`${BEGIN}a${BEGIN}b${END}c`], "c", [`a${BEGIN}b`]],
    ["short output of a short life", ["ok"], "ok", []],
    ["the start of a token at the end", ["ok<!--XSUPER"], "ok<!--XSUPER", []],
    ["a message that never ends", [`a${BEGIN}dat`, "a"], "a", []],
  ])("%s: %j", (_, chunks, log, messages) => {
    expect(capture(of(...chunks), 1_000)).toMatchObject({ log, messages });
  });

  test("only what may be the start of a token is held back", () => {
    const { logged } = capture(of("whole line\n", "half a line", "x<!--", "y"), 1_000);
    expect(logged).toEqual(["whole line\n", "half a line", "x", "<!--y"]);
  });

  test.each<[string[]]>([[[`${BEGIN}0123456789${END}`]], [[`${BEGIN}012`, "34567", `89${END}`]]])(
    "of a message over the limit the last bytes are kept: %j",
    (chunks) => {
      expect(capture(of(...chunks), 4).messages).toEqual(["6789"]);
    },
  );

  test("the limit is for each message", () => {
    expect(capture(of(`${BEGIN}12${END}${BEGIN}34${END}`), 4).messages).toEqual(["12", "34"]);
  });
});

/** The whole stream at once, by splitting at tokens. */
function expected(stream: string, maxBytes: number): Taken {
  let log = "";
  const messages: string[] = [];
  for (let rest = stream; ; ) {
    const begin = rest.indexOf(BEGIN);
    if (begin < 0) return { log: log + rest, messages };
    log += rest.slice(0, begin);
    const inside = rest.slice(begin + BEGIN.length);
    const end = inside.indexOf(END);
    if (end < 0) return { log, messages };
    messages.push(inside.slice(0, end).slice(-maxBytes));
    rest = inside.slice(end + END.length);
  }
}

test("any chunks give the same log and the same messages", () => {
  const parts = fc.oneof(
    fc.constantFrom(BEGIN, END),
    fc.constantFrom("<", "<!--", "<!--XSUPERVISOR:", "-->", BEGIN.slice(0, -1), END.slice(1), "\n"),
    fc.string({ maxLength: 5, unit: "binary-ascii" }),
  );
  const stream = fc
    .array(parts, { maxLength: 20 })
    .map((all) => Buffer.from(all.join(""), "latin1"));
  fc.assert(
    fc.property(chunked(stream), fc.integer({ min: 1, max: 30 }), (chunks, maxBytes) => {
      const whole = Buffer.concat(chunks).toString("latin1");
      expect(capture(chunks, maxBytes)).toMatchObject(expected(whole, maxBytes));
    }),
    { numRuns: 1_000 },
  );
});
