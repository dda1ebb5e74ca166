import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import type { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Spool } from "../../src/examples/spool.ts";
import * as spools from "../../src/examples/spool.ts";
import { settle } from "../../src/examples/text.ts";
import { drop, list, path, read, report, root, sha256 } from "../support/spool.ts";

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
