import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { enclosureOf } from "../../src/daemon/channelname.ts";
import { unifiedCgroup } from "../../src/os/cgroups.ts";
import {
  configText,
  eventually,
  isAlive,
  launch,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";

/** Waits until a file of the daemon's folder has as many lines, and gives them as numbers. */
const pidsIn = (daemon: TestDaemon, name: string, count: number): Promise<number[]> =>
  eventually(`${count} pids in ${name}`, () => {
    const lines = daemon.file(name).trim().split("\n").filter(Boolean);
    return lines.length === count ? lines.map(Number) : undefined;
  });

/**
 * A child that starts another in its own group, one that leads a session while its parent lives, and
 * one that has left in every way there is: parent gone, session and group of its own.
 */
const family = `sh -c '
  sleep 1000 & echo $! >> pids
  setsid sh -c "echo \\$\\$ >> pids; exec sleep 1000" &
  setsid sh -c "(echo \\$(exec sh -c \\"echo \\\\\\$PPID\\") >> pids; exec sleep 1000) & " 
  echo up; wait'`;

test("stoptree=true stops all that a child has started, and says STOPPED only then", async () => {
  const daemon = await startDaemon(`
[program:tree]
command=${family.replaceAll("\n", "\n ")}
directory=%(here)s
stoptree=true
startsecs=0
[program:other]
command=sleep 1000
startsecs=0
`);
  const pids = await pidsIn(daemon, "pids", 3);
  const other = await daemon.info("other");
  expect(pids.filter(isAlive)).toEqual(pids);
  expect((await daemon.ctl("stop", "tree")).stdout).toBe("tree: stopped\n");
  expect(pids.filter(isAlive)).toEqual([]);
  expect((await daemon.info("other")).pid).toBe(other.pid);
});

test("without stoptree what has left the process group lives on, as in supervisord", async () => {
  const daemon = await startDaemon(`
[program:tree]
command=${family.replaceAll("\n", "\n ")}
directory=%(here)s
stopasgroup=true
startsecs=0
`);
  const pids = await pidsIn(daemon, "pids", 3);
  try {
    await daemon.ctl("stop", "tree");
    await eventually("the one in the group is gone", () => pids.filter(isAlive).length === 2);
  } finally {
    for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
  }
});

test("what of a tree does not go when asked is killed and named", async () => {
  const daemon = await startDaemon(`
[program:tree]
command=sh -c 'setsid sh -c "trap : TERM; echo \\$\\$ > stubborn; while true; do sleep 0.1; done" & exec sleep 1000'
directory=%(here)s
stoptree=true
stopwaitsecs=1
startsecs=0
`);
  const [stubborn = 0] = await pidsIn(daemon, "stubborn", 1);
  await daemon.state("tree", "RUNNING");
  const stopped = daemon.ctl("stop", "tree");
  await eventually("it waits", async () => (await daemon.info("tree")).statename === "STOPPING");
  expect(isAlive(stubborn)).toBe(true);
  expect((await stopped).stdout).toBe("tree: stopped\n");
  expect(isAlive(stubborn)).toBe(false);
  expect(daemon.log()).toMatch(/WARN killed sh \(pid \d+\), which 'tree' had left behind/);
  expect(daemon.log()).toMatch(/'tree' \(\d+\) has ended \(terminated by SIGTERM\), waiting for/);
});

test("with stoptree a crashed child is replaced once what it left is gone", async () => {
  const daemon = await startDaemon(`
[program:tree]
command=sh -c 'setsid sh -c "echo \\$\\$ >> left; exec sleep 1000" & exec sleep 1000'
directory=%(here)s
stoptree=true
startsecs=0
`);
  const [left = 0] = await pidsIn(daemon, "left", 1);
  const { pid } = await daemon.state("tree", "RUNNING");
  process.kill(pid, "SIGKILL");
  await pidsIn(daemon, "left", 2);
  expect(isAlive(left)).toBe(false);
  await eventually("it is told", () => daemon.log().split("spawned: 'tree'").length > 2);
  const log = daemon.log();
  const [gone, again] = [log.lastIndexOf("exited: tree"), log.lastIndexOf("spawned: 'tree'")];
  expect(gone).toBeGreaterThan(0);
  expect(again).toBeGreaterThan(gone);
});

test("what of a tree outlives both the daemon and its child is stopped by the next daemon", async () => {
  const programs = (name: string) => `
[program:${name}]
command=sh -c 'setsid sh -c "echo \\$\\$ >> left; exec sleep 1000" & exec sleep 1000'
directory=%(here)s
stoptree=true
startsecs=0
`;
  const daemon = await startDaemon(programs("tree") + programs("stranger"));
  const left = await pidsIn(daemon, "left", 2);
  const children = (await daemon.all()).map(({ pid }) => pid);
  await daemon.stop("SIGKILL");
  for (const pid of children) process.kill(pid, "SIGKILL");
  await eventually("the children are gone", () => !children.some(isAlive));
  expect(left.filter(isAlive)).toEqual(left);
  writeFileSync(daemon.config, configText(programs("tree")));
  await launch(daemon.dir, daemon.config);
  const [, , again = 0] = await pidsIn(daemon, "left", 3);
  await eventually("both are gone", () => !left.some(isAlive));
  expect(isAlive(again)).toBe(true);
});

const own = unifiedCgroup({
  cgroup: readFileSync("/proc/self/cgroup", "utf8"),
  mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
});
const mayEnclose = enclosureOf("/drover-test/probe")?.make() ?? false;
enclosureOf("/drover-test/probe")?.remove();
const skipped = mayEnclose ? "" : " (SKIPPED: no cgroup of version 2 may be made here)";

test.runIf(mayEnclose)(`what hides from all else does not from its cgroup${skipped}`, async () => {
  const script = path.join(tempDir(), "hide.sh");
  // A session of its own, no parent of the tree, and no environment. It waits until it is enclosed.
  writeFileSync(
    script,
    "sleep 0.3\nenv -i setsid sh -c 'sleep 1000 & echo $! > hidden'\nexec sleep 1000\n",
  );
  const daemon = await startDaemon(`
[program:tree]
command=sh ${script}
directory=%(here)s
stoptree=true
startsecs=0
`);
  const [hidden = 0] = await pidsIn(daemon, "hidden", 1);
  expect(readFileSync(`/proc/${hidden}/environ`, "utf8")).not.toContain("DROVER_TREE");
  expect((await daemon.ctl("stop", "tree")).stdout).toBe("tree: stopped\n");
  expect(isAlive(hidden)).toBe(false);
  const left = readdirSync(own?.folder ?? "").filter((name) => name.endsWith("-tree:tree"));
  expect(left).toEqual([]);
});

const hears = (signals: string) =>
  `sh -c '${signals}; echo ready; while true; do sleep 0.05; done'`;

test("stopsequence sends one signal after another, each with its time", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=${hears('trap "echo TERM" TERM; trap "echo INT; exit 4" INT')}
stopsequence=TERM:300ms INT:20 KILL
stdout_logfile=%(here)s/out
startsecs=0
`);
  await eventually("the traps are set", () => daemon.file("out").includes("ready"));
  expect((await daemon.ctl("stop", "worker")).stdout).toBe("worker: stopped\n");
  expect(daemon.file("out")).toBe("ready\nTERM\nINT\n");
  expect(daemon.log()).toMatch(
    /'worker' \(\d+\) has not ended 300ms after SIGTERM, sending SIGINT/,
  );
  expect(daemon.log()).toContain("stopped: worker (exit status 4)");
});

test("stopsequence ends in SIGKILL whatever it says", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=${hears("trap : TERM INT")}
stopsequence=TERM:200ms INT:200ms
stdout_logfile=%(here)s/out
startsecs=0
`);
  await eventually("the traps are set", () => daemon.file("out").includes("ready"));
  await daemon.ctl("stop", "worker");
  expect(daemon.log()).toMatch(/WARN killing 'worker' \(\d+\) with SIGKILL/);
  expect(daemon.log()).toContain("stopped: worker (terminated by SIGKILL)");
});

test("stopcommand is run as the program is, and its output is in the program's log", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=${hears('trap "echo asked; exit 0" USR1')}
directory=%(here)s
environment=COLOUR="red"
stopcommand=sh -c 'echo "$COLOUR $SUPERVISOR_PROCESS_NAME $PWD"; kill -USR1 $MAINPID'
stdout_logfile=%(here)s/out
startsecs=0
`);
  await eventually("the trap is set", () => daemon.file("out").includes("ready"));
  expect((await daemon.ctl("stop", "worker")).stdout).toBe("worker: stopped\n");
  await eventually("both have spoken", () => daemon.file("out").split("\n").length === 4);
  expect(daemon.file("out").split("\n").sort()).toEqual(
    ["", "asked", "ready", `red worker ${daemon.dir}`].sort(),
  );
});

test.each([
  ["fails", "false", "exit status 1"],
  ["is not there", "/nonexistent/stop", "can't find command '/nonexistent/stop'"],
])("a stopcommand that %s gives way to the stop signal", async (_, command, why) => {
  const daemon = await startDaemon(`
[program:worker]
command=sleep 1000
stopcommand=${command}
startsecs=0
`);
  await daemon.state("worker", "RUNNING");
  expect((await daemon.ctl("stop", "worker")).stdout).toBe("worker: stopped\n");
  expect(daemon.log()).toContain("stopped: worker (terminated by SIGTERM)");
  expect(daemon.log()).toMatch(new RegExp(`stopcommand of worker \\(pid \\d+\\) failed: ${why}`));
});

test("a stopcommand that hangs ends with the process", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sleep 1000
stopcommand=sh -c 'echo $$ > command; exec sleep 1000'
directory=%(here)s
stopwaitsecs=1
startsecs=0
`);
  await daemon.state("worker", "RUNNING");
  await daemon.ctl("stop", "worker");
  const command = Number(readFileSync(path.join(daemon.dir, "command"), "utf8"));
  await eventually("it is gone too", () => !isAlive(command));
  expect(daemon.log()).toContain("stopped: worker (terminated by SIGKILL)");
});

test("reload sends reloadsignal to a process, and restarts the daemon without a name", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=${hears('trap "echo reloaded" HUP')}
reloadsignal=HUP
process_name=%(program_name)s_%(process_num)d
numprocs=2
stdout_logfile=%(here)s/out
startsecs=0
[program:plain]
command=sleep 1000
startsecs=0
`);
  const count = (word: string) => daemon.file("out").split(word).length - 1;
  await eventually("the traps are set", () => count("ready") === 2);
  expect(await daemon.ctl("reload", "worker:worker_0")).toMatchObject({
    code: 0,
    stdout: "worker:worker_0: signalled\n",
  });
  await eventually("it has reloaded", () => count("reloaded") === 1);
  expect((await daemon.ctl("reload", "worker:*")).stdout.split("\n").sort()).toEqual([
    "",
    "worker:worker_0: signalled",
    "worker:worker_1: signalled",
  ]);
  await eventually("both have", () => count("reloaded") === 3);
  expect(await daemon.ctl("reload", "plain")).toMatchObject({
    code: 1,
    stdout: "plain: ERROR (plain has no reloadsignal=)\n",
  });
  expect(await daemon.ctl("reload", "nobody")).toMatchObject({
    code: 1,
    stdout: "nobody: ERROR (no such process)\n",
  });
  const { pid } = await daemon.info("plain");
  expect((await daemon.ctl("reload")).stdout).toBe("Restarted supervisord\n");
  await eventually("a new child", async () => {
    try {
      return ![0, pid].includes((await daemon.info("plain")).pid);
    } catch {
      return false; // between two lives nobody answers
    }
  });
});
