import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { LogCursor, MISSED } from "../../src/daemon/logcursor.ts";
import { Sink } from "../../src/daemon/sink.ts";
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

function logIn(folder: string, maxBytes = 0, backups = 3) {
  const sink = new Sink({ path: path.join(folder, "log"), maxBytes, backups }, reports);
  sink.acquire();
  return sink;
}

/** One who reads on whenever there is something, or only when asked to. */
function reader(sink: Sink, atOnce = 65_536) {
  let changed = false;
  const cursor = new LogCursor(sink, { file: sink.rotations, offset: 0 }, () => {
    changed = true;
  });
  const got: string[] = [];
  return {
    got: () => got.join(""),
    close: () => cursor.close(),
    /** Reads at most so often; @returns false when there was nothing more. */
    async take(times: number): Promise<boolean> {
      for (let i = 0; i < times; i++) {
        changed = false;
        const chunk = await cursor.read(atOnce);
        if (chunk === undefined && !changed) return false;
        got.push(chunk === MISSED ? "[missed]\n" : (chunk?.toString() ?? ""));
      }
      return true;
    },
    async all(): Promise<string> {
      while (await this.take(1));
      return got.join("");
    },
  };
}

type Act = "write" | "large" | "restart" | "move" | "clear" | "copytruncate" | "compress" | "read";

/** What people and programs do to a log that is being followed. */
function act(what: Act, sink: Sink, line: () => string): void {
  const { path: file } = sink.spec;
  switch (what) {
    case "write":
      sink.write([Buffer.from(line())]);
      break;
    case "large":
      sink.write([Buffer.from(Array.from({ length: 40 }, line).join(""))]);
      break;
    case "restart":
      sink.release();
      sink.acquire();
      break;
    case "move":
      renameSync(file, `${file}.old`);
      sink.reopen();
      break;
    case "clear":
      unlinkSync(file);
      sink.reopen();
      break;
    case "copytruncate":
      copyFileSync(file, `${file}.copy`);
      truncateSync(file);
      break;
    case "compress":
      for (const n of [2, 3, 4, 5]) {
        if (!existsSync(`${file}.${n}`)) continue;
        writeFileSync(`${file}.${n}.gz`, gzipSync(readFileSync(`${file}.${n}`)));
        unlinkSync(`${file}.${n}`);
      }
      break;
    case "read":
      break;
  }
}

const numbers = () => {
  let n = 0;
  return { line: () => `line ${String(++n).padStart(6, "0")}\n`, last: () => n };
};

const expected = (last: number): string =>
  Array.from({ length: last }, (_, i) => `line ${String(i + 1).padStart(6, "0")}\n`).join("");

/** The next free name: rotation here renames plain files only. */
const acts = (...all: Act[]) => fc.array(fc.constantFrom(...all), { maxLength: 60 });

test("a quick reader sees every line once, whatever happens to the file", async () => {
  await fc.assert(
    fc.asyncProperty(
      acts("write", "large", "restart", "move", "clear", "copytruncate"),
      fc.constantFrom(0, 1, 3),
      fc.constantFrom(0, 50, 400),
      fc.integer({ min: 1, max: 700 }),
      async (steps, backups, maxBytes, atOnce) => {
        const folder = temporaryFolder();
        const sink = logIn(folder, maxBytes, backups);
        const { line, last } = numbers();
        const quick = reader(sink, atOnce);
        for (const step of steps) {
          act(step, sink, line);
          // As the daemon does: between a write and what comes next from outside it has read.
          await quick.all();
        }
        expect(await quick.all()).toBe(expected(last()));
        quick.close();
        sink.release();
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
});

test("a slow reader sees every line once as long as its files are kept, in whatever turns it reads", async () => {
  await fc.assert(
    fc.asyncProperty(
      acts("write", "large", "restart", "move", "clear", "read", "read"),
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, atOnce, times) => {
        const folder = temporaryFolder();
        // More backups than there will be rotations.
        const sink = logIn(folder, 300, 500);
        const { line, last } = numbers();
        const slow = reader(sink, atOnce);
        for (const step of steps) {
          // What is moved or removed before it has been opened nobody finds.
          if (step === "move" || step === "clear") await slow.all();
          act(step, sink, line);
          if (step === "read") await slow.take(times);
        }
        expect(await slow.all()).toBe(expected(last()));
        slow.close();
        sink.release();
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
});

test("what was rotated away is marked where it is missing, and nothing comes twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      acts("write", "large", "restart", "read"),
      fc.integer({ min: 1, max: 700 }),
      async (steps, atOnce) => {
        const folder = temporaryFolder();
        const sink = logIn(folder, 300, 2);
        const { line, last } = numbers();
        const slow = reader(sink, atOnce);
        for (const step of steps) {
          act(step, sink, line);
          if (step === "read") await slow.take(1);
        }
        gapsIn(await slow.all(), last());
        slow.close();
        sink.release();
        rmSync(folder, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
});

test("reads on through files that have been compressed before it came to them", async () => {
  const sink = logIn(temporaryFolder(), 300, 10);
  onTestFinished(() => sink.release());
  const { line, last } = numbers();
  const slow = reader(sink, 100);
  for (let i = 0; i < 4; i++) act("large", sink, line);
  expect(sink.rotations).toBe(4);
  act("compress", sink, line);
  expect(existsSync(`${sink.spec.path}.3.gz`)).toBe(true);
  expect(await slow.all()).toBe(expected(last()));
  slow.close();
});

test("a compressed file that is broken costs its own lines, and that is marked", async () => {
  const sink = logIn(temporaryFolder(), 300, 10);
  onTestFinished(() => sink.release());
  const { line, last } = numbers();
  const slow = reader(sink);
  for (let i = 0; i < 4; i++) act("large", sink, line);
  act("compress", sink, line);
  writeFileSync(`${sink.spec.path}.3.gz`, "no such thing");
  const all = expected(last());
  const perFile = all.length / 4;
  expect(await slow.all()).toBe(`${all.slice(0, perFile)}[missed]\n${all.slice(2 * perFile)}`);
  slow.close();
});

/** That what was seen is in order and twice nowhere, and that gaps are marked. @returns how many */
function gapsIn(seen: string, last: number): number {
  const parts = seen.split("[missed]\n");
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const found = expected(last).indexOf(part, at);
    expect(found).toBeGreaterThanOrEqual(at);
    if (index === 0) expect(found).toBe(0);
    at = found + part.length;
  }
  expect(at).toBe(expected(last).length);
  return parts.length - 1;
}

test("while a thread reads, a file that the daemon cuts loses nothing and repeats nothing", async () => {
  for (let round = 0; round < 200; round++) {
    const folder = temporaryFolder();
    const sink = logIn(folder, 500, 0);
    const { line, last } = numbers();
    const quick = reader(sink, 150);
    for (let i = 0; i < 10; i++) {
      for (let n = (round + i) % 9; n >= 0; n--) act("write", sink, line);
      const reading = quick.take(1);
      act(i % 2 === 0 ? "large" : "write", sink, line);
      if (round % 3 === 0) act("large", sink, line);
      await reading;
    }
    expect(await quick.all()).toBe(expected(last()));
    quick.close();
    sink.release();
    rmSync(folder, { recursive: true });
  }
});

test("while a thread reads, a file that somebody else cuts has its gap marked, if there is one", async () => {
  let whole = 0;
  for (let round = 0; round < 200; round++) {
    const folder = temporaryFolder();
    const sink = logIn(folder);
    const { line, last } = numbers();
    const quick = reader(sink);
    let gaps = 0;
    for (let i = 0; i < 6; i++) {
      for (let n = (round + i) % 9; n >= 0; n--) act("write", sink, line);
      const reading = quick.take(1);
      // Half of the time the thread is done, and nobody has been told.
      if (round % 2 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      act("copytruncate", sink, line);
      act("write", sink, line);
      await reading;
      gaps = gapsIn(await quick.all(), last());
    }
    whole += 6 - gaps;
    quick.close();
    sink.release();
    rmSync(folder, { recursive: true });
  }
  expect(whole).toBeGreaterThan(0);
});

test("a log that is not there yet is read when it comes; a folder or a FIFO never is", async () => {
  const folder = temporaryFolder();
  const sink = new Sink({ path: path.join(folder, "late"), maxBytes: 0, backups: 1 }, reports);
  const early = reader(sink);
  expect(await early.all()).toBe("");
  sink.acquire();
  sink.write([Buffer.from("first\n")]);
  expect(await early.all()).toBe("first\n");
  early.close();
  sink.release();
  mkdirSync(path.join(folder, "folder"));
  const never = new Sink({ path: path.join(folder, "folder"), maxBytes: 0, backups: 1 }, reports);
  const none = reader(never);
  expect(await none.all()).toBe("");
  none.close();
});

test("a reader that is closed while a thread reads for it leaves no descriptor", async () => {
  const { readdirSync } = await import("node:fs");
  const sink = logIn(temporaryFolder());
  onTestFinished(() => sink.release());
  sink.write([Buffer.alloc(1_000_000, "x\n")]);
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i++) {
    const one = reader(sink);
    const reading = one.take(3);
    one.close();
    await reading;
  }
  await eventually("all are closed", () => readdirSync("/proc/self/fd").length === before);
});
