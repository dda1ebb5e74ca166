import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually, isAlive, startDaemon, tempDir } from "../support/daemon.ts";

const fleet = `
[program:worker]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=3
startsecs=0
autorestart=true
`;

test("a worker killed with -9 is back at once, and the others are untouched", async () => {
  const daemon = await startDaemon(fleet);
  const before = await daemon.all();
  const victim = before[1]?.pid ?? 0;
  process.kill(victim, "SIGKILL");
  const after = await eventually("a new pid", async () => {
    const info = await daemon.info("worker:worker_1");
    return info.pid !== victim && info.statename === "RUNNING" ? info : undefined;
  });
  expect(after.pid).toBeGreaterThan(0);
  expect((await daemon.info("worker:worker_0")).pid).toBe(before[0]?.pid);
  expect(daemon.log()).toContain("exited: worker_1 (terminated by SIGKILL; not expected)");
});

test("100 kills in a row make 100 restarts and never more copies than numprocs", async () => {
  const dir = tempDir();
  // Each copy notes its start and how many copies there are: itself and its siblings.
  const script = path.join(dir, "copy.sh");
  const marker = `drover-copies-${process.pid}`;
  writeFileSync(
    script,
    `echo "$$ $(pgrep -f -c '^sleep 1000 ${marker}')" >> ${dir}/starts\nexec -a 'sleep 1000 ${marker}' sleep 1000\n`,
  );
  const daemon = await startDaemon(`
[program:worker]
command=bash ${script}
process_name=%(program_name)s_%(process_num)d
numprocs=3
startsecs=0
autorestart=true
`);
  const starts = () => {
    try {
      return readFileSync(path.join(dir, "starts"), "utf8").trim().split("\n");
    } catch {
      return [];
    }
  };
  await eventually("three copies", () => starts().length === 3);
  for (let kill = 1; kill <= 100; kill++) {
    const name = `worker:worker_${kill % 3}`;
    const { pid } = await daemon.state(name, "RUNNING");
    process.kill(pid, "SIGKILL");
    await eventually(`start ${3 + kill}`, () => starts().length >= 3 + kill);
  }
  await eventually("all run", async () =>
    (await daemon.all()).every(({ statename }) => statename === "RUNNING"),
  );
  expect(starts()).toHaveLength(103);
  expect(Math.max(...starts().map((line) => Number(line.split(" ")[1])))).toBeLessThanOrEqual(2);
  expect(daemon.log().match(/spawned: 'worker_\d'/g)).toHaveLength(103);
}, 90_000);

test("a program that always fails is tried startretries + 1 times and then FATAL", async () => {
  const daemon = await startDaemon(`
[program:bad]
command=sh -c 'exit 3'
startretries=1
[program:good]
command=sleep 1000
startsecs=0
`);
  const info = await daemon.state("bad", "FATAL");
  expect(info.spawnerr).toBe("Exited too quickly (process log may have details)");
  expect(daemon.log().match(/spawned: 'bad'/g)).toHaveLength(2);
  expect(daemon.log()).toContain("gave up: bad entered FATAL state");
  expect((await daemon.info("good")).statename).toBe("RUNNING");
});

test("what cannot be started says why and leaves the rest alone", async () => {
  const dir = tempDir();
  writeFileSync(path.join(dir, "plain"), "no program");
  const daemon = await startDaemon(`
[program:missing]
command=/nonexistent/program
[program:plain]
command=${dir}/plain
[program:folder]
command=${dir}
[program:cwd]
command=sleep 1000
directory=/nonexistent/folder
[program:quote]
command=sh -c 'open
[program:logdir]
command=sleep 1000
stdout_logfile=%(here)s
[program:good]
command=sleep 1000
startsecs=0
`);
  await daemon.state("good", "RUNNING");
  const spawnerr = async (name: string) => (await daemon.state(name, "BACKOFF")).spawnerr;
  expect(await spawnerr("missing")).toBe("can't find command '/nonexistent/program'");
  expect(await spawnerr("plain")).toBe(`command at '${dir}/plain' is not executable`);
  expect(await spawnerr("folder")).toBe(`command at '${dir}' is a directory`);
  expect(await spawnerr("cwd")).toBe("Exited too quickly (process log may have details)");
  expect(await spawnerr("quote")).toContain("No closing quotation");
  expect(await spawnerr("logdir")).toBe("unknown error making dispatchers for 'logdir': EISDIR");
});

test("autorestart=unexpected restarts bad exits only, and a one-shot stays EXITED", async () => {
  const daemon = await startDaemon(`
[program:expected]
command=sh -c 'sleep 0.2; exit 2'
startsecs=0
exitcodes=0,2
[program:unexpected]
command=sh -c 'sleep 0.2; exit 4'
startsecs=0
`);
  const info = await daemon.state("expected", "EXITED");
  expect(info).toMatchObject({ exitstatus: 2, spawnerr: "", pid: 0 });
  await eventually(
    "three starts",
    () => (daemon.log().match(/spawned: 'unexpected'/g)?.length ?? 0) >= 3,
  );
  expect(daemon.log().match(/spawned: 'expected'/g)).toHaveLength(1);
});

test("a child that ignores the stop signal is killed after stopwaitsecs", async () => {
  const daemon = await startDaemon(`
[program:stubborn]
command=sh -c 'trap "" TERM; echo ready; while true; do sleep 0.1; done'
stopwaitsecs=1
stdout_logfile=%(here)s/out.log
startsecs=0
`);
  await eventually("the trap is set", () => daemon.file("out.log").includes("ready"));
  const { code, stdout } = await daemon.ctl("stop", "stubborn");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "stubborn: stopped\n" });
  expect(daemon.log()).toMatch(/WARN killing 'stubborn' \(\d+\) with SIGKILL/);
  expect(daemon.log()).toContain("stopped: stubborn (terminated by SIGKILL)");
});

test.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)(
  "%s stops the groups in reverse order of priority and leaves no child",
  async (signal) => {
    const daemon = await startDaemon(`
[program:first]
command=sleep 1000
priority=1
startsecs=0
[program:last]
command=sleep 1000
priority=2
startsecs=0
[group:pair]
programs=a,b
priority=3
[program:a]
command=sleep 1000
startsecs=0
[program:b]
command=sleep 1000
startsecs=0
`);
    const pids = (await daemon.all()).map(({ pid }) => pid);
    expect(pids.filter((pid) => pid > 0)).toHaveLength(4);
    expect(await daemon.stop(signal)).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    const stopped = [...daemon.log().matchAll(/stopped: (\w+)/g)].map(([, name]) => name);
    expect(stopped.slice(2)).toEqual(["last", "first"]);
    expect(stopped.slice(0, 2).sort()).toEqual(["a", "b"]);
    const spawned = [...daemon.log().matchAll(/spawned: '(\w+)'/g)].map(([, name]) => name);
    expect(spawned).toEqual(["first", "last", "a", "b"]);
    expect(daemon.file("droverd.pid")).toBe("");
  },
);

test("a group is asked to end when nothing of the one before runs any more", async () => {
  const slow = (name: string, priority: number) => `
[program:${name}]
command=sh -c 'trap "echo ${name} asked >>order; sleep 0.1; echo ${name} gone >>order; exit" TERM; echo >${name}; while :; do sleep 0.02; done'
directory=%(here)s
priority=${priority}
startsecs=0
`;
  const daemon = await startDaemon(`
${["c", "b", "a"].map((name, index) => slow(name, index)).join("")}
[program:stopped]
command=true
autostart=false
priority=1
`);
  await eventually("their traps", () => ["a", "b", "c"].every((name) => daemon.file(name) !== ""));
  expect(await daemon.stop()).toBe(0);
  expect(daemon.file("order").trim().split("\n")).toEqual(
    ["a", "b", "c"].flatMap((name) => [`${name} asked`, `${name} gone`]),
  );
});

test("SIGHUP starts anew with the new file, and a broken file changes nothing", async () => {
  const daemon = await startDaemon(fleet);
  const good = readFileSync(daemon.config, "utf8");
  const pids = (await daemon.all()).map(({ pid }) => pid);
  writeFileSync(daemon.config, good.replace("numprocs=3", "numprocs=three"));
  process.kill(daemon.pid, "SIGHUP");
  await eventually("the refusal", () => daemon.log().includes("the old one stays"));
  expect(daemon.log()).toContain('numprocs: expected a whole number such as 3, got "three"');
  expect((await daemon.all()).map(({ pid }) => pid)).toEqual(pids);
  // What reads well and could not be run is refused too, where that can be told beforehand.
  writeFileSync(daemon.config, good.replace("%(here)s/d.sock", "%(here)s/nowhere/d.sock"));
  process.kill(daemon.pid, "SIGHUP");
  await eventually("the other refusal", () => /nowhere does not exist/.test(daemon.log()));
  expect((await daemon.all()).map(({ pid }) => pid)).toEqual(pids);
  writeFileSync(daemon.config, good.replace("numprocs=3", "numprocs=2"));
  process.kill(daemon.pid, "SIGHUP");
  await eventually("two new workers", async () => {
    try {
      const all = await daemon.all();
      return all.length === 2 && all.every(({ pid }) => pid > 0 && !pids.includes(pid));
    } catch {
      return false; // between two lives nobody answers
    }
  });
  expect(pids.filter(isAlive)).toEqual([]);
});

test("SIGUSR1 opens no debugger and SIGUSR2 opens the logs again", async () => {
  const daemon = await startDaemon(`
[program:talker]
command=sh -c 'while true; do echo line; sleep 0.05; done'
stdout_logfile=%(here)s/talk.log
startsecs=0
`);
  await eventually("output", () => daemon.file("talk.log") !== "");
  process.kill(daemon.pid, "SIGUSR1");
  await eventually("the note", () => daemon.log().includes("ignored SIGUSR1"));
  renameSync(path.join(daemon.dir, "talk.log"), path.join(daemon.dir, "moved.log"));
  process.kill(daemon.pid, "SIGUSR2");
  await eventually("a new file", () => daemon.file("talk.log").includes("line"));
  expect(daemon.stderr()).not.toContain("Debugger listening");
});
