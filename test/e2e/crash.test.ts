import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  configText,
  droverctl,
  droverd,
  eventually,
  isAlive,
  launch,
  run,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";

async function kill(daemon: TestDaemon): Promise<void> {
  process.kill(daemon.pid, "SIGKILL");
  await eventually("it is dead", () => !isAlive(daemon.pid));
}

/** The channels, the ledger and the lock of the one daemon in a test's folder. */
function instance(dir: string): string {
  const [name = ""] = readdirSync(path.join(dir, "run"));
  return path.join(dir, "run", name);
}

/** Living processes whose stdin is a channel of this test's daemons: its children, noted or not. */
function childrenOf(dir: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
        return environ.includes(`SUPERVISOR_SERVER_URL=unix://${dir}/`) && isAlive(Number(pid));
      } catch {
        return false;
      }
    })
    .map(Number);
}

test("after a kill -9 of the daemon the next one stops what was left and never runs a copy twice", async () => {
  const daemon = await startDaemon(`
[program:printer]
command=sh -c 'trap "echo finished my job; exit 0" TERM; while true; do echo line; sleep 0.05; done'
startsecs=0
stdout_logfile=%(here)s/out.log
[program:silent]
command=sleep 1000
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
`);
  await eventually("output", () => daemon.file("out.log").includes("line"));
  const left = (await daemon.all()).map(({ pid }) => pid).filter((pid) => pid > 0);
  await kill(daemon);
  expect(left.filter(isAlive)).toEqual(left);
  const next = await launch(daemon.dir, daemon.config);
  await next.state("printer", "RUNNING");
  await next.state("silent", "RUNNING");
  expect(left.filter(isAlive)).toEqual([]);
  expect((await next.info("idle")).statename).toBe("STOPPED");
  expect(next.log()).toMatch(
    /WARN stopping 'silent' \(pid \d+\) with SIGTERM, left by a daemon that/,
  );
  expect(next.file("out.log")).toContain("finished my job");
});

test("what a killed daemon leaves is stopped even if it had no time to note it", async () => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  const copies =
    "[program:w]\ncommand=sleep 1000\nprocess_name=w_%(process_num)d\nnumprocs=40\nstartsecs=0\n";
  writeFileSync(config, configText(copies));
  for (let round = 0; round < 4; round++) {
    const daemon = await launch(dir, config);
    await eventually("some have been started", () => childrenOf(dir).length > round * 8);
    const note = path.join(instance(dir), "w:w_0.child");
    if (round === 2) await eventually("one is noted", () => existsSync(note));
    await kill(daemon);
    // As a machine that loses its power may leave it.
    if (round === 2) truncateSync(note);
  }
  const last = await launch(dir, config);
  await eventually("all run", async () =>
    (await last.all()).every(({ statename }) => statename === "RUNNING"),
  );
  expect(childrenOf(dir)).toHaveLength(40);
  expect(await last.stop()).toBe(0);
  expect(childrenOf(dir)).toEqual([]);
}, 60_000);

test("what is left of a program that is not configured any more can finish, and does not stay", async () => {
  const daemon = await startDaemon(`
[program:old]
command=sh -c 'trap "seq 1 60000; touch %(here)s/finished; exit 0" TERM; echo up; while true; do sleep 0.05; done'
startsecs=0
stdout_logfile=%(here)s/old.log
[program:new]
command=sleep 1000
startsecs=0
`);
  await eventually("it is up", () => daemon.file("old.log") === "up\n");
  await kill(daemon);
  const text = readFileSync(daemon.config, "utf8");
  writeFileSync(daemon.config, text.replace(/\[program:old\][^[]*/, ""));
  const next = await launch(daemon.dir, daemon.config);
  await next.state("new", "RUNNING");
  await eventually("the note", () => next.log().includes("bytes of output were lost"));
  expect(readdirSync(daemon.dir)).toContain("finished");
  expect(childrenOf(daemon.dir)).toHaveLength(1);
});

test("a second daemon is refused even when the first one's socket has been removed", async () => {
  const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  const { pid } = await daemon.state("a", "RUNNING");
  rmSync(daemon.socket);
  const second = await run(process.execPath, [droverd, "-n", "-s", "-c", daemon.config]);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain("another droverd is already running");
  expect(isAlive(pid)).toBe(true);
  expect(childrenOf(daemon.dir)).toEqual([pid]);
});

test("of daemons that are started at the same moment over a stale socket one stays", async () => {
  const first = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  await kill(first);
  const started = [1, 2, 3].map(() => launch(first.dir, first.config).catch(() => undefined));
  const codes = (await Promise.all(started)).map((daemon) => daemon?.child.exitCode);
  await eventually("two have given up", async () => {
    const daemons = (await Promise.all(started)).filter((daemon) => daemon !== undefined);
    return daemons.filter(({ child }) => child.exitCode === null).length === 1;
  });
  expect(codes).toHaveLength(3);
  await eventually("one child", () => childrenOf(first.dir).length === 1);
});

test("of daemons that are started at the same moment with nothing there one stays, and keeps its lock", async () => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText("[program:a]\ncommand=sleep 1000\nstartsecs=0\n"));
  const started = await Promise.all(
    [1, 2, 3].map(() => launch(dir, config).catch(() => undefined)),
  );
  const running = () => started.filter((daemon) => daemon && daemon.child.exitCode === null);
  await eventually("the others have given up", () => running().length === 1);
  await eventually("one child", () => childrenOf(dir).length === 1);
  expect(readdirSync(instance(dir))).toContain("lock");
  const another = await run(process.execPath, [droverd, "-n", "-s", "-c", config]);
  expect(another.stderr).toContain("another droverd is already running");
});

test("signals that come while it opens or restarts wait for their turn", async () => {
  const daemon = await startDaemon(`
[program:w]
command=sleep 1000
process_name=w_%(process_num)d
numprocs=5
startsecs=0
`);
  for (let i = 0; i < 25; i++) {
    process.kill(daemon.pid, "SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 7 * i));
  }
  await eventually("five run", async () => {
    try {
      return (await daemon.all()).filter(({ pid }) => pid > 0).length === 5;
    } catch {
      return false; // between two lives
    }
  });
  expect(daemon.child.exitCode).toBeNull();
  process.kill(daemon.pid, "SIGHUP");
  expect(await daemon.stop()).toBe(0);
  expect(childrenOf(daemon.dir)).toEqual([]);
});

test("a new configuration that cannot be run gives way to the old one", async () => {
  const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  const text = readFileSync(daemon.config, "utf8");
  mkdirSync(path.join(daemon.dir, "folder"));
  writeFileSync(daemon.config, text.replace("/droverd.log", "/folder"));
  process.kill(daemon.pid, "SIGHUP");
  await eventually("the old one is back", () =>
    daemon.log().includes("cannot run the new configuration, the old one is back"),
  );
  await daemon.state("a", "RUNNING");
  writeFileSync(daemon.config, text.replace("[program:a]", `[program:${"x".repeat(260)}]`));
  process.kill(daemon.pid, "SIGHUP");
  await eventually("and again", () => daemon.log().match(/the old one is back/g)?.length === 2);
  await daemon.state("a", "RUNNING");
});

test("a run folder that is removed is made again for the next start", async () => {
  const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  const { pid } = await daemon.state("a", "RUNNING");
  rmSync(path.join(daemon.dir, "run"), { recursive: true });
  process.kill(pid, "SIGKILL");
  await eventually("a new one", async () => ![0, pid].includes((await daemon.info("a")).pid));
  expect((await daemon.ctl("restart", "a")).stdout).toBe("a: stopped\na: started\n");
});

test("in the background relative names are those of who started it, and of children's logs those of directory=, as in supervisord", async () => {
  const dir = tempDir();
  mkdirSync(path.join(dir, "conf"));
  mkdirSync(path.join(dir, "elsewhere"));
  const text = configText(
    "[program:a]\ncommand=pwd\nstartsecs=0\nautorestart=false\nstdout_logfile=pwd.log\n",
  );
  const config = path.join(dir, "conf/drover.conf");
  writeFileSync(config, text.replace("loglevel=debug", "directory=elsewhere"));
  const shell = (...words: string[]) =>
    run("sh", ["-c", `cd ${dir} && exec "$@"`, "sh", process.execPath, ...words]);
  expect(await shell(droverd, "-c", "conf/drover.conf")).toMatchObject({ code: 0, stderr: "" });
  const pid = Number(readFileSync(path.join(dir, "conf/droverd.pid"), "utf8"));
  onTestFinished(async () => {
    if (isAlive(pid)) process.kill(pid, "SIGTERM");
    await eventually("it has ended", () => !isAlive(pid));
  });
  await eventually("the working directory", () => {
    try {
      return readFileSync(path.join(dir, "elsewhere/pwd.log"), "utf8") === `${dir}/elsewhere\n`;
    } catch {
      return false;
    }
  });
  expect((await shell(droverctl, "-c", "conf/drover.conf", "shutdown")).stdout).toBe("Shut down\n");
});
