import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { unless } from "../../src/os/errno.ts";
import {
  configText,
  droverd,
  eventually,
  isAlive,
  root,
  run,
  startDaemon,
} from "../support/daemon.ts";
import { withoutKoffi } from "../support/koffi.ts";
import { fill, freeze, type Listener, listen } from "../support/notices.ts";
import { askPython, needsPython, testWithPython } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

const sleepers = `
[program:w]
command=sleep 1000
process_name=w_%(process_num)d
numprocs=2
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
`;

const address = () => path.join(temporaryFolder(), "notify");

const heard = (listener: Listener, wanted: string | RegExp): Promise<string> =>
  eventually(`to hear ${wanted}`, () =>
    listener
      .texts()
      .find((text) => (typeof wanted === "string" ? text === wanted : wanted.test(text))),
  );

/** What has been heard is not to be found again. */
const forget = (listener: Listener) => listener.received.splice(0);

const monotonicUsec = () =>
  Number(askPython("import time\nanswer = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000", 0));

testWithPython(
  `systemd is told when it is ready, how the fleet is, and when it reloads and stops${needsPython}`,
  async () => {
    const NOTIFY_SOCKET = address();
    const listener = await listen(NOTIFY_SOCKET);
    const daemon = await startDaemon(sleepers, "", { env: { NOTIFY_SOCKET } });
    const ready = `READY=1\nMAINPID=${daemon.pid}`;
    await heard(listener, "STATUS=2 running, 1 stopped");
    expect(listener.texts()[0]).toBe(`${ready}\nSTATUS=2 starting, 1 stopped`);
    await daemon.ctl("stop", "w:w_1");
    await heard(listener, "STATUS=1 running, 2 stopped");
    await daemon.ctl("start", "w:w_1", "idle");
    await heard(listener, "STATUS=3 running");

    forget(listener);
    const before = monotonicUsec();
    process.kill(daemon.pid, "SIGHUP");
    const reloading = await heard(
      listener,
      /^RELOADING=1\nMONOTONIC_USEC=\d+\nEXTEND_TIMEOUT_USEC=/,
    );
    const at = Number(/MONOTONIC_USEC=(\d+)/.exec(reloading)?.[1]);
    expect(at).toBeGreaterThan(before);
    expect(at).toBeLessThan(monotonicUsec());
    await heard(listener, `${ready}\nSTATUS=2 starting, 1 stopped`);
    expect(listener.texts()[0]).toBe(reloading);
    await heard(listener, "STATUS=2 running, 1 stopped");

    forget(listener);
    expect(await daemon.stop()).toBe(0);
    await heard(listener, /^STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000/);
    expect(listener.texts()[0]).toMatch(/^STOPPING=1/);
    expect(listener.texts().filter((text) => text.includes("READY"))).toEqual([]);
    expect(listener.received.filter(({ pid }) => pid !== daemon.pid)).toEqual([]);
  },
);

testWithPython(
  `a reload that is refused is over at once, for systemd too${needsPython}`,
  async () => {
    const NOTIFY_SOCKET = address();
    const listener = await listen(NOTIFY_SOCKET);
    const daemon = await startDaemon(sleepers, "", { env: { NOTIFY_SOCKET } });
    await heard(listener, "STATUS=2 running, 1 stopped");
    forget(listener);
    writeFileSync(daemon.config, "[supervisord]\nloglevel=nonsense\n");
    process.kill(daemon.pid, "SIGHUP");
    await heard(listener, /^READY=1/);
    expect(listener.texts()).toEqual([
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+\nEXTEND_TIMEOUT_USEC=30000000$/),
      `READY=1\nMAINPID=${daemon.pid}`,
    ]);
  },
);

testWithPython(
  `children know nothing of the service manager, which listens at an abstract name${needsPython}`,
  async () => {
    const NOTIFY_SOCKET = `@drover-test/${randomUUID()}`;
    const listener = await listen(NOTIFY_SOCKET);
    const program = `
[program:env]
command=sh -c 'env > %(here)s/env.new; mv %(here)s/env.new %(here)s/env; exec sleep 1000'
startsecs=0
`;
    const watchdog = { WATCHDOG_USEC: "60000000", WATCHDOG_PID: "1" };
    const daemon = await startDaemon(program, "", {
      env: { NOTIFY_SOCKET, ...watchdog, TEST_ENV: "kept" },
    });
    await heard(listener, `READY=1\nMAINPID=${daemon.pid}\nSTATUS=1 starting`);
    await eventually("the child's environment", () => daemon.file("env"));
    expect(daemon.file("env")).toContain("\nTEST_ENV=kept\n");
    expect(daemon.file("env")).not.toMatch(/^(NOTIFY_|WATCHDOG_)/m);
  },
);

testWithPython(`the watchdog hears of it as long as the loop turns${needsPython}`, async () => {
  const NOTIFY_SOCKET = address();
  const listener = await listen(NOTIFY_SOCKET);
  const daemon = await startDaemon(sleepers, "", {
    env: { NOTIFY_SOCKET, WATCHDOG_USEC: "200000" },
  });
  onTestFinished(() => void (isAlive(daemon.pid) && process.kill(daemon.pid, "SIGCONT")));
  const signs = () => listener.texts().filter((text) => text === "WATCHDOG=1").length;
  await eventually("some signs", () => signs() >= 3);
  await freeze(daemon.pid);
  // What it said before is on its way through the listener; this wait is what is tested.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const then = signs();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(signs()).toBe(then);
  process.kill(daemon.pid, "SIGCONT");
  await eventually("signs again", () => signs() >= then + 3);
});

testWithPython(`the watchdog of another process is left alone${needsPython}`, async () => {
  const NOTIFY_SOCKET = address();
  const listener = await listen(NOTIFY_SOCKET);
  const watchdog = { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" };
  const daemon = await startDaemon(sleepers, "", { env: { NOTIFY_SOCKET, ...watchdog } });
  await heard(listener, "STATUS=2 running, 1 stopped");
  await daemon.ctl("start", "idle");
  await heard(listener, "STATUS=3 running");
  expect(listener.texts()).not.toContain("WATCHDOG=1");
});

test("a socket that is not there does no harm", async () => {
  const daemon = await startDaemon(sleepers, "", { env: { NOTIFY_SOCKET: "/nonexistent/notify" } });
  await daemon.state("w:w_0", "RUNNING");
  const complaint = /WARN cannot tell the service manager how it goes: ENOENT\n/g;
  await eventually("a line in the log", () => daemon.log().match(complaint));
  await daemon.ctl("start", "idle");
  await daemon.state("idle", "RUNNING");
  expect(await daemon.stop()).toBe(0);
  expect(daemon.log().match(complaint)).toHaveLength(1);
});

testWithPython(
  `a socket that nobody reads does no harm, and what matters is told once it is read${needsPython}`,
  async () => {
    const NOTIFY_SOCKET = address();
    const listener = await listen(NOTIFY_SOCKET);
    await listener.pause();
    fill(NOTIFY_SOCKET);
    const daemon = await startDaemon(sleepers, "", {
      env: { NOTIFY_SOCKET, WATCHDOG_USEC: "20000" },
    });
    await daemon.state("w:w_0", "RUNNING");
    expect((await daemon.ctl("start", "idle")).stdout).toBe("idle: started\n");
    await eventually("a line in the log", () => daemon.log().includes("how it goes: EAGAIN"));
    expect(listener.received).toEqual([]);
    listener.resume();
    await heard(listener, `READY=1\nMAINPID=${daemon.pid}\nSTATUS=3 running`);
    await listener.pause();
    fill(NOTIFY_SOCKET);
    expect(await daemon.stop()).toBe(0);
  },
);

test("without the optional package the log says once what is missing", async () => {
  const NOTIFY_SOCKET = address();
  const env = { NOTIFY_SOCKET, NODE_OPTIONS: withoutKoffi() };
  const daemon = await startDaemon(sleepers, "", { env });
  const complaint = /NOTIFY_SOCKET is set, .* the optional package koffi is missing\n/g;
  await daemon.state("w:w_0", "RUNNING");
  process.kill(daemon.pid, "SIGHUP");
  await eventually(
    "it is up again",
    () => (daemon.log().match(/supervisord started with pid/g) ?? []).length === 2,
  );
  expect(daemon.log().match(complaint)).toHaveLength(1);
  expect(await daemon.stop()).toBe(0);
});

/** Without -n, as `sh` would start it: `$$` is its own pid. */
function startWithoutN(environment: string) {
  const dir = temporaryFolder();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(sleepers));
  const words = ["-c", `${environment} exec "$@"`, "sh", process.execPath, droverd, "-c", config];
  const file = (name: string) =>
    unless(["ENOENT"], () => readFileSync(path.join(dir, name), "utf8")) ?? "";
  const finished = run("sh", words);
  onTestFinished(async () => {
    const pid = Number(file("droverd.pid"));
    if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGTERM");
    await finished;
    await eventually("it has ended", () => pid === 0 || !isAlive(pid));
  });
  return { file, finished, pid: () => Number(file("droverd.pid")) };
}

testWithPython.each([
  ["", "a manager that does not say whom it has started"],
  ["SYSTEMD_EXEC_PID=$$", "one that says so"],
])(`with %j, %s, it stays in the foreground${needsPython}`, async (variable) => {
  const NOTIFY_SOCKET = address();
  const listener = await listen(NOTIFY_SOCKET);
  const { file, finished, pid } = startWithoutN(`NOTIFY_SOCKET=${NOTIFY_SOCKET} ${variable}`);
  await heard(listener, "STATUS=2 running, 1 stopped");
  expect(listener.texts()[0]).toContain(`READY=1\nMAINPID=${pid()}\n`);
  expect(file("droverd.log")).toContain("INFO NOTIFY_SOCKET is set: staying in the foreground");
  process.kill(pid(), "SIGTERM");
  const { stdout, ...end } = await finished;
  expect(end).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("stopped: w_0");
  expect(listener.received.filter((notice) => notice.pid !== listener.received[0]?.pid)).toEqual(
    [],
  );
});

testWithPython(
  `with variables that a shell has inherited it goes into the background, and tells nobody${needsPython}`,
  async () => {
    const NOTIFY_SOCKET = address();
    const listener = await listen(NOTIFY_SOCKET);
    const inherited = `NOTIFY_SOCKET=${NOTIFY_SOCKET} WATCHDOG_USEC=20000 SYSTEMD_EXEC_PID=1`;
    const { file, finished, pid } = startWithoutN(inherited);
    expect(await finished).toMatchObject({ code: 0, stderr: "" });
    await eventually("all run", () => file("droverd.log").includes("success: w_1"));
    expect(readFileSync(`/proc/${pid()}/environ`, "latin1")).not.toMatch(/NOTIFY_|WATCHDOG_/);
    process.kill(pid(), "SIGTERM");
    await eventually("it has ended", () => file("droverd.pid") === "");
    expect(listener.received).toEqual([]);
  },
);

const noSystemd = spawnSync("systemd-analyze", ["--version"]).error !== undefined;

test.skipIf(noSystemd)(
  `systemd finds nothing wrong with the unit${noSystemd ? " (SKIPPED: there is no systemd-analyze)" : ""}`,
  async () => {
    const unit = readFileSync(path.join(root, "systemd/droverd.service"), "utf8");
    const file = path.join(temporaryFolder(), "droverd.service");
    writeFileSync(file, unit.replace("/usr/bin/droverd", droverd));
    const { code, stderr } = await run("systemd-analyze", ["verify", "--man=no", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  },
);
