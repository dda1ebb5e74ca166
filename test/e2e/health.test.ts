import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { configText, droverd, eventually, run, startDaemon, tempDir } from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";

test("a process that fails its health check is stopped, killed if need be, and comes back after longer and longer waits", async () => {
  let status = 204;
  const asked: number[] = [];
  const web = createServer((_, response) => {
    asked.push(status);
    if (status > 0) response.writeHead(status).end();
  });
  onTestFinished(() => void web.close().closeAllConnections());
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const { port } = web.address() as AddressInfo;
  const daemon = await startDaemon(`
[program:web]
command=sh -c 'trap "" TERM; trap "echo I hang at line 7" QUIT; while :; do sleep 0.05; done'
startsecs=0
stopwaitsecs=1
healthcheck=http://127.0.0.1:${port}/health
healthcheck_interval=100ms
healthcheck_timeout=300ms
healthcheck_failures=2
unhealthy_signal=QUIT
unhealthy_wait=300ms
backoff_min=200ms
[program:other]
command=sleep 1000
startsecs=0
`);
  await eventually("it is healthy", async () => {
    return (await processOf(daemon, "web")).health === "healthy";
  });
  const { pid: other } = await daemon.info("other");
  const { pid } = await daemon.info("web");
  // One that fails now and then is not unhealthy.
  status = 503;
  await eventually("one has failed", () => asked.at(-1) === 503);
  status = 204;
  await eventually("they succeed again", () => asked.slice(-3).every((each) => each === 204));
  expect(await daemon.info("web")).toMatchObject({ pid, statename: "RUNNING" });
  // Who does not answer at all has failed as well.
  status = 0;
  const second = await eventually("it has come back", async () => {
    const info = await daemon.info("web");
    return info.statename === "RUNNING" && info.pid !== pid ? info : undefined;
  });
  await eventually("and again", async () => {
    const info = await daemon.info("web");
    return info.statename === "RUNNING" && info.pid !== second.pid;
  });
  status = 204;
  await eventually("it is healthy again", async () => {
    return (await processOf(daemon, "web")).health === "healthy";
  });
  const details = await daemon.client.call("supervisor.getProcessInfo", { name: "web" });
  const cause =
    "unhealthy: healthcheck failed 2 times in a row: no answer within 300 ms " +
    "(stopped, terminated by SIGKILL, killed as it did not end when asked)";
  expect(details.exits.slice(0, 2)).toMatchObject([
    { cause, expected: false, last_output: { stdout: ["I hang at line 7"] } },
    { cause, expected: false },
  ]);
  const log = daemon.log();
  expect(log).toContain(`WARN 'web' (pid ${pid}) is unhealthy: healthcheck failed 2 times`);
  expect(log).toContain(`killing web (pid ${pid}) with signal SIGQUIT`);
  expect(log).toContain(`WARN killing 'web' (${pid}) with SIGKILL`);
  const { stdout } = await daemon.ctl(
    "events",
    "HEALTH",
    "PROCESS_STATE_EXITED",
    "--json",
    "--after",
    "0",
  );
  const types = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  expect(types.slice(0, 2)).toEqual(["HEALTH_UNHEALTHY", "PROCESS_STATE_EXITED"]);
  expect((await daemon.info("other")).pid).toBe(other);
});

test("a worker that beats no more, writes no more, or says itself that it is ill is started anew", async () => {
  const daemon = await startDaemon(`
[program:touches]
command=sh -c 'while [ ! -e hang ]; do touch "$DROVER_HEARTBEAT"; sleep 0.05; done; exec sleep 1000'
directory=%(here)s
startsecs=0
heartbeat_timeout=1s
[program:watched]
command=/usr/bin/python3 -c 'import os, socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ["NOTIFY_SOCKET"]); print(os.environ["WATCHDOG_USEC"], flush=True); [(s.send(b"WATCHDOG=1"), time.sleep(0.05)) for _ in iter(lambda: os.path.exists("hang"), True)]; s.send(b"WATCHDOG=trigger"); time.sleep(1000)'
directory=%(here)s
startsecs=0
heartbeat_timeout=100s
[program:talks]
command=sh -c 'while [ ! -e hang ]; do printf .; sleep 0.05; done; exec sleep 1000'
directory=%(here)s
startsecs=0
stdout_logfile=NONE
output_timeout=1s
[program:silent]
command=sleep 1000
startsecs=0
output_timeout=100s
`);
  const names = ["touches", "watched", "talks"];
  const pids: Record<string, number> = {};
  for (const name of names) pids[name] = (await daemon.state(name, "RUNNING")).pid;
  // Longer than any of the times.
  await eventually("they have been up for a while", async () => {
    const { start, now } = await daemon.info("talks");
    return now - start >= 3;
  });
  for (const name of names) {
    expect(await processOf(daemon, name), name).toMatchObject({
      pid: pids[name],
      health: "healthy",
      restarts: 0,
    });
  }
  expect(
    (
      await daemon.client.call("supervisor.readProcessStdoutLog", {
        name: "watched",
        offset: 0,
        length: 0,
      })
    ).trim(),
  ).toBe("100000000");
  writeFileSync(path.join(daemon.dir, "hang"), "");
  for (const name of names) {
    await eventually(`${name} has been started anew`, async () => {
      const info = await daemon.info(name);
      return info.pid > 0 && info.pid !== pids[name];
    });
  }
  const causes: Record<string, string> = {};
  for (const name of names) {
    const { exits } = await daemon.client.call("supervisor.getProcessInfo", { name });
    causes[name] = exits[0]?.cause ?? "";
  }
  expect(causes).toEqual({
    touches: "unhealthy: no heartbeat for 1s (heartbeat_timeout) (stopped, terminated by SIGTERM)",
    watched: "unhealthy: it has said so (WATCHDOG=trigger) (stopped, terminated by SIGTERM)",
    talks: "unhealthy: no output for 1s (output_timeout) (stopped, terminated by SIGTERM)",
  });
  rmSync(path.join(daemon.dir, "hang"));
  expect(await daemon.stop()).toBe(0);
  expect(existsSync(path.join(daemon.dir, "run.workers"))).toBe(false);
});

test("a worker whose log has no room is not unhealthy for that it writes nothing", async () => {
  const daemon = await startDaemon(`
[program:w]
command=sh -c 'while :; do echo a line of output; done'
startsecs=0
stdout_logfile=/dev/full
log_full=block
output_timeout=500ms
[program:silent]
command=sleep 1000
startsecs=0
output_timeout=1s
backoff_min=10s
`);
  const { pid } = await daemon.state("w", "RUNNING");
  // The time of the other one is twice as long.
  await daemon.state("silent", "EXITED");
  expect(await processOf(daemon, "w")).toMatchObject({ pid, health: "healthy" });
});

test("with unhealthy_action=none it is only told, and when it works again that is told, too", async () => {
  const daemon = await startDaemon(`
[program:w]
command=sleep 1000
directory=%(here)s
startsecs=0
healthcheck=exec:sh -c 'test ! -e bad || { echo queue is stuck $MAINPID; exit 3; }'
healthcheck_interval=50ms
healthcheck_failures=1
healthcheck_successes=2
healthcheck_start=1h
unhealthy_action=none
`);
  const w = () => processOf(daemon, "w");
  const bad = path.join(daemon.dir, "bad");
  // In its beginning failures do not count; from the first success on they do.
  await eventually("it is healthy", async () => (await w()).health === "healthy");
  const { pid } = await w();
  expect((await daemon.ctl("status", "--exit-code=fleet")).code).toBe(0);
  writeFileSync(bad, "");
  await eventually("it is unhealthy", async () => (await w()).health === "unhealthy");
  expect(await w()).toMatchObject({
    pid,
    statename: "RUNNING",
    unhealthy_because: `healthcheck failed: exit status 3: queue is stuck ${pid}`,
  });
  expect((await daemon.ctl("status", "--exit-code=fleet")).code).toBe(1);
  expect((await daemon.ctl("why", "w")).stdout).toContain(
    `  it is unhealthy: healthcheck failed: exit status 3: queue is stuck ${pid}\n`,
  );
  rmSync(bad);
  await eventually("it is well again", async () => (await w()).health === "healthy");
  expect(await w()).not.toHaveProperty("unhealthy_because");
  expect((await w()).pid).toBe(pid);
  const { stdout } = await daemon.ctl("events", "HEALTH", "--json", "--after", "0");
  const types = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  expect(types).toEqual(["HEALTH_UNHEALTHY", "HEALTH_RECOVERED"]);
  // What is stopped need not be well.
  writeFileSync(bad, "");
  await daemon.ctl("stop", "w");
  expect(await w()).not.toHaveProperty("health");
});

test("while the fleet is frozen an unhealthy process runs on, and restart_limit gives up one that never gets well", async () => {
  const daemon = await startDaemon(
    `
[program:w]
command=sleep 1000
startsecs=0
healthcheck=tcp:1
healthcheck_interval=50ms
healthcheck_failures=1
backoff_min=10ms
restart_limit=2/1h
[program:once]
command=sleep 1000
startsecs=0
autorestart=false
healthcheck=exec:false
healthcheck_interval=50ms
`,
    "",
  );
  await daemon.ctl("freeze");
  await daemon.ctl("restart", "all");
  const { pid } = await daemon.info("w");
  await eventually("it is unhealthy", async () => {
    return (await processOf(daemon, "w")).health === "unhealthy";
  });
  expect(await daemon.info("w")).toMatchObject({ pid, statename: "RUNNING" });
  await daemon.ctl("thaw");
  const { spawnerr } = await daemon.state("w", "FATAL");
  expect(spawnerr).toBe("more than 2 restarts in 1h (restart_limit)");
  expect(daemon.log()).toContain("gave up: w entered FATAL state, more than 2 restarts in 1h");
  // Who is not to be restarted is put down all the same: it does not work.
  await daemon.state("once", "EXITED");
});

test.each([
  [
    "healthcheck=ftp://x",
    "healthcheck: expected http://127.0.0.1:8080/health, tcp:8080 or exec:command",
  ],
  [
    "healthcheck=log:/x/",
    "healthcheck: expected http://127.0.0.1:8080/health, tcp:8080 or exec:command",
  ],
  ["healthcheck_failures=0", "healthcheck_failures: expected"],
  [
    "heartbeat_timeout=0",
    "heartbeat_timeout: expected a duration such as 10s, 5m or 2h, from 1ms to 24d",
  ],
  [
    "output_timeout=25d",
    "output_timeout: expected a duration such as 10s, 5m or 2h, from 1ms to 24d",
  ],
  ["unhealthy_action=stop", "unhealthy_action: expected restart or none"],
  [
    "quiet_ready=idle",
    "quiet_ready: expected a duration such as 30s, status:idle or log:/pattern/",
  ],
  [
    "quiet_ready=status:",
    "quiet_ready: expected a duration such as 30s, status:idle or log:/pattern/",
  ],
  ["ready=fd:2", "ready: expected startsecs, notify, fd:3,"],
  ["ready=fd:10", "ready: expected startsecs, notify, fd:3,"],
])("%s is refused", async (line, message) => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(`[program:a]\ncommand=sleep 1\n${line}\n`));
  const { code, stderr } = await run(process.execPath, [droverd, "-n", "-c", config]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
