/** Children that do not end when they are asked to. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { unless } from "../../src/os/errno.ts";
import { eventually, isAlive, startDaemon, type TestDaemon, tempDir } from "../support/daemon.ts";
import { ways } from "../support/watched.ts";

/** Beside supervisord, and on a busy machine. */
const LONG = { timeout: 60_000 };

const others = `
[program:other]
command=sleep 1000
process_name=other_%(process_num)d
numprocs=5
startsecs=0
`;

/** The other programs run on, untouched, and can be restarted. */
async function expectOthersWell(daemon: TestDaemon, before: readonly number[]) {
  expect(await pidsOfOthers(daemon)).toEqual(before);
  const { stdout } = await daemon.ctl("restart", "other:other_0");
  expect(stdout).toBe("other:other_0: stopped\nother:other_0: started\n");
  const [first, ...rest] = await pidsOfOthers(daemon);
  expect(first).not.toBe(before[0]);
  expect(rest).toEqual(before.slice(1));
}

async function pidsOfOthers(daemon: TestDaemon): Promise<number[]> {
  const names = [0, 1, 2, 3, 4].map((number) => `other:other_${number}`);
  return Promise.all(names.map(async (name) => (await daemon.state(name, "RUNNING")).pid));
}

describe.each(ways)("a child that is started %s", LONG, (_, env) => {
  test("and ignores its stop signal is killed, and nobody waits for it but who asked", async () => {
    const daemon = await startDaemon(
      `
[program:deaf]
command=sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
stopwaitsecs=2
startsecs=0
stdout_logfile=%(here)s/deaf.log
${others}`,
      "",
      { env },
    );
    await eventually("it ignores the signal", () => daemon.file("deaf.log") === "ready\n");
    const before = await pidsOfOthers(daemon);
    const { pid } = await daemon.info("deaf");
    const stop = daemon.ctl("stop", "deaf");
    await daemon.state("deaf", "STOPPING");
    await expectOthersWell(daemon, before);
    expect(await daemon.info("deaf")).toMatchObject({ statename: "STOPPING", pid });
    expect((await stop).stdout).toBe("deaf: stopped\n");
    expect(await daemon.info("deaf")).toMatchObject({ statename: "STOPPED", pid: 0 });
    expect(daemon.log()).toMatch(/WARN killing 'deaf' \(\d+\) with SIGKILL/);
    expect(isAlive(pid)).toBe(false);
  });

  test.each([
    ["lives on without stoptree", "", true],
    ["is gone with stoptree", "stoptree=true\n", false],
  ])("and forks twice into a session of its own %s", async (__, option, survives) => {
    const dir = tempDir();
    const deaf = "trap '' TERM; echo $$ >pid.new; mv pid.new pid; while :; do sleep 0.1; done";
    writeFileSync(path.join(dir, "deaf"), `${deaf}\n`);
    const daemon = await startDaemon(
      `
[program:forker]
command=sh -c '(setsid sh deaf </dev/null >/dev/null 2>&1 &); sleep 1000'
directory=%(here)s
startsecs=0
stopasgroup=true
stopwaitsecs=1
${option}`,
      "",
      { env, dir },
    );
    const orphan = await eventually("it has forked", () => Number(daemon.file("pid")));
    onTestFinished(() => {
      unless(["ESRCH"], () => process.kill(orphan, "SIGKILL"));
    });
    expect(isAlive(orphan)).toBe(true);
    expect((await daemon.ctl("stop", "forker")).stdout).toBe("forker: stopped\n");
    expect(isAlive(orphan)).toBe(survives);
  });

  test.runIf(mayFreeze())("and cannot even die is waited for, and gone once it can", async () => {
    const daemon = await startDaemon(
      `
[program:stuck]
command=sleep 1000
stopwaitsecs=1
startsecs=0
${others}`,
      "",
      { env },
    );
    const { pid } = await daemon.state("stuck", "RUNNING");
    const before = await pidsOfOthers(daemon);
    const thaw = freeze(pid);
    const stop = daemon.ctl("stop", "stuck");
    const kills = () => daemon.log().match(/killing 'stuck' \(\d+\) with SIGKILL/g)?.length ?? 0;
    await eventually("it is killed again and again", () => kills() >= 3);
    expect(await daemon.info("stuck")).toMatchObject({ statename: "STOPPING", pid });
    expect((await daemon.ctl("start", "stuck")).stdout).toContain("ERROR");
    await expectOthersWell(daemon, before);
    thaw();
    expect((await stop).stdout).toBe("stuck: stopped\n");
    expect(await daemon.info("stuck")).toMatchObject({ statename: "STOPPED", pid: 0 });
    expect((await daemon.ctl("start", "stuck")).stdout).toBe("stuck: started\n");
  });
});

const freezer = "/sys/fs/cgroup/freezer";

/** A process in a frozen cgroup of version 1 takes SIGKILL only when it is thawed, as one in D state. */
function mayFreeze(): boolean {
  const may =
    existsSync(`${freezer}/cgroup.procs`) && spawnSync("test", ["-w", freezer]).status === 0;
  if (!may) console.warn("skipped: no writable freezer cgroup of version 1");
  return may;
}

/** @returns the way to thaw it */
function freeze(pid: number): () => void {
  const cgroup = path.join(freezer, `drover-test-${process.pid}-${pid}`);
  mkdirSync(cgroup);
  const set = (file: string, value: string) => writeFileSync(path.join(cgroup, file), value);
  const thaw = () => set("freezer.state", "THAWED");
  onTestFinished(async () => {
    thaw();
    await eventually("the cgroup is empty", () => {
      try {
        rmdirSync(cgroup);
        return true;
      } catch {
        unless(["ESRCH"], () => process.kill(pid, "SIGKILL"));
        return false;
      }
    });
  });
  set("cgroup.procs", String(pid));
  set("freezer.state", "FROZEN");
  return thaw;
}
