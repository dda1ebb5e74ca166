import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EventRecord } from "../../src/events/json.ts";
import { configText, droverd, eventually, run, startDaemon, tempDir } from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";
import { freePort } from "../support/sockets.ts";

test("a process is ready when its port, its URL, its command or its output says so", async () => {
  const port = await freePort();
  let status = 503;
  const web = createHttpServer((_, response) => response.writeHead(status).end());
  onTestFinished(() => void web.close());
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const { port: webPort } = web.address() as { port: number };
  const listen = `require('net').createServer().listen(${port}, '127.0.0.1')`;
  const daemon = await startDaemon(`
[program:plain]
command=sleep 1000
startsecs=0
[program:port]
command=${process.execPath} -e "require('fs').existsSync('go') ? ${listen} : setInterval(() => require('fs').existsSync('go') && !globalThis.on && (globalThis.on = ${listen}), 20)"
directory=%(here)s
startsecs=0
ready=tcp:${port}
[program:url]
command=sleep 1000
startsecs=0
ready=http://127.0.0.1:${webPort}/health
[program:asked]
command=sleep 1000
startsecs=0
directory=%(here)s
ready=exec:test -e go
[program:said]
command=sh -c 'echo starting; while [ ! -e go ]; do sleep 0.02; done; printf "listening on "; sleep 0.1; echo 8080; exec sleep 1000'
startsecs=0
directory=%(here)s
stdout_logfile=NONE
ready=log:/listening on \\d+$/
`);
  const names = ["port", "url", "asked", "said"];
  for (const name of names) {
    await daemon.state(name, "RUNNING");
    expect((await processOf(daemon, name)).ready, name).toBe(false);
  }
  expect(await processOf(daemon, "plain")).not.toHaveProperty("ready");
  const early = await daemon.ctl("wait", ...names, "plain", "--for", "ready", "--timeout", "300ms");
  expect(early.code).toBe(1);
  expect(early.stdout).toContain("plain: ready\n");
  expect(early.stdout).toContain("said: ERROR (RUNNING, not ready within 300ms)\n");
  expect((await daemon.ctl("status", "--exit-code=fleet")).code).toBe(1);
  const waiting = daemon.ctl("wait", ...names, "--for", "ready", "--timeout", "20s");
  writeFileSync(path.join(daemon.dir, "go"), "");
  status = 204;
  expect(await waiting).toMatchObject({
    code: 0,
    stdout: names.map((name) => `${name}: ready\n`).join(""),
  });
  for (const name of names) expect((await processOf(daemon, name)).ready, name).toBe(true);
  expect((await daemon.ctl("status", "--exit-code=fleet")).code).toBe(0);
  const { stdout } = await daemon.ctl("events", "READINESS", "--json", "--after", "0");
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventRecord);
  expect(events.map(({ type, process: name }) => `${type} ${name}`).sort()).toEqual(
    [...names].sort().map((name) => `READINESS_READY ${name}`),
  );
  // A fresh child has to be found ready anew.
  const { pid } = await processOf(daemon, "asked");
  process.kill(pid, "SIGKILL");
  await eventually("it is ready again", async () => {
    const now = await processOf(daemon, "asked");
    return now.pid !== pid && now.ready;
  });
});

test("what is not ready in time is started anew, and a rollout stops at it", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sh -c 'test -e new && echo "waiting for the database" || echo ready; exec sleep 1000'
directory=%(here)s
numprocs=3
process_name=%(program_name)s_%(process_num)d
startsecs=0
rollout_settle=0
ready=log:/^ready$/
ready_timeout=700ms
`);
  expect((await daemon.ctl("wait", "worker:*", "--for", "ready", "--timeout", "20s")).code).toBe(0);
  const pids = async () => (await daemon.all()).map(({ pid }) => pid);
  const before = await pids();
  writeFileSync(path.join(daemon.dir, "new"), "");
  const { code, stdout } = await daemon.ctl("rollout", "worker:*", "--wait");
  expect(code).toBe(1);
  expect(stdout).toContain("worker:worker_0 was not ready in time");
  expect(stdout).toContain("left as they were: worker:worker_1 worker:worker_2");
  expect((await pids()).slice(1)).toEqual(before.slice(1));
  // It is tried again and again.
  const [late = 0] = await pids();
  await eventually("another one", async () => {
    const [now = 0] = await pids();
    return now > 0 && now !== late;
  });
  expect(daemon.log()).toContain("worker_0 is not ready within ready_timeout=700ms");
});

test.each([
  ["tcp", "tcp:0"],
  ["tcp", "tcp:notaport"],
  ["log", "log:ready"],
  ["a pattern", "log:/[/"],
  ["exec", "exec:"],
  ["http", "http://"],
  ["a word", "soon"],
])("a configuration with a ready= that is none is refused: %s", async (_, value) => {
  const config = path.join(tempDir(), "drover.conf");
  writeFileSync(config, configText(`[program:a]\ncommand=sleep 1\nready=${value}\n`));
  const { code, stderr } = await run(process.execPath, [droverd, "-n", "-c", config]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    `ready: expected startsecs, notify, fd:3, tcp:8080, http://127.0.0.1:8080/health`,
  );
});
