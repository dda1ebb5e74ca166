import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { configText, droverd, eventually, isAlive, tempDir } from "../support/daemon.ts";

const mayUnshare = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

interface Container {
  child: ChildProcess;
  ended: Promise<number | null>;
  log(): string;
  file(name: string): string;
  /** Pid of the daemon, as it is outside. */
  daemonPid(): number;
}

/** Runs droverd on `programs`: as process 1 of a pid namespace, or as an ordinary one. */
function start(
  programs: string,
  {
    init = false,
    supervisord = "",
    env = {},
  }: Partial<Record<"supervisord", string>> & {
    init?: boolean;
    env?: Record<string, string>;
  } = {},
): Container {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs, supervisord));
  const words = [process.execPath, droverd, "-n", "-s", "-c", config];
  const [file = "", ...args] = init
    ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...words]
    : words;
  const child = spawn(file, args, { stdio: "ignore", env: { ...process.env, ...env } });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const read = (name: string) => {
    try {
      return readFileSync(path.join(dir, name), "utf8");
    } catch {
      return "";
    }
  };
  const daemonPid = () => {
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    return init ? Number(readFileSync(children, "utf8").trim().split(" ")[0]) : (child.pid ?? 0);
  };
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, ended, log: () => read("droverd.log"), file: read, daemonPid };
}

describe.skipIf(!mayUnshare)("as process 1 (needs the right to make a pid namespace)", () => {
  /** Twenty orphans of a shell that leaves them behind, each of which ends by itself. */
  const orphans =
    'sh -c \'i=0; while [ $i -lt 20 ]; do (setsid sh -c "sleep 0.2; exit 7" &); i=$((i+1)); done; ' +
    "echo born > born; exec sleep 1000'";

  test("orphans are collected, and the own children's ends are told as ever", async () => {
    const { log, file, daemonPid, ended } = start(
      `
[program:parent]
command=${orphans}
directory=%(here)s
startsecs=0
[program:own]
command=sh -c 'sleep 0.05; exit 5'
startsecs=0
exitcodes=5
autorestart=true
restart_limit=20/1m
`,
      { init: true },
    );
    await eventually("they were born", () => file("born") !== "");
    await eventually(
      "all orphans are collected",
      () => log().split("reaped unknown pid").length - 1 >= 20,
    );
    expect(log()).toMatch(/INFO reaped unknown pid \d+ \(exit status 7\)/);
    await eventually("own children have ended", () => log().includes("gave up: own"));
    expect(log().split("exited: own (exit status 5; expected)").length - 1).toBe(21);
    const pid = daemonPid();
    expect(zombiesOf(pid)).toEqual([]);
    // As `docker stop` ends a container.
    process.kill(pid, "SIGTERM");
    expect(await ended).toBe(0);
    expect(log()).toContain("stopped: parent (terminated by SIGTERM)");
  });

  test("without the optional package it says what will not be collected, and works", async () => {
    const { log, daemonPid, ended } = start("[program:a]\ncommand=sleep 1000\nstartsecs=0\n", {
      init: true,
      env: { DROVER_NATIVE: "off" },
    });
    await eventually("it runs", () => log().includes("spawned: 'a'"));
    expect(log()).toMatch(/WARN droverd runs as process 1 and cannot collect orphans without/);
    process.kill(daemonPid(), "SIGTERM");
    expect(await ended).toBe(0);
  });
});

/** Dead children that nobody has collected. */
function zombiesOf(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return children.filter((child) => child !== "" && !isAlive(Number(child)));
}

const other = "[program:other]\ncommand=sleep 1000\nstartsecs=0\n";

test("exit_on_fatal=true ends the daemon with 1, and all that it runs", async () => {
  const { ended, log } = start(`${other}[program:bad]\ncommand=false\nstartretries=0\n`, {
    supervisord: "exit_on_fatal=true",
  });
  expect(await ended).toBe(1);
  expect(log()).toContain("shutting down: bad is FATAL (exit_on_fatal), exit code 1");
  expect(log()).toContain("stopped: other");
});

test.each([
  ["its exit code", "sh -c 'sleep 0.1; exit 42'", 42],
  ["a good end", "sh -c 'sleep 0.1'", 0],
  ["128 and the number of a signal", "sh -c 'sleep 0.1; kill -KILL $$'", 137],
])("exit_code_from: the daemon ends with a process, and with %s", async (_, command, code) => {
  const { ended, log } = start(
    `${other}[program:job]\ncommand=${command}\nstartsecs=0\nautorestart=false\n`,
    { supervisord: "exit_code_from=job" },
  );
  expect(await ended).toBe(code);
  expect(log()).toContain("shutting down: job has ended (exit_code_from)");
  expect(log()).toContain("stopped: other");
});

test("exit_code_from: a process that restarts, or is stopped by hand, ends nothing", async () => {
  const { daemonPid, log, ended } = start(
    "[program:job]\ncommand=sh -c 'sleep 0.1; exit 3'\nstartsecs=0\nautorestart=true\n",
    { supervisord: "exit_code_from=job" },
  );
  await eventually("three starts", () => log().split("spawned: 'job'").length > 3);
  process.kill(daemonPid(), "SIGTERM");
  expect(await ended).toBe(0);
});
