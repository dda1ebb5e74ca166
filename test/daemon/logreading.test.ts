import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { readLogs } from "../../src/daemon/logreading.ts";
import { Sink } from "../../src/daemon/sink.ts";
import { readQuery } from "../../src/logs/query.ts";
import { eventually } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const ignore = () => undefined;
const reports = {
  failing: ignore,
  trouble: ignore,
  recovered: ignore,
  abandoned: ignore,
  disputed: ignore,
};
const now = Date.parse("2026-11-26T12:00:00Z");
const never = new AbortController().signal;

/** A log with rotated files, the oldest first; those that are marked are compressed. */
function logOf(
  folder: string,
  files: readonly { content: string | Buffer; gz?: boolean; mtimeMs?: number }[],
  name = "log",
): Sink {
  const sink = new Sink({ path: path.join(folder, name), maxBytes: 0, backups: 10 }, reports);
  for (const [at, { content, gz = false, mtimeMs = now }] of files.entries()) {
    const n = files.length - 1 - at;
    const file = `${sink.spec.path}${n > 0 ? `.${n}` : ""}${gz && n > 0 ? ".gz" : ""}`;
    writeFileSync(file, gz && n > 0 ? gzipSync(content) : content);
    utimesSync(file, mtimeMs / 1_000, mtimeMs / 1_000);
  }
  return sink;
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const ask = async (text: string, ...sinks: Sink[]): Promise<string> =>
  collect(
    await readLogs(
      sinks.map((sink) => ({
        sink,
        origin: { name: path.basename(sink.spec.path), stream: "stdout" },
      })),
      await readQuery(new URLSearchParams(text), now),
      never,
    ),
  );

const lastLines = (text: string, lines: number, wanted: (line: string) => boolean = () => true) => {
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  return all.filter(wanted).slice(Math.max(0, all.filter(wanted).length - lines));
};

/** Lines as short and as long as there are, cut into files anywhere. */
const content = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.nat(120).map((n) => `${n} ${"x".repeat(n)}\n`) },
      { weight: 2, arbitrary: fc.constant("\n") },
      { weight: 1, arbitrary: fc.nat(60_000).map((n) => `${n} ${"y".repeat(n)}\n`) },
      { weight: 1, arbitrary: fc.constant("no newline") },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

const cutIntoFiles = fc
  .tuple(content, content, fc.array(fc.nat(1_000), { maxLength: 4 }), fc.nat(15))
  .map(([first, second, cuts, gz]) => {
    const all = first + second;
    const at = cuts.map((cut) => Math.floor((cut / 1_000) * all.length)).sort((a, b) => a - b);
    const files = [...at, all.length].map((end, i) => ({
      content: all.slice(at[i - 1] ?? 0, end),
      gz: ((gz >> i) & 1) === 1,
    }));
    return { all, files };
  });

test("the last lines are those of the whole log, wherever it was cut into files", async () => {
  await fc.assert(
    fc.asyncProperty(cutIntoFiles, fc.nat(130), async ({ all, files }, lines) => {
      const folder = temporaryFolder();
      const sink = logOf(folder, files);
      const got = await ask(`lines=${lines}`, sink);
      expect(lastLines(got, Infinity)).toEqual(lastLines(all, lines));
      expect(all.endsWith(got)).toBe(true);
      expect(await ask("lines=all", sink)).toBe(all);
      const bytes = lines * 500;
      expect(await ask(`bytes=${bytes}`, sink)).toBe(bytes === 0 ? "" : all.slice(-bytes));
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("the last lines with a text or a pattern are those of the whole log", async () => {
  await fc.assert(
    fc.asyncProperty(cutIntoFiles, fc.nat(40), async ({ all, files }, lines) => {
      const folder = temporaryFolder();
      const sink = logOf(folder, files);
      const withText = await ask(`lines=${lines}&grep=1`, sink);
      expect(lastLines(withText, Infinity)).toEqual(
        lastLines(all, lines, (line) => line.includes("1")),
      );
      // A rare one: most of the log is passed over at once.
      for (const rare of ["119 ", "no newline"]) {
        const got = await ask(
          new URLSearchParams({ lines: String(lines), grep: rare }).toString(),
          sink,
        );
        expect(lastLines(got, Infinity)).toEqual(
          lastLines(all, lines, (line) => line.includes(rare)),
        );
      }
      const query = new URLSearchParams({ lines: String(lines), grep: "^[0-9]*7 x+$" });
      expect(lastLines(await ask(query.toString(), sink), Infinity)).toEqual(
        lastLines(all, lines, (line) => /^[0-9]*7 x+$/.test(line)),
      );
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );
}, 60_000);

const stamp = (seconds: number) => new Date(now - 3_600_000 + seconds * 1_000).toISOString();

test("since a time, by the lines' own times, and with what belongs to them", async () => {
  const line = fc.tuple(fc.nat(60), fc.nat(2), fc.nat(5_000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 300 }),
      fc.nat(8_000),
      fc.array(fc.nat(1_000), { maxLength: 3 }),
      fc.integer({ min: 1, max: 400 }),
      async (made, since, cuts, lines) => {
        let second = 0;
        const entries = made.map(([step, more, long]) => {
          second += step;
          const trace = Array.from({ length: more }, (_, i) => `    at ${i}`);
          return { second, lines: [`${stamp(second)} ${"z".repeat(long)}`, ...trace] };
        });
        const all = entries.map((entry) => `${entry.lines.join("\n")}\n`).join("");
        const at = cuts.map((cut) => Math.floor((cut / 1_000) * all.length)).sort((a, b) => a - b);
        const folder = temporaryFolder();
        const files = [...at, all.length].map((end, i) => ({
          content: all.slice(at[i - 1] ?? 0, end),
        }));
        const sink = logOf(folder, files);
        const wanted = entries
          .filter((entry) => entry.second >= since)
          .flatMap((entry) => entry.lines);
        const query = `since=${stamp(since)}`;
        expect(lastLines(await ask(query, sink), Infinity)).toEqual(wanted);
        expect(lastLines(await ask(`${query}&lines=${lines}`, sink), Infinity)).toEqual(
          wanted.slice(-lines),
        );
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

test("without times in the lines the files' own are what there is", async () => {
  const old = { content: "old\n", mtimeMs: now - 7_200_000, gz: true };
  const recent = { content: "recent\n", mtimeMs: now - 1_200_000 };
  const newest = { content: "newest\n", mtimeMs: now - 60_000 };
  const sink = logOf(temporaryFolder(), [old, recent, newest]);
  expect(await ask("since=1h", sink)).toBe("recent\nnewest\n");
  expect(await ask("since=10m", sink)).toBe("newest\n");
  expect(await ask("since=1s", sink)).toBe("");
  expect(await ask("since=1h&lines=1", sink)).toBe("newest\n");
  expect(await ask("since=1h&grep=cent", sink)).toBe("recent\n");
});

describe("several logs", () => {
  test("lines come in the order of their times, those without one with the line before", async () => {
    const folder = temporaryFolder();
    const a = logOf(folder, [{ content: `${stamp(1)} a1\n  more\n${stamp(4)} a4\n` }], "a");
    const b = logOf(folder, [{ content: `${stamp(2)} b2\n` }, { content: `${stamp(5)} b5` }], "b");
    const none = logOf(folder, [{ content: "none\n" }], "c");
    expect(await ask("", a, b, none)).toBe(
      [
        "c | none",
        `a | ${stamp(1)} a1`,
        "a |   more",
        `b | ${stamp(2)} b2`,
        `a | ${stamp(4)} a4`,
        `b | ${stamp(5)} b5`,
        "",
      ].join("\n"),
    );
    const json = (await ask("format=json&lines=1", a, none)).trimEnd().split("\n");
    expect(json.map((line) => JSON.parse(line))).toEqual([
      { name: "c", stream: "stdout", line: "none" },
      { name: "a", stream: "stdout", time: stamp(4), line: `${stamp(4)} a4` },
    ]);
  });

  test("many lines of many logs are all there, in order", async () => {
    const folder = temporaryFolder();
    const sinks = Array.from({ length: 20 }, (_, log) => {
      const lines = Array.from({ length: 2_000 }, (_, i) => `${stamp(i + log / 20)} ${log} ${i}\n`);
      return logOf(folder, [{ content: lines.join("") }], `log${log}`);
    });
    const got = (await ask("lines=all", ...sinks)).trimEnd().split("\n");
    expect(got).toHaveLength(40_000);
    const times = got.map((line) => line.split(" ")[2] ?? "");
    expect(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? ""))).toBe(true);
  });
});

test("bad input: bytes that are no text, and one line that never ends", async () => {
  const folder = temporaryFolder();
  const nul = Buffer.from([0x61, 0x00, 0xff, 0x0a, 0xc3, 0x28, 0x0a]);
  const odd = logOf(folder, [{ content: nul }], "odd");
  expect(await ask("", odd)).toBe(nul.toString());
  expect(
    (await ask("format=json", odd))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).line),
  ).toEqual(["a\0\ufffd", "\ufffd("]);
  const long = logOf(
    folder,
    [
      {
        content: Buffer.concat([
          Buffer.from("first\n"),
          Buffer.alloc(1e8, "x"),
          Buffer.from("\nlast\n"),
        ]),
      },
    ],
    "long",
  );
  expect(await ask("lines=1", long)).toBe("last\n");
  expect((await ask("lines=2", long)).length).toBe(100_000_006);
  expect((await ask("lines=3&grep=x", long)).length).toBe(100_000_001);
  const pieces = (await ask("lines=2&format=json", long))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(pieces.reduce((sum, { line }) => sum + line.length, 0)).toBe(100_000_004);
  expect(pieces[0]).toMatchObject({ partial: true });
}, 60_000);

test("who goes away while a log is searched ends the search", async () => {
  const line = `${"q".repeat(1_000)}\n`;
  const sink = logOf(temporaryFolder(), [{ content: line.repeat(50_000) }]);
  const gone = new AbortController();
  const query = await readQuery(new URLSearchParams("grep=nothing.*like.this"), now);
  const reading = readLogs(
    [{ sink, origin: { name: "log", stream: "stdout" } }],
    query,
    gone.signal,
  );
  setImmediate(() => gone.abort());
  await expect(reading).rejects.toThrow(/abort/i);
});

test("after the end, and after a reader that left early, nothing stays open", async () => {
  const sink = logOf(temporaryFolder(), [
    { content: "a\n".repeat(500_000), gz: true },
    { content: "b\n".repeat(500_000) },
  ]);
  onTestFinished(() => undefined);
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  const open = async (text: string) =>
    readLogs(
      [{ sink, origin: { name: "log", stream: "stdout" } }],
      await readQuery(new URLSearchParams(text), now),
      never,
    );
  for (const text of [
    "lines=all",
    "lines=all&grep=a",
    "lines=all&follow",
    "lines=all&follow&format=json",
  ]) {
    const stream = await open(text);
    await new Promise((resolve) => stream.once("readable", resolve));
    stream.destroy();
  }
  await collect(await open("lines=all&grep=b"));
  await eventually("all are closed", () => descriptors() === before);
});
