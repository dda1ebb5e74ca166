/** Every child of a large fleet dies at the same moment. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventually, isAlive, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { ways } from "../support/watched.ts";

const COUNT = 500;

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

const sorted = (pids: readonly number[]) => pids.toSorted((a, b) => a - b);

/** Asks again and again, until told to stop. @returns the longest time without an answer, in ms */
function ask(daemon: TestDaemon): () => Promise<number> {
  let going = true;
  let longest = 0;
  const asking = (async () => {
    while (going) {
      const began = performance.now();
      await daemon.client.call("supervisor.getPID", {});
      longest = Math.max(longest, performance.now() - began);
    }
  })();
  return async () => {
    going = false;
    await asking;
    return Math.round(longest);
  };
}

const fleet = (count: number, command: string, option = ""): string => `
[program:w]
command=${command}
process_name=%(process_num)03d
numprocs=${count}
startsecs=0
autorestart=true
redirect_stderr=true
stdout_logfile=%(here)s/w.log
${option}
`;

/** @returns the pids of all, once they run */
async function pidsOnceAllRun(daemon: TestDaemon): Promise<number[]> {
  const all = async () => await daemon.all();
  const run = async () => (await all()).every(({ statename }) => statename === "RUNNING");
  await eventually("all run", run, 60_000, 200);
  return (await all()).map(({ pid }) => pid);
}

const countOf = (what: RegExp, text: string): number => text.match(what)?.length ?? 0;

describe.each(ways)("of children that are started %s", (_, env) => {
  test(`${COUNT} that die together are all replaced, each once, while the daemon answers`, async () => {
    const daemon = await startDaemon(fleet(COUNT, "sleep 1000"), "loglevel=info", { env });
    const before = await pidsOnceAllRun(daemon);
    expect(sorted(childrenOf(daemon.pid))).toEqual(sorted(before));
    const stopAsking = ask(daemon);
    const began = performance.now();
    for (const pid of before) process.kill(pid, "SIGKILL");
    const told = () => countOf(/exited: /g, daemon.log()) === COUNT;
    await eventually("all deaths are told", told, 60_000, 200);
    const after = await pidsOnceAllRun(daemon);
    const took = Math.round(performance.now() - began);
    const pause = await stopAsking();
    console.info(`${COUNT} replaced in ${took} ms; longest wait for an answer ${pause} ms`);
    expect(new Set([...before, ...after]).size).toBe(2 * COUNT);
    expect(sorted(childrenOf(daemon.pid))).toEqual(sorted(after));
    expect(countOf(/spawned: /g, daemon.log())).toBe(2 * COUNT);
    expect(countOf(/exited: \d+ \(terminated by SIGKILL; not/g, daemon.log())).toBe(COUNT);
  }, 120_000);

  test("those with stoptree are replaced once nothing of theirs is left", async () => {
    const count = 60;
    const command = `sh -c 'sleep 1000 & echo "pid $!"; wait'`;
    const text = fleet(count, command, "stoptree=true");
    const daemon = await startDaemon(text, "loglevel=info", { env });
    const grandchildren = () =>
      [...daemon.file("w.log").matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));
    const before = await pidsOnceAllRun(daemon);
    await eventually("all have one", () => grandchildren().length === count);
    for (const pid of before) process.kill(pid, "SIGKILL");
    await eventually("all are new", () => grandchildren().length === 2 * count, 60_000);
    const after = await pidsOnceAllRun(daemon);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(grandchildren().slice(0, count).filter(isAlive)).toEqual([]);
    expect(grandchildren().slice(count).filter(isAlive)).toHaveLength(count);
    expect(countOf(/spawned: /g, daemon.log())).toBe(2 * count);
  }, 120_000);
});
