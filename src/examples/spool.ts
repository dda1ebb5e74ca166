/**
 * A folder as a queue, for any number of workers and no server. `ready/` holds the jobs,
 * `working/WORKER/` the one in hand, `done/` and `buried/` what became of them. Every step is a
 * rename(2) or link(2) inside one file system, so there are no locks to go stale: whatever moment
 * a worker is killed at, its job is in exactly one of those folders.
 */

import type { Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { readText, settle } from "./text.ts";

/** The folders of one spool as one worker sees them; `mine` is `working/WORKER`. */
export interface Spool {
  root: string;
  worker: string;
  ready: string;
  mine: string;
  done: string;
  buried: string;
}

/** What `done/NAME.json` holds. `ms` is the time spent reading, without waiting for the writer. */
export interface Report {
  job: string;
  worker: string;
  bytes: number;
  lines: number;
  words: number;
  sha256: string;
  gzipBytes: number;
  ms: number;
}

/** `name` is the one in the outcome folder: `NAME.1` where `NAME` was taken. */
export type Outcome =
  | { name: string; in: "done"; report: Report }
  | { name: string; in: "buried"; error: string };

/** By outcome, what lies beside the job. The first is the one that reserves the name. */
const results = { done: [".json", ".gz"], buried: [".error"] } as const;

/** Bytes. Leaves room within the 255 of a file name for `.12345` and `.error`. */
const longestName = 240;

/**
 * Name the folders under `root` and create those that are missing.
 * @throws the file system's error when one cannot be created
 */
export async function openSpool(root: string, worker: string): Promise<Spool> {
  const spool: Spool = {
    root,
    worker,
    ready: join(root, "ready"),
    mine: join(root, "working", worker),
    done: join(root, "done"),
    buried: join(root, "buried"),
  };
  const folders = [spool.ready, spool.mine, spool.done, spool.buried];
  for (const folder of folders) await fs.mkdir(folder, { recursive: true });
  return spool;
}

/** False for what a writer has not finished: `.NAME`, `NAME.tmp`, `NAME.part`. */
export function isJobName(name: string): boolean {
  return !/^\.|\.(tmp|part)$/.test(name);
}

/** The jobs in `ready/` by name, as bytes: a file name need not be UTF-8. */
export async function waitingJobs(spool: Spool): Promise<Buffer[]> {
  const names = await fs.readdir(spool.ready, { encoding: "buffer" });
  return names.filter((name) => isJobName(name.toString())).sort(Buffer.compare);
}

/**
 * Take a job by moving it into the worker's own folder: of all who try, rename(2) lets one win.
 * @returns its name there, valid UTF-8 and at most 240 bytes, or undefined when another was faster
 * @throws the file system's error when the job, or the worker's own folder, does not allow it
 */
export async function claim(spool: Spool, name: Buffer): Promise<string | undefined> {
  const job = workingName(name);
  const from = Buffer.concat([Buffer.from(`${spool.ready}/`), name]);
  try {
    await fs.rename(from, join(spool.mine, job));
    return job;
  } catch (error) {
    if (!isMissing(error)) throw error;
    await fs.access(spool.mine); // ENOENT is also what a removed working folder looks like
    return undefined;
  }
}

function workingName(raw: Buffer): string {
  let name = raw.toString();
  while (Buffer.byteLength(name) > longestName) name = name.replace(/.$/su, "");
  return name;
}

/**
 * Put back what a predecessor of the same name was killed over, and remove its half-made results.
 * Two live workers must not share a name: they would take each other's jobs back.
 * @returns how many jobs went back to `ready/`
 */
export async function takeBack(spool: Spool): Promise<number> {
  const names = await fs.readdir(spool.mine);
  const jobs = names.filter((name) => !name.startsWith("."));
  for (const job of jobs) {
    await unpublish(spool, job, "done");
    await unpublish(spool, job, "buried");
    await fs.rename(join(spool.mine, job), join(spool.ready, await freeName(spool.ready, job)));
  }
  for (const name of names) await fs.rm(join(spool.mine, name), { force: true });
  return jobs.length;
}

/** Undo a publish() that got no further than results: they are under the inode that was linked. */
async function unpublish(spool: Spool, job: string, to: Outcome["in"]): Promise<void> {
  const [first] = results[to];
  const reserved = await lookAt(result(spool, first));
  if (reserved === undefined || reserved.nlink === 1) return;
  for (const name of await fs.readdir(spool[to])) {
    if (!name.startsWith(job) || !name.endsWith(first)) continue;
    if ((await lookAt(join(spool[to], name)))?.ino !== reserved.ino) continue;
    const stem = join(spool[to], name.slice(0, -first.length));
    for (const suffix of results[to]) await fs.rm(stem + suffix, { force: true });
  }
}

/**
 * Do the claimed job `job` and move it, with what came of it, to `done/` or `buried/`.
 * @throws the file system's error when not the job but the spool is at fault: it cannot be moved
 */
export async function work(spool: Spool, job: string): Promise<Outcome> {
  let report: Report;
  try {
    report = await read(spool, job);
    await fs.writeFile(result(spool, ".json"), `${JSON.stringify(report)}\n`);
  } catch (reason) {
    return bury(spool, job, oneLine(reason instanceof Error ? reason.message : String(reason)));
  }
  return { name: await publish(spool, job, "done"), in: "done", report };
}

async function bury(spool: Spool, job: string, error: string): Promise<Outcome> {
  await fs.writeFile(result(spool, ".error"), `${error}\n`);
  const name = await publish(spool, job, "buried");
  for (const suffix of results.done) await fs.rm(result(spool, suffix), { force: true });
  return { name, in: "buried", error };
}

/** Results are hidden until they are whole; no job's name begins with a dot. */
function result(spool: Spool, suffix: string): string {
  return join(spool.mine, `.result${suffix}`);
}

async function read(spool: Spool, job: string): Promise<Report> {
  const path = join(spool.mine, job);
  const kind = kindOf(await fs.lstat(path));
  if (kind !== "regular file") throw new Error(`expected a regular file, got a ${kind}`);
  await settle(path);
  const started = performance.now();
  const { hash, inWord, ...counts } = await readText(path, result(spool, ".gz"));
  const { size: gzipBytes } = await fs.stat(result(spool, ".gz"));
  const ms = Math.round(performance.now() - started);
  return { job, worker: spool.worker, ...counts, sha256: hash.digest("hex"), gzipBytes, ms };
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return "regular file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symbolic link";
  if (stats.isFIFO()) return "FIFO";
  return stats.isSocket() ? "socket" : "device";
}

/**
 * Move results and job to `done/` or `buried/` under a name that none of them clobbers. The first
 * result goes in by link(2), which refuses a name that is taken: that reserves it against workers
 * who finish a job of the same name in the same instant. The job goes last, so whoever sees it
 * there finds its results; killed before that, the results are undone by takeBack().
 */
async function publish(spool: Spool, job: string, to: Outcome["in"]): Promise<string> {
  const [first, ...rest] = results[to];
  await fs.lstat(join(spool.mine, job)); // no results for a job that was taken away meanwhile
  const name = await reserve(spool, job, to);
  const target = join(spool[to], name);
  for (const suffix of rest) await fs.rename(result(spool, suffix), target + suffix);
  await fs.rename(join(spool.mine, job), target);
  await fs.unlink(result(spool, first));
  return name;
}

async function reserve(spool: Spool, job: string, to: Outcome["in"]): Promise<string> {
  const [first] = results[to];
  for (;;) {
    const name = await freeName(spool[to], job, results[to]);
    if (await linked(result(spool, first), join(spool[to], name + first))) return name;
  }
}

/** The first of NAME, NAME.1, NAME.2 … that neither a file nor one with a suffix has yet. */
async function freeName(
  folder: string,
  name: string,
  suffixes: readonly string[] = [],
): Promise<string> {
  for (let n = 0; ; n++) {
    const candidate = n === 0 ? name : `${name}.${n}`;
    const paths = ["", ...suffixes].map((suffix) => join(folder, candidate + suffix));
    const taken = await Promise.all(paths.map(lookAt));
    if (taken.every((stats) => stats === undefined)) return candidate;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The line a person reads about a job that is through. */
export function describe(outcome: Outcome): string {
  const name = oneLine(outcome.name);
  if (outcome.in === "buried") return `buried ${name}: ${outcome.error}`;
  const { lines, words, bytes, sha256, ms } = outcome.report;
  const counts = `${lines} lines, ${words} words, ${bytes} bytes`;
  return `done ${name}: ${counts}, sha256 ${sha256.slice(0, 8)}…, ${ms} ms`;
}

/** File names may hold newlines and escape sequences; a log line must not. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await fs.lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
