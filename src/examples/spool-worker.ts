/**
 * node spool-worker.js SPOOL_DIR WORKER_NAME: works through a spool folder until told to stop.
 * Written to be supervised: one line of output a job, no CPU while there is none, the job in hand
 * finished on SIGTERM, and taken back by the next worker of the same name after a kill -9.
 */

import { once } from "node:events";
import { basename, resolve } from "node:path";
import { watch } from "chokidar";
import type { Spool } from "./spool.ts";
import {
  claim,
  describe,
  isJobName,
  oneLine,
  openSpool,
  takeBack,
  waitingJobs,
  work,
} from "./spool.ts";

const usage = "usage: spool-worker SPOOL_DIR WORKER_NAME (a name of letters, digits, _, - and .)";

/** Jobs we may not move, each complained about once. */
const refused = new Set<string>();

const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
process.on("SIGINT", () => stop.abort());
process.stdout.on("error", () => {
  // Nobody reads what we say any more (EPIPE); what we do is in the folders.
});

async function main([root, worker, ...rest]: string[]): Promise<number> {
  if (!root || !worker || !/^\w[\w.-]*$/.test(worker) || rest.length > 0) {
    await print(process.stderr, usage);
    return 2;
  }
  try {
    await serve(resolve(root), worker);
    return 0;
  } catch (error) {
    const reason = oneLine(error instanceof Error ? error.message : String(error));
    await print(process.stderr, `spool-worker ${worker}: cannot work in ${root}: ${reason}`);
    return 1;
  }
}

async function serve(root: string, worker: string): Promise<void> {
  const spool = await openSpool(root, worker);
  const back = await takeBack(spool);
  const note = back > 0 ? ` (took back ${back})` : "";
  await print(process.stdout, `spool-worker ${worker}: waiting for jobs in ${root}${note}`);
  const jobs = await workUntilStopped(spool);
  await print(process.stdout, `spool-worker ${worker}: stopped after ${jobs} jobs`);
}

/**
 * Watches only while there is nothing to do: chokidar would look at every file of a backlog again
 * each time one of them is claimed.
 */
async function workUntilStopped(spool: Spool): Promise<number> {
  let jobs = 0;
  while (!stop.signal.aborted) {
    const before = jobs;
    jobs += await workThrough(spool);
    if (jobs > before) continue;
    const bell = await hangBell(spool);
    jobs += await workThrough(spool); // what came between the last look and the watch
    if (jobs === before && !stop.signal.aborted) await bell.rung;
    await bell.takeDown();
  }
  return jobs;
}

async function workThrough(spool: Spool): Promise<number> {
  let jobs = 0;
  for (const name of await waitingJobs(spool)) {
    if (stop.signal.aborted) break;
    const job = await claimIfAllowed(spool, name);
    if (job === undefined) continue;
    await print(process.stdout, describe(await work(spool, job)));
    jobs++;
  }
  return jobs;
}

/** A job that others own may not be ours to move; that must not keep us from the rest. */
async function claimIfAllowed(spool: Spool, name: Buffer): Promise<string | undefined> {
  try {
    return await claim(spool, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    const text = oneLine(name.toString());
    if (!refused.has(text)) await print(process.stderr, `left ${text} where it is: ${code}`);
    refused.add(text);
    return undefined;
  }
}

interface Bell {
  /** Settles once something may have arrived or the worker shall stop; rejects if watching fails. */
  rung: Promise<void>;
  takeDown(): Promise<void>;
}

/**
 * Have the kernel ring when `ready/` changes; no timer, no polling. The raw events are those of
 * inotify: chokidar's own `add` leaves out unreadable files, dangling links and names it saw a
 * moment ago. The spool itself is watched to notice that it was moved away as a whole.
 */
async function hangBell(spool: Spool): Promise<Bell> {
  const folders = [spool.root, spool.ready];
  const ignored = (path: string) => !folders.includes(path);
  const watcher = watch(folders, { depth: 0, ignoreInitial: true, atomic: false, ignored });
  const down = new AbortController();
  const rung = new Promise<void>((ring, fail) => {
    watcher.on("raw", (_event, name) => mayBeJob(name) && ring()).on("error", fail);
    stop.signal.addEventListener("abort", () => ring(), { signal: down.signal });
  });
  await Promise.race([once(watcher, "ready"), rung]);
  const takeDown = () => {
    down.abort();
    return watcher.close();
  };
  return { rung, takeDown };
}

/** A big job written as `NAME.part` must not wake us with each write; unnamed events might be it. */
function mayBeJob(name: string | null): boolean {
  return name === null || isJobName(basename(name));
}

/** Resolves when the text is with the kernel, so that leaving afterwards loses nothing. */
function print(stream: NodeJS.WriteStream, line: string): Promise<void> {
  return new Promise((resolve) => stream.write(`${line}\n`, () => resolve()));
}

process.exit(await main(process.argv.slice(2)));
