/** A machine that has no room for another process or file: nobody is given up, and all come back. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { unless } from "../../src/os/errno.ts";
import type { ProcessInfo } from "../../src/rpc/results.ts";
import { eventually, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { asUser, isRoot, openFolder } from "../support/rights.ts";
import { ways } from "../support/watched.ts";

/** Beside supervisord, and on a busy machine. */
const LONG = { timeout: 60_000 };

const copies = (count: number, autostart = true): string => `
[program:w]
command=sleep 1000
process_name=%(process_num)02d
numprocs=${count}
startsecs=0
startretries=0
autostart=${autostart}
stdout_logfile=%(here)s/w.log
redirect_stderr=true
`;

/** A user that nobody is: the kernel counts all the processes of one together. */
const ofItsOwn = (): number => 300_000 + process.pid;

const filesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
/** Whose child has ended, by the log. With stoptree a first line may say what is still waited for. */
const ended = (log: string): Set<string | undefined> =>
  new Set(
    [...log.matchAll(/(?:exited: |')(\d\d)(?: |' \(\d+\) has ended )/g)].map(([, name]) => name),
  );

const killGroup = (pid: number): void => {
  unless(["ESRCH"], () => process.kill(-pid, "SIGKILL"));
};
const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

const setLimit = (pid: number, resource: "nofile" | "nproc", limit: number): void => {
  // As the user of that process: root itself may not, without the right for it.
  const { uid, gid } = statSync(`/proc/${pid}`);
  execFileSync("prlimit", [`--pid=${pid}`, `--${resource}=${limit}:`], { uid, gid });
};

/** Waits until every process either runs or has been told that there is no room. */
async function settled(daemon: TestDaemon, spawnerr: RegExp): Promise<ProcessInfo[]> {
  let open: ProcessInfo[] = [];
  await eventually("each runs or has met the limit", async () => {
    const all = await daemon.all();
    open = all.filter((info) => info.statename !== "RUNNING" && !spawnerr.test(info.spawnerr));
    return open.length === 0;
  }).catch((error) => {
    throw new Error(JSON.stringify(open, undefined, 1), { cause: error });
  });
  return daemon.all();
}

const running = (all: readonly ProcessInfo[]) =>
  all.filter(({ statename }) => statename === "RUNNING");

/** Some run, the others wait and are not given up, and what is shown is true. */
async function expectSome(daemon: TestDaemon, all: readonly ProcessInfo[], spawnerr: RegExp) {
  const up = running(all);
  expect(up.length).toBeGreaterThan(2);
  expect(up.length).toBeLessThan(all.length);
  const waiting = all.filter((info) => !up.includes(info));
  for (const { statename, pid, spawnerr: why } of waiting) {
    expect(statename).toMatch(/BACKOFF|STARTING/);
    expect(pid).toBe(0);
    expect(why).toMatch(spawnerr);
  }
  expect(childrenOf(daemon.pid)).toEqual(up.map(({ pid }) => pid).sort((a, b) => a - b));
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .map(Number)
    .sort((a, b) => a - b);

/** All run, none of those that ran before has been touched, and nobody was given up. */
async function expectAll(daemon: TestDaemon, before: readonly ProcessInfo[], count: number) {
  await eventually("all run", async () => running(await daemon.all()).length === count);
  const all = await daemon.all();
  const pids = all.map(({ pid }) => pid);
  expect(pids).toEqual(expect.arrayContaining(before.map(({ pid }) => pid)));
  expect(childrenOf(daemon.pid)).toEqual(pids.sort((a, b) => a - b));
  expect(daemon.log()).not.toMatch(/gave up|unexpected error/);
}

const countOpen = (sockets: readonly net.Socket[]): number =>
  sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === "open").length;

describe.each(ways)("with children that are started %s", LONG, (_, env) => {
  test("when the daemon has no descriptors left, the rest wait for those of others or for a higher limit", async () => {
    const tooMany = /^too many open files to spawn '\d\d'$/;
    const through = ["prlimit", "--nofile=200:200"];
    const daemon = await startDaemon(copies(40, false), "minfds=20", { env, through });
    setLimit(daemon.pid, "nofile", 64); // not before: Node raises its own to the hard limit
    const starting = daemon.ctl("start", "all");
    const first = await settled(daemon, tooMany);
    await expectSome(daemon, first, tooMany);
    await starting;
    // Some make room for others.
    const [gone, ...stay] = running(first).map(({ name }) => name);
    await daemon.ctl("stop", `w:${gone}`);
    await eventually("another one in its place", async () => {
      const now = running(await daemon.all()).map(({ name }) => name);
      return now.length > stay.length && stay.every((name) => now.includes(name));
    });
    const second = running(await daemon.all());
    setLimit(daemon.pid, "nofile", 200);
    await daemon.ctl("start", `w:${gone}`);
    await expectAll(daemon, second, 40);
  });

  test.each([
    "stopasgroup=true",
    "stoptree=true",
    ...(isRoot ? ["stopasgroup=true\nuser=nobody"] : []),
  ])(
    "when the last descriptors are taken, deaths are noticed all the same, with %j",
    async (option) => {
      const through = ["prlimit", "--nofile=64:64"];
      // A grandchild holds the output open, so that what is in it is taken in when the child ends.
      const holding = copies(10)
        .replace("sleep 1000", "sh -c 'sleep 1000 & exec sleep 1000'")
        .replace("numprocs", `${option}\nnumprocs`);
      const daemon = await startDaemon(holding, "minfds=20", { env, through });
      await expectAll(daemon, [], 10);
      const before = childrenOf(daemon.pid);
      for (const pid of before) onTestFinished(() => killGroup(pid));
      const sockets = Array.from({ length: 60 }, () => net.connect(daemon.socket));
      for (const socket of sockets) socket.on("error", () => undefined);
      // Clients get no more than their part.
      await eventually("no more come", async () => {
        const { statename } = await daemon.info("w:00");
        return statename === "RUNNING" && filesOf(daemon.pid) < 60 && countOpen(sockets) < 20;
      });
      setLimit(daemon.pid, "nofile", 3);
      // All at one moment: of many signals that come together only one is delivered.
      process.kill(daemon.pid, "SIGSTOP");
      for (const pid of before) process.kill(pid, "SIGKILL");
      process.kill(daemon.pid, "SIGCONT");
      await eventually("all deaths are told", () => ended(daemon.log()).size === 10);
      for (const socket of sockets) socket.destroy();
      setLimit(daemon.pid, "nofile", 64);
      await expectAll(daemon, [], 10);
      expect(childrenOf(daemon.pid).filter((pid) => before.includes(pid))).toEqual([]);
    },
  );

  test.runIf(isRoot)(
    "when the kernel gives the user no more processes, the rest wait",
    async () => {
      const tooMany = /^Too many processes in process table to spawn '\d\d'$/;
      const user = ofItsOwn();
      const dir = openFolder(user);
      const through = asUser(user);
      const daemon = await startDaemon(copies(30, false), "", { env, dir, through });
      setLimit(daemon.pid, "nproc", threadsOf(daemon.pid) + 10);
      await daemon.client.call("supervisor.startAllProcesses", { wait: false });
      const first = await settled(daemon, tooMany);
      await expectSome(daemon, first, tooMany);
      setLimit(daemon.pid, "nproc", 1_000);
      await expectAll(daemon, running(first), 30);
    },
  );
});
