import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";

import {
  asRoot,
  children,
  drop,
  home,
  list,
  nobody,
  path,
  read,
  report,
  root,
  sha256,
  untilTrue,
} from "../support/spool.ts";

const program = join(import.meta.dirname, "../../dist/examples/spool-worker.js");

interface Run {
  child: ChildProcess;
  out: () => string;
  /** Resolves once the worker has printed a line that matches. */
  line: (pattern: RegExp) => Promise<void>;
  /** Resolves when it has ended and all its output is here. */
  end: () => Promise<{ code: number | null; signal: string | null; out: string; err: string }>;
}

function run(args: string[], ids: { uid?: number; gid?: number } = {}): Run {
  const child = spawn(process.execPath, [program, ...args], { stdio: "pipe", ...ids });
  children.push(child);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const end = async () => {
    await closed;
    return { code: child.exitCode, signal: child.signalCode, out, err };
  };
  return { child, out: () => out, line: (pattern) => untilTrue(() => pattern.test(out)), end };
}

async function startWorker(name: string, ids = {}): Promise<Run> {
  const worker = run([root, name], ids);
  await worker.line(/^spool-worker \w+: waiting for jobs in .*\n/);
  return worker;
}

/** Enough for gzip to take a second or so: long after its first output the job is not done. */
const bigText = () => randomBytes(8_000_000).toString("hex").replace(/.{79}/g, "$&\n");

async function startedOn(job: string, worker: string): Promise<void> {
  const gzip = path("working", worker, ".result.gz");
  await untilTrue(() => fs.existsSync(gzip) && fs.statSync(gzip).size > 0);
  expect(fs.existsSync(path("working", worker, job))).toBe(true);
}

describe("the worker", () => {
  test("three of them do 200 jobs, each exactly once", async () => {
    const names = Array.from({ length: 200 }, (_, n) => `job-${n}.txt`);
    for (const name of names.slice(0, 100)) drop(name);
    const workers = await Promise.all(["a", "b", "c"].map((name) => startWorker(name)));
    for (const name of names.slice(100)) drop(name);
    await untilTrue(() => names.every((name) => fs.existsSync(path("done", name))));
    for (const worker of workers) worker.child.kill("SIGTERM");
    const ends = await Promise.all(workers.map((worker) => worker.end()));
    const lines = ends.flatMap(({ out }) => out.match(/^done \S+(?=:)/gm) ?? []);
    expect(lines.sort()).toEqual(names.map((name) => `done ${name}`).sort());
    expect(list("done")).toHaveLength(600);
    for (const name of names) expect(report(name).sha256).toBe(sha256(name));
    expect([...list("ready"), ...list("buried"), ...list("working", "a")]).toEqual([]);
  });

  test("says in one line what it did", async () => {
    const worker = await startWorker("a");
    drop("README.md", "# Title\n\nSome words.\n");
    await worker.line(
      /^done README\.md: 3 lines, 4 words, 21 bytes, sha256 [0-9a-f]{8}…, \d+ ms\n/m,
    );
  });

  test("misses no job that arrives while it goes to sleep", async () => {
    const worker = await startWorker("a");
    for (let n = 0; n < 100; n++) {
      drop(`job-${n}`); // right after the last one's line: between its last look and its watch
      await worker.line(new RegExp(`^done job-${n}:`, "m"));
    }
  });

  test("does not read half of a file that is written in place", async () => {
    const worker = await startWorker("a");
    // On a busy machine this test itself may pause for longer than a file needs to settle; such
    // an attempt proves nothing and is repeated.
    for (let attempt = 0; ; attempt++) {
      const job = `slow-${attempt}`;
      const { text, longestPauseMs } = await writeSlowly(job);
      await worker.line(new RegExp(`^done ${job}:`, "m"));
      if (longestPauseMs > 40 && attempt < 20) continue;
      expect(report(job)).toMatchObject({ bytes: text.length, sha256: sha256(text) });
      return;
    }
  });

  test("finishes its job on SIGTERM, takes no other and exits 0", async () => {
    drop("1-big", bigText());
    drop("2-next");
    const worker = await startWorker("a");
    await startedOn("1-big", "a");
    worker.child.kill("SIGTERM");
    expect(list("done")).toEqual([]);
    const { code, out } = await worker.end();
    expect(code).toBe(0);
    expect(out).toMatch(/\ndone 1-big: .*\nspool-worker a: stopped after 1 jobs\n$/);
    expect(list("done")).toEqual(["1-big", "1-big.gz", "1-big.json"]);
    expect(list("ready")).toEqual(["2-next"]);
  });

  test("counts a job that settles as one in hand", async () => {
    const worker = await startWorker("a");
    await writeSlowly("job", () => worker.child.kill("SIGTERM"));
    expect(await worker.end()).toMatchObject({ code: 0, signal: null });
    expect(list("done")).toEqual(["job", "job.gz", "job.json"]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("exits 0 on %s when idle", async (signal) => {
    const worker = await startWorker("a");
    await asleep(worker.child);
    worker.child.kill(signal);
    const { code, out } = await worker.end();
    expect(code).toBe(0);
    expect(out).toMatch(/: waiting for .*\nspool-worker a: stopped after 0 jobs\n$/);
  });

  test("loses nothing to a kill -9", async () => {
    const text = bigText();
    drop("big", text);
    const killed = await startWorker("a");
    await startedOn("big", "a");
    killed.child.kill("SIGKILL");
    expect(await killed.end()).toMatchObject({ signal: "SIGKILL" });
    expect(list("done")).toEqual([]);
    const next = await startWorker("a");
    expect(next.out()).toContain("(took back 1)");
    await next.line(/^done big:/m);
    expect(list("done")).toEqual(["big", "big.gz", "big.json"]);
    expect(report("big").sha256).toBe(sha256(text));
    expect([...list("ready"), ...list("working", "a")]).toEqual([]);
  });

  test("buries what it cannot do and goes on", async () => {
    const owner = asRoot ? { uid: nobody, gid: nobody } : {}; // root may read everything
    if (asRoot) fs.chownSync(root, nobody, nobody);
    const worker = await startWorker("a", owner);
    drop("binary", "text\0");
    fs.mkdirSync(path("folder"));
    fs.writeFileSync(path("locked"), "secret", { mode: 0o000 });
    if (asRoot) fs.chownSync(path("folder"), nobody, nobody);
    fs.renameSync(path("folder"), path("ready", "folder"));
    fs.renameSync(path("locked"), path("ready", "locked"));
    fs.symlinkSync("nowhere", path("ready", "link"));
    await untilTrue(() => worker.out().match(/^buried/gm)?.length === 4);
    drop("text");
    await worker.line(/^done text:/m);
    expect(read("buried", "binary.error")).toBe("not text: NUL byte at offset 4\n");
    expect(read("buried", "locked.error")).toMatch(/^expected a file .* may read, got EACCES\n$/);
    expect(list("buried")).toEqual(
      ["binary", "folder", "link", "locked"].flatMap((name) => [name, `${name}.error`]),
    );
  });

  test.each(["dangling", "unreadable", "directory"])("wakes up for a %s job", async (kind) => {
    const worker = await startWorker("a");
    await asleep(worker.child);
    const job = path("ready", "job");
    if (kind === "dangling") fs.symlinkSync("nowhere", job);
    else if (kind === "directory") fs.mkdirSync(job);
    else fs.writeFileSync(job, "x", { mode: 0o000 });
    await worker.line(/^(done|buried) job:/m);
  });

  test("leaves a job that it may not move, says so once, and goes on", async ({ skip }) => {
    if (!asRoot) skip("needs a file of another user");
    fs.mkdirSync(path("ready"));
    for (const folder of ["", "ready"]) fs.chownSync(path(folder), nobody, nobody);
    fs.mkdirSync(path("ready", "roots")); // moving a folder writes its "..", for root alone here
    const worker = await startWorker("a", { uid: nobody, gid: nobody });
    for (const name of ["1", "2"]) {
      drop(name);
      await worker.line(new RegExp(`^done ${name}:`, "m"));
    }
    worker.child.kill("SIGTERM");
    expect(await worker.end()).toMatchObject({ code: 0, err: "left roots where it is: EACCES\n" });
    expect(list("ready")).toEqual(["roots"]);
  });

  test("does nothing at all while there is nothing to do", async () => {
    const worker = await startWorker("a");
    drop("job");
    await worker.line(/^done job:/m);
    await asleep(worker.child, 1_000);
    drop("another");
    await worker.line(/^done another:/m);
  });

  test("hardly stirs while a .part file is written", async () => {
    const worker = await startWorker("a");
    await asleep(worker.child);
    const before = switches(worker.child);
    for (let n = 0; n < 50; n++) {
      fs.appendFileSync(path("ready", "job.part"), "more\n");
      await sleep(20);
    }
    // The events alone cost some 6 each; looking through the folder after each one makes it 30.
    expect(switches(worker.child) - before).toBeLessThan(50 * 15);
    fs.renameSync(path("ready", "job.part"), path("ready", "job"));
    await worker.line(/^done job: 50 lines/m);
  });

  test.each<[string, () => void]>([
    ["ready/ is removed", () => fs.rmdirSync(path("ready"))],
    ["ready/ is moved away", () => fs.renameSync(path("ready"), path("elsewhere"))],
    ["the spool is moved away", () => fs.renameSync(root, join(home, "elsewhere"))],
    ["the spool is removed", () => fs.rmSync(root, { recursive: true })],
  ])("exits 1 when %s", async (_what, remove) => {
    const worker = await startWorker("a");
    await asleep(worker.child);
    remove();
    const { code, err } = await worker.end();
    expect(code).toBe(1);
    expect(err).toMatch(/^spool-worker a: cannot work in .*: ENOENT.*ready'\n$/);
  });

  test("exits 1 when it cannot make the spool, 2 when called wrongly", async () => {
    fs.writeFileSync(path("file"), "");
    const noSpool = await run([path("file"), "a"]).end();
    expect(noSpool).toMatchObject({ code: 1, out: "" });
    expect(noSpool.err).toMatch(/^spool-worker a: cannot work in .*: ENOTDIR.*\n$/);
    for (const args of [[], [root], [root, "../a"], [root, "a", "b"]]) {
      const wrong = await run(args).end();
      expect(wrong).toMatchObject({ code: 2, out: "" });
      expect(wrong.err).toMatch(/^usage: .*\n$/);
    }
  });
});

/** Append every 10 ms, as `cp` from a slow disk does, until long after the worker has the job. */
async function writeSlowly(job: string, onClaim?: () => void) {
  const file = fs.openSync(path("ready", job), "w");
  let text = "";
  let longestPauseMs = 0;
  let last = performance.now();
  for (let turnsLeft = 20; turnsLeft > 0; ) {
    const line = `line ${text.length}\n`;
    fs.writeSync(file, line);
    text += line;
    longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
    last = performance.now();
    const claimed = !fs.existsSync(path("ready", job));
    if (claimed && turnsLeft === 20) onClaim?.();
    if (claimed) turnsLeft--;
    await sleep(10);
  }
  fs.closeSync(file);
  return { text, longestPauseMs };
}

/** How often any thread of the process has gone to sleep; each poll or timer adds one. */
function switches(child: ChildProcess): number {
  const tasks = `/proc/${child.pid}/task`;
  const counts = fs.readdirSync(tasks).map((task) => {
    const status = fs.readFileSync(join(tasks, task, "status"), "utf8");
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Resolves once `ms` have passed in which no thread of the process ran. */
async function asleep(child: ChildProcess, ms = 200): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const before = switches(child);
    await sleep(ms);
    if (switches(child) === before) return;
  }
  throw new Error(`expected ${ms} ms without a wake-up`);
}
