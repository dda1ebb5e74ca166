import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  exitMark,
  type Formatter,
  formatterOf,
  type LineStyle,
  startMark,
} from "../../src/logs/format.ts";
import { chunked } from "../support/chunks.ts";

const WALL_MS = Date.UTC(2026, 10, 26, 1, 2, 3, 4);
const moment = { pid: 7 as number | undefined, wallMs: () => WALL_MS, elapsedMs: () => 61_005.4 };

const plain: LineStyle = {
  format: "text",
  prefix: "",
  timestamps: "off",
  process: "web_0",
  group: "web",
  stream: "stdout",
};

/** All that is written of the chunks, and at the end. */
function written(formatter: Formatter, chunks: readonly (string | Buffer)[]): string {
  let out = "";
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    out += formatter.push(copy);
    // As the next read does.
    copy.fill("?");
  }
  return out + formatter.flush();
}

const format = (style: Partial<LineStyle>, chunks: readonly (string | Buffer)[]) =>
  written(formatterOf({ ...plain, ...style }, moment), chunks);

const objects = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("text", () => {
  test.each<[Partial<LineStyle>, string]>([
    [{}, "one\ntwo\n"],
    [{ prefix: "[web] " }, "[web] one\n[web] two\n"],
    [{ timestamps: "iso" }, "2026-11-26T01:02:03.004Z one\n2026-11-26T01:02:03.004Z two\n"],
    [{ timestamps: "unix" }, "1795654923.004 one\n1795654923.004 two\n"],
    [{ timestamps: "elapsed" }, "61.005 one\n61.005 two\n"],
    [{ timestamps: "unix", prefix: "> " }, "1795654923.004 > one\n1795654923.004 > two\n"],
  ])("in the style %j", (style, expected) => {
    expect(format(style, ["on", "e\ntwo"])).toBe(expected);
  });

  test("keeps a CR, NUL and what is no UTF-8", () => {
    const formatter = formatterOf({ ...plain, prefix: "> " }, moment);
    const out = formatter.push(Buffer.from([0xff, 0, 0x0d, 0x0a]));
    expect([...out]).toEqual([0x3e, 0x20, 0xff, 0, 0x0d, 0x0a]);
  });

  test("has the daemon's own lines in the style of the others", () => {
    const formatter = formatterOf({ ...plain, prefix: "> " }, moment);
    expect(`${formatter.mark(startMark(12))}`).toBe("> [drover: started, pid 12]\n");
    expect(`${formatter.mark(exitMark(12, 1.5, "exit status 1"))}`).toBe(
      "> [drover: ended after 1.500 s, pid 12: exit status 1]\n",
    );
  });
});

describe("JSON", () => {
  const head =
    '{"time":"2026-11-26T01:02:03.004Z","process":"web_0","group":"web","stream":"stdout","pid":7,"line":';

  test.each<[string, string[]]>([
    ["one\ntwo\n", ['"one"}', '"two"}']],
    ["no end", ['"no end"}']],
    ["\n\n", ['""}', '""}']],
    ["é € 😀 \u007f\u2028$&\n", ['"é € 😀 \u007f\u2028$&"}']],
    ['say "hi"\nC:\\dir\tx\n', ['"say \\"hi\\""}', '"C:\\\\dir\\tx"}']],
    ["dos\r\nunix\nbar\rred\n\r\n", ['"dos"}', '"unix"}', '"bar\\rred"}', '""}']],
    ["nul\u0000 \u001b[1m\n", ['"nul\\u0000 \\u001b[1m"}']],
  ])("of %j", (text, expected) => {
    const out = format({ format: "json", prefix: "ignored", timestamps: "unix" }, [text]);
    expect(out).toBe(expected.map((line) => `${head}${line}\n`).join(""));
  });

  test("says where it has replaced what is no UTF-8", () => {
    const out = format({ format: "json" }, [Buffer.from("good é\nbad \xff\r\nworse", "latin1")]);
    const lines = format({ format: "json" }, [Buffer.from("fine\nbad \xff\r\nfine\n", "latin1")]);
    expect(objects(out)).toMatchObject([
      { line: "good �", invalid_utf8: true },
      { line: "bad �", invalid_utf8: true },
      { line: "worse" },
    ]);
    expect(lines.match(/invalid_utf8/g)).toHaveLength(1);
  });

  test("cuts a line that is too long for one object, and says so", () => {
    const long = "é".repeat(100_000);
    const all = objects(format({ format: "json" }, [`${long}\nnext\n`])) as {
      line: string;
      partial?: true;
    }[];
    expect(all.map(({ partial = false }) => partial)).toEqual([true, true, true, false, false]);
    expect(
      all
        .slice(0, 4)
        .map(({ line }) => line)
        .join(""),
    ).toBe(long);
    expect(all.every(({ line }) => Buffer.byteLength(line) <= 65_536)).toBe(true);
  });

  test("knows no pid where there is no child", () => {
    const none = { ...moment, pid: undefined };
    const formatter = formatterOf({ ...plain, format: "json" }, none);
    expect(objects(written(formatter, ["late\n"]))).toMatchObject([{ pid: null, line: "late" }]);
  });

  test("knows whose a line is that a child has left without an end", () => {
    const changing = { ...moment };
    const formatter = formatterOf({ ...plain, format: "json" }, changing);
    formatter.push(Buffer.from("last wor"));
    changing.pid = undefined;
    expect(objects(`${formatter.flush()}`)).toMatchObject([{ pid: 7, line: "last wor" }]);
    expect(objects(`${formatter.push(Buffer.from("late\n"))}`)).toMatchObject([{ pid: null }]);
  });

  test("has the daemon's own lines as objects with more fields", () => {
    const formatter = formatterOf({ ...plain, format: "json" }, moment);
    const marks = `${formatter.mark(startMark(7))}${formatter.mark(exitMark(7, 0.25, 'a "b"'))}`;
    expect(objects(marks)).toEqual([
      { ...JSON.parse(`${head}0}`), line: "started, pid 7", mark: "started" },
      {
        ...JSON.parse(`${head}0}`),
        line: 'ended after 0.250 s, pid 7: a "b"',
        mark: "ended",
        uptime: 0.25,
        cause: 'a "b"',
      },
    ]);
  });
});

const output = fc
  .array(fc.constantFrom("\n", "a", '"', "\\", "\r\n", "é", "\xff", "\u0000", "x".repeat(30_000)), {
    maxLength: 40,
  })
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

const style = fc.record({
  format: fc.constantFrom("text" as const, "json" as const),
  prefix: fc.constantFrom("", "> "),
  timestamps: fc.constantFrom("off" as const, "iso" as const),
});

test("any chunks give the same bytes in every style", () => {
  fc.assert(
    fc.property(chunked(output), style, (chunks, own) => {
      expect(format(own, chunks)).toBe(format(own, [Buffer.concat(chunks)]));
    }),
  );
});

test.each(["text", "json"] as const)("a line of 100 MB takes little memory as %s", (kind) => {
  const formatter = formatterOf({ ...plain, format: kind }, moment);
  const chunk = Buffer.alloc(65_536, "x");
  let bytes = 0;
  let most = 0;
  for (let n = 0; n < 1_600; n++) {
    bytes += formatter.push(chunk).length;
    if (n % 100 === 0) most = Math.max(most, bytesHeld());
  }
  expect(bytes + formatter.flush().length).toBeGreaterThan(104_857_600);
  expect(most).toBeLessThan(200_000_000);
});

const bytesHeld = (): number => process.memoryUsage().arrayBuffers;
