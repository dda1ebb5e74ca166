import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Fault } from "../../src/faults.ts";
import type { ProcessInfo } from "../../src/rpc/results.ts";
import { eventually, startDaemon, type TestDaemon } from "../support/daemon.ts";

/** SOAK_SECONDS=600 for the long one. */
const SECONDS = Number(process.env.SOAK_SECONDS ?? 10);

const copies = (name: string, numprocs: number, ...lines: string[]): string =>
  [
    `[program:${name}]`,
    "process_name=%(program_name)s_%(process_num)02d",
    `numprocs=${numprocs}`,
    "startsecs=0",
    "autorestart=true",
    "stopwaitsecs=1",
    ...lines,
    "",
  ].join("\n");

/** 200 processes: prompt ones, some that end by themselves, ignore SIGTERM, talk, or have children. */
const fleet =
  copies("prompt", 100, "command=sleep 1000") +
  copies("ending", 30, `command=sh -c 'sleep $(($$ %% 3)).$(($$ %% 10)); exit $(($$ %% 2))'`) +
  copies(
    "stubborn",
    20,
    `command=sh -c 'trap "" TERM; while :; do sleep 1; done'`,
    "killasgroup=true",
  ) +
  copies(
    "talking",
    30,
    "command=sh -c 'while :; do echo $$; sleep 0.2; done'",
    "stopasgroup=true",
  ) +
  copies("family", 20, "command=sh -c 'setsid sleep 1000 & sleep 1000 & wait'", "stoptree=true");

/** Two channels and two logs of each process; and what the daemon itself has open, at the most. */
const DESCRIPTORS_EACH = 4;
const MOST_OF_ITS_OWN = 40;

const namespecs = ({ group, name }: ProcessInfo): string => `${group}:${name}`;

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** One act of an operator or of fate. What is refused because of another act is no failure. */
async function disturb({ client }: TestDaemon): Promise<void> {
  const all = await client.call("supervisor.getAllProcessInfo", {});
  const victim = pick(all);
  const name = namespecs(victim);
  const wait = Math.random() < 0.5;
  try {
    switch (pick(["kill", "kill", "kill", "term", "stop", "start", "group"])) {
      case "kill":
      case "term":
        if (victim.pid > 0) process.kill(victim.pid, wait ? "SIGKILL" : "SIGTERM");
        break;
      case "stop":
        await client.call("supervisor.stopProcess", { name, wait });
        break;
      case "start":
        await client.call("supervisor.startProcess", { name, wait });
        break;
      case "group":
        await client.call("supervisor.stopProcessGroup", { name: victim.group, wait: false });
        await client.call("supervisor.startProcessGroup", { name: victim.group, wait: false });
        break;
    }
  } catch (error) {
    const gone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!(error instanceof Fault) && !gone) throw error;
  }
}

async function disturbUntil(daemon: TestDaemon, deadline: number): Promise<number> {
  let acts = 0;
  while (performance.now() < deadline) {
    await disturb(daemon);
    acts++;
  }
  return acts;
}

/** Everything runs but what ends by itself. */
async function allRun(daemon: TestDaemon): Promise<void> {
  await eventually("all run", async () => {
    await daemon.client.call("supervisor.startAllProcesses", { wait: false });
    const lasting = (await daemon.all()).filter(({ group }) => group !== "ending");
    return lasting.every(({ statename }) => statename === "RUNNING");
  });
}

const status = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
};
const parentOf = (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(status(pid))?.[1]);
const isZombie = (pid: number) => /^State:\s*Z/m.test(status(pid));
const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
const descriptors = ({ pid }: TestDaemon) => readdirSync(`/proc/${pid}/fd`).length;
const residentKb = ({ pid }: TestDaemon) => Number(/^VmRSS:\s*(\d+)/m.exec(status(pid))?.[1]);

/** Pids in the ledger: a file for each living child. */
function ledgerOf({ dir }: TestDaemon): number[] {
  const [instance = ""] = readdirSync(path.join(dir, "run"));
  const folder = path.join(dir, "run", instance);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".child"))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), "utf8")).pid);
}

test(
  "after many kills, stops and starts at random, what droverd says, its ledger and /proc agree",
  async () => {
    const daemon = await startDaemon(fleet, "loglevel=info");
    await allRun(daemon);
    // Those that end by themselves are at rest for the counts.
    const settle = async () => {
      await allRun(daemon);
      await daemon.client.call("supervisor.stopProcessGroup", { name: "ending", wait: true });
      const running = (await daemon.all()).filter(({ statename }) => statename === "RUNNING");
      await eventually("no zombies", () => !childrenOf(daemon.pid).some(isZombie));
      // The channels of those that have ended are closed when their ends are read.
      const own = () => descriptors(daemon) - running.length * DESCRIPTORS_EACH;
      await eventually("the descriptors of the ended are closed", () => own() < MOST_OF_ITS_OWN);
      return running.map(({ pid }) => pid).sort();
    };
    const first = await settle();
    const before = { descriptors: descriptors(daemon), residentKb: residentKb(daemon) };
    await daemon.client.call("supervisor.startAllProcesses", { wait: false });

    const deadline = performance.now() + SECONDS * 1_000;
    const workers = Array.from({ length: 4 }, () => disturbUntil(daemon, deadline));
    const acts = (await Promise.all(workers)).reduce((sum, count) => sum + count, 0);

    const pids = await settle();
    expect(acts).toBeGreaterThan(0);
    expect(pids).toHaveLength(first.length);
    expect(ledgerOf(daemon).sort()).toEqual(pids);
    // As the subreaper of its families droverd may have their orphans for a moment longer.
    await eventually("no other child", () => childrenOf(daemon.pid).length === pids.length);
    expect(childrenOf(daemon.pid).sort()).toEqual(pids);
    expect(descriptors(daemon)).toBeLessThanOrEqual(before.descriptors);
    // Garbage is no leak: V8 collects it some seconds after the daemon has come to rest.
    await eventually(
      "the memory is given back",
      () => residentKb(daemon) < before.residentKb * 1.3,
      60_000,
    );
    expect(daemon.log()).not.toMatch(/ (CRIT unexpected error|ERRO) /);
    expect(await daemon.stop()).toBe(0);
    expect(pids.filter((pid) => parentOf(pid) === daemon.pid)).toEqual([]);
  },
  SECONDS * 1_000 + 90_000,
);
