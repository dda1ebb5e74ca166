import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Report, Spool } from "../../src/examples/spool.ts";
import * as spools from "../../src/examples/spool.ts";
import { settle } from "../../src/examples/text.ts";

const program = join(import.meta.dirname, "../../dist/examples/spool-worker.js");
const asRoot = process.getuid?.() === 0;
const nobody = 65534;

let home: string;
let root: string;
let children: ChildProcess[];

beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), "spool-"));
  fs.chmodSync(home, 0o755); // some workers run as nobody
  root = join(home, "spool");
  fs.mkdirSync(root);
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(ended));
  fs.rmSync(home, { recursive: true });
});

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.on("exit", () => resolve()));
}

const path = (...parts: string[]) => join(root, ...parts);
const list = (...folder: string[]) => fs.readdirSync(path(...folder)).sort();
const read = (...file: string[]) => fs.readFileSync(path(...file), "utf8");
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const report = (name: string): Report => JSON.parse(read("done", `${name}.json`));
const untilTrue = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 20_000, interval: 2 });

/** Written elsewhere and renamed in, with an old mtime: a job that needs no settling. */
function drop(name: string, data: string | Buffer = name): void {
  fs.mkdirSync(path("ready"), { recursive: true });
  fs.writeFileSync(path("ready", `.${name}`), data);
  fs.utimesSync(path("ready", `.${name}`), 1, 1);
  fs.renameSync(path("ready", `.${name}`), path("ready", name));
}

async function workOn(spool: Spool, name: string) {
  const job = await spools.claim(spool, Buffer.from(name));
  if (job === undefined) throw new Error(`nobody else should have claimed ${name}`);
  return spools.work(spool, job);
}

describe("names", () => {
  test.each([
    ["README.md", true],
    ["tmp", true],
    ["a.tmp.md", true],
    [".hidden", false],
    ["a.tmp", false],
    ["a.part", false],
  ])("%s is a job: %s", (name, expected) => {
    expect(spools.isJobName(name)).toBe(expected);
  });

  test("jobs come in the order of their names, without what is being written", async () => {
    const spool = await spools.openSpool(root, "w");
    for (const name of ["b", "a", "c.part", ".d"]) fs.writeFileSync(path("ready", name), "");
    expect((await spools.waitingJobs(spool)).map(String)).toEqual(["a", "b"]);
  });

  test("control characters in a name do not break the log line", async () => {
    const spool = await spools.openSpool(root, "w");
    drop("a\nb\u001b[2J", "x\0");
    const line = spools.describe(await workOn(spool, "a\nb\u001b[2J"));
    expect(line).toBe("buried a?b?[2J: not text: NUL byte at offset 1");
  });
});

describe("claim", () => {
  test("of ten who try, one gets it", async () => {
    const names = Array.from({ length: 10 }, (_, n) => `w${n}`);
    const workers = await Promise.all(names.map((name) => spools.openSpool(root, name)));
    for (let round = 0; round < 20; round++) {
      drop("job");
      const job = Buffer.from("job");
      const claims = await Promise.all(workers.map((worker) => spools.claim(worker, job)));
      expect(claims.filter((claimed) => claimed !== undefined)).toEqual(["job"]);
    }
  });

  test("takes names that are not UTF-8, or leave no room for a suffix", async () => {
    const spool = await spools.openSpool(root, "w");
    const folder = Buffer.from(`${spool.ready}/`);
    const names = [Buffer.from([0x61, 0xff]), Buffer.from("ü".repeat(127))];
    for (const name of names) fs.writeFileSync(Buffer.concat([folder, name]), "x");
    const jobs = [];
    for (const name of await spools.waitingJobs(spool)) jobs.push(await spools.claim(spool, name));
    expect(jobs).toEqual(["a\ufffd", "ü".repeat(120)]);
    for (const job of jobs)
      expect(await spools.work(spool, job ?? "")).toHaveProperty("in", "done");
    expect(list("done")).toHaveLength(6);
  });

  test("says so when the worker's own folder is gone, instead of losing every race", async () => {
    const spool = await spools.openSpool(root, "w");
    drop("job");
    fs.rmdirSync(spool.mine);
    await expect(spools.claim(spool, Buffer.from("job"))).rejects.toThrow(/ENOENT.*working/);
  });
});

describe("work", () => {
  test.each([
    ["", 0, 0],
    ["one", 0, 1],
    ["one\n", 1, 1],
    ["  two\twords \n\n", 2, 2],
    ["a\vb\fc\rd\ne", 1, 5],
    [" \n ", 1, 0],
    ["grün und blau\n", 1, 3],
  ])("counts %j", async (text, lines, words) => {
    const spool = await spools.openSpool(root, "w");
    drop("job", text);
    await workOn(spool, "job");
    const bytes = Buffer.byteLength(text);
    expect(report("job")).toMatchObject({ lines, words, bytes, sha256: sha256(text) });
  });

  test("agrees with wc on a file of many chunks", async () => {
    const text = Array.from({ length: 100_000 }, (_, n) => "word".repeat(n % 5)).join(" \n ");
    const spool = await spools.openSpool(root, "w");
    drop("job", text);
    await workOn(spool, "job");
    const wc = execFileSync("wc", ["-lwc", path("done", "job")], { encoding: "utf8" });
    const { lines, words, bytes } = report("job");
    expect([lines, words, bytes]).toEqual(wc.trim().split(/\s+/).slice(0, 3).map(Number));
  });

  test("leaves the job, its gzip and its report, and nothing in the working folder", async () => {
    const spool = await spools.openSpool(root, "w");
    drop("job", "some text\n");
    const outcome = await workOn(spool, "job");
    expect(list("done")).toEqual(["job", "job.gz", "job.json"]);
    expect(read("done", "job")).toBe("some text\n");
    const gzip = fs.readFileSync(path("done", "job.gz"));
    expect(gunzipSync(gzip).toString()).toBe("some text\n");
    expect(report("job")).toEqual({
      job: "job",
      worker: "w",
      bytes: 10,
      lines: 1,
      words: 2,
      sha256: sha256("some text\n"),
      gzipBytes: gzip.length,
      ms: expect.any(Number),
    });
    expect(outcome).toEqual({ name: "job", in: "done", report: report("job") });
    expect(list("working", "w")).toEqual([]);
  });

  test.each<[string, (at: string) => void, string]>([
    ["a directory", (at) => fs.mkdirSync(at), "expected a regular file, got a directory"],
    [
      "a dangling link",
      (at) => fs.symlinkSync("nowhere", at),
      "expected a regular file, got a symbolic link",
    ],
    ["a FIFO", (at) => execFileSync("mkfifo", [at]), "expected a regular file, got a FIFO"],
    [
      "a NUL in the second chunk",
      (at) => fs.writeFileSync(at, `${"x".repeat(300_000)}\0`),
      "not text: NUL byte at offset 300000",
    ],
  ])("buries %s", async (_what, create, error) => {
    const spool = await spools.openSpool(root, "w");
    create(path("ready", "job"));
    expect(await workOn(spool, "job")).toEqual({ name: "job", in: "buried", error });
    expect(list("buried")).toEqual(["job", "job.error"]);
    expect(read("buried", "job.error")).toBe(`${error}\n`);
    expect([...list("working", "w"), ...list("done")]).toEqual([]);
  });

  test("a job that was taken away meanwhile is no failed job: nothing is left of it", async () => {
    const spool = await spools.openSpool(root, "w");
    await expect(spools.work(spool, "job")).rejects.toThrow(/ENOENT/);
    expect([...list("done"), ...list("buried")]).toEqual([]);
  });
});

describe("names that are taken", () => {
  test("are numbered, the same for the job and its results", async () => {
    const spool = await spools.openSpool(root, "w");
    for (const text of ["first", "second", "third"]) {
      drop("job", text);
      await workOn(spool, "job");
    }
    for (const [name, text] of Object.entries({
      job: "first",
      "job.1": "second",
      "job.2": "third",
    })) {
      expect(read("done", name)).toBe(text);
      expect(report(name).sha256).toBe(sha256(text));
      expect(gunzipSync(fs.readFileSync(path("done", `${name}.gz`))).toString()).toBe(text);
    }
    expect(list("done")).toHaveLength(9);
  });

  test("are numbered when buried", async () => {
    const spool = await spools.openSpool(root, "w");
    for (const text of ["\0", "x\0"]) {
      drop("job", text);
      await workOn(spool, "job");
    }
    expect(list("buried")).toEqual(["job", "job.1", "job.1.error", "job.error"]);
    expect(read("buried", "job.1.error")).toContain("offset 1");
  });

  test.each([
    ["a", "a.json"],
    ["a.json", "a"],
    ["a.gz", "a"],
  ])("may be taken by a result: %s, then %s", async (...names) => {
    const spool = await spools.openSpool(root, "w");
    for (const name of names) {
      drop(name);
      await workOn(spool, name);
    }
    expect(read("done", names[0])).toBe(names[0]);
    expect(read("done", `${names[1]}.1`)).toBe(names[1]);
    expect(list("done")).toHaveLength(6);
  });

  test("by workers who finish in the same instant lose none of the jobs", async () => {
    const names = Array.from({ length: 8 }, (_, n) => `w${n}`);
    const workers = await Promise.all(names.map((name) => spools.openSpool(root, name)));
    for (const worker of workers) fs.writeFileSync(join(worker.mine, "job"), worker.worker);
    await Promise.all(workers.map((worker) => spools.work(worker, "job")));
    const jobs = list("done").filter((name) => /^job(\.\d)?$/.test(name));
    expect(jobs.map((name) => read("done", name)).sort()).toEqual(names);
    for (const name of jobs) expect(report(name).worker).toBe(read("done", name));
  });
});

test("takeBack returns jobs without clobbering newer ones, and drops half results", async () => {
  const spool = await spools.openSpool(root, "w");
  for (const name of ["job", "other", ".result.gz"])
    fs.writeFileSync(join(spool.mine, name), "old");
  drop("job", "new");
  expect(await spools.takeBack(spool)).toBe(2);
  expect(list("ready")).toEqual(["job", "job.1", "other"]);
  expect(["job", "job.1", "other"].map((name) => read("ready", name))).toEqual([
    "new",
    "old",
    "old",
  ]);
  expect(list("working", "w")).toEqual([]);
});

describe("a worker killed while it moved results", () => {
  /** Up to the reservation, the second of two equal names, with another's results at the first. */
  async function killedWhilePublishing(): Promise<Spool> {
    const spool = await spools.openSpool(root, "w");
    for (const text of ["other", "mine"]) {
      drop("job", text);
      await workOn(spool, "job");
    }
    fs.linkSync(path("done", "job.1.json"), join(spool.mine, ".result.json"));
    return spool;
  }

  test("does the job anew under the same name", async () => {
    const spool = await killedWhilePublishing();
    fs.renameSync(path("done", "job.1"), join(spool.mine, "job"));
    expect(await spools.takeBack(spool)).toBe(1);
    expect(list("done")).toEqual(["job", "job.gz", "job.json"]);
    expect(await workOn(spool, "job")).toMatchObject({ name: "job.1", in: "done" });
    expect(read("done", "job")).toBe("other");
  });

  test("keeps the results when the job had already been moved", async () => {
    const spool = await killedWhilePublishing();
    expect(await spools.takeBack(spool)).toBe(0);
    expect(list("done")).toHaveLength(6);
    expect(list("working", "w")).toEqual([]);
  });
});

describe("settle", () => {
  /** A clock whose every pause gives the writer its next turn. */
  async function pauses(ageMs: number, turns: (() => void)[]): Promise<number[]> {
    fs.writeFileSync(path("job"), "");
    fs.utimesSync(path("job"), 1_000, 1_000);
    const slept: number[] = [];
    const pause = async (ms = 0) => {
      slept.push(ms);
      turns.shift()?.();
    };
    const now = () => 1_000_000 + ageMs;
    await settle(path("job"), { now, sleep: pause as typeof sleep });
    return slept;
  }
  const grow = () => {
    fs.appendFileSync(path("job"), "more");
    fs.utimesSync(path("job"), 1_000, 1_000);
  };
  const touch = () => fs.utimesSync(path("job"), 2_000, 2_000);

  test.each<[string, number, (() => void)[], number[]]>([
    ["an old file is not delayed", 100, [], []],
    ["a fresh one waits once", 99, [], [50]],
    ["one from the future waits once", -5_000, [], [50]],
    ["one that grows waits until it stops", 0, [grow, grow], [50, 50, 50]],
    ["one rewritten at the same size waits", 0, [touch], [50, 50]],
  ])("%s", async (_what, ageMs, turns, expected) => {
    expect(await pauses(ageMs, turns)).toEqual(expected);
  });
});

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
