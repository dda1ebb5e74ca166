import { chmodSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";
import { available } from "../support/peers.ts";
import { isRoot, openFolder } from "../support/rights.ts";

/** Says each line that comes into a file of its own, as sd_notify does. */
const speaker = `
import os, socket, sys, time
said = 0
while True:
    lines = open(sys.argv[1]).read().split("\\n")[:-1] if os.path.exists(sys.argv[1]) else []
    for line in lines[said:]:
        voice = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        voice.connect(os.environ["NOTIFY_SOCKET"])
        voice.send(line.replace(";", "\\n").encode())
        voice.close()
    said = len(lines)
    time.sleep(0.02)
`;

describe.runIf(available("redis-server"))("with the real Redis", () => {
  test("a server that knows systemd's protocol says that it is ready, and what it does", async () => {
    const daemon = await startDaemon(`
[program:redis]
command=redis-server --port 0 --unixsocket %(here)s/redis.sock --supervised systemd --save ""
directory=%(here)s
ready=notify
`);
    expect(await daemon.ctl("wait", "redis", "--for", "ready", "--timeout", "20s")).toMatchObject({
      code: 0,
      stdout: "redis: ready\n",
    });
    await eventually("it has said what it does", async () => {
      const { ready, says } = await processOf(daemon, "redis");
      return ready && says === "Ready to accept connections";
    });
    expect((await daemon.ctl("why", "redis")).stdout).toContain(
      "  it says: Ready to accept connections\n",
    );
    await daemon.ctl("stop", "redis");
    expect(daemon.log()).toContain("redis says that it is about to end");
    expect(daemon.log()).toContain("stopped: redis (exit status 0)");
  });
});

test("a process is ready when it says so on NOTIFY_SOCKET, whoever it runs as", async () => {
  const dir = openFolder();
  const script = path.join(dir, "speaker.py");
  const [said, other] = [path.join(dir, "said"), path.join(dir, "other")];
  writeFileSync(script, speaker);
  for (const file of [said, other]) writeFileSync(file, "");
  const daemon = await startDaemon(
    `
[program:w]
command=/usr/bin/python3 ${script} ${said}
${isRoot ? "user=nobody" : ""}
startsecs=0
ready=notify
[program:other]
command=/usr/bin/python3 ${script} ${other}
startsecs=0
ready=notify
[program:mute]
command=sh -c 'test -z "$NOTIFY_SOCKET" && exec sleep 1000'
startsecs=0
`,
    "",
    { dir },
  );
  const w = () => processOf(daemon, "w");
  await daemon.state("w", "RUNNING");
  await daemon.state("other", "RUNNING");
  await daemon.state("mute", "RUNNING");
  writeFileSync(said, "STATUS=loading;X=1\n");
  await eventually("it has said what it does", async () => (await w()).says === "loading");
  expect((await w()).ready).toBe(false);
  writeFileSync(said, "STATUS=loading\nREADY=1;STATUS=\u001b[31mred\n");
  await eventually("it is ready", async () => (await w()).ready);
  expect(await w()).toMatchObject({ says: "\u001b[31mred" });
  // Each has a socket of its own.
  expect(await processOf(daemon, "other")).toMatchObject({ ready: false });
  expect(await processOf(daemon, "other")).not.toHaveProperty("says");
  writeFileSync(said, "1\n2\nSTOPPING=1\n");
  await eventually("it is not ready any more", async () => !(await w()).ready);
  // What is said before a restart is forgotten.
  writeFileSync(said, "");
  await daemon.ctl("restart", "w");
  expect(await w()).toMatchObject({ ready: false, statename: "RUNNING" });
  expect(await w()).not.toHaveProperty("says");
  const meeting = isRoot ? path.join(dir, "run.workers") : path.join(dir, "run");
  expect(statSync(meeting).mode & 0o777).toBe(isRoot ? 0o711 : 0o700);
  expect(await daemon.stop()).toBe(0);
});

test("a process is ready when it writes a newline to the descriptor that it is to", async () => {
  const daemon = await startDaemon(`
[program:s6]
command=sh -c 'printf starting >&4; while [ ! -e go ]; do sleep 0.02; done; echo >&4; exec 4>&-; exec sleep 1000'
directory=%(here)s
startsecs=0
ready=fd:4
[program:closes]
command=sh -c 'exec 3>&-; exec sleep 1000'
startsecs=0
ready=fd:3
ready_timeout=3s
[program:none]
command=sh -c 'test ! -e /proc/self/fd/3 && test ! -e /proc/self/fd/4 && exec sleep 1000'
startsecs=1
`);
  await daemon.state("s6", "RUNNING");
  const { pid } = await daemon.state("closes", "RUNNING");
  expect(await processOf(daemon, "s6")).toMatchObject({ ready: false });
  writeFileSync(path.join(daemon.dir, "go"), "");
  expect((await daemon.ctl("wait", "s6", "--for", "ready", "--timeout", "20s")).code).toBe(0);
  await eventually("it is told", () =>
    daemon.log().includes("closes has closed descriptor 3, and has not said that it is ready"),
  );
  await eventually("it is started anew", async () => (await daemon.info("closes")).pid !== pid);
  await daemon.state("none", "RUNNING");
});

test("a socket that cannot be made is a start that fails, and is told", async () => {
  const dir = openFolder();
  const long = path.join(dir, "x".repeat(100));
  const daemon = await startDaemon(
    `
[program:w]
command=sleep 1000
ready=notify
startretries=0
[program:fine]
command=sleep 1000
startsecs=0
`,
    `rundir=${long}`,
    { dir },
  );
  await daemon.state("fine", "RUNNING");
  const { spawnerr } = await daemon.state("w", "FATAL");
  expect(spawnerr).toMatch(/^cannot listen to 'w': ENAMETOOLONG: bind '/);
  chmodSync(dir, 0o700);
});

test("without the package for system calls ready=notify is as startsecs, and that is told", async () => {
  const daemon = await startDaemon(
    "[program:w]\ncommand=sh -c 'test -z \"$NOTIFY_SOCKET\" && exec sleep 1000'\nstartsecs=0\nready=notify\n[program:s6]\ncommand=sh -c 'echo >&5; exec sleep 1000'\nready=fd:5\n",
    "",
    { env: { DROVER_NATIVE: "off" } },
  );
  const ready = await daemon.ctl("wait", "w", "s6", "--for", "ready", "--timeout", "20s");
  expect(ready.stdout).toBe("w: ready\ns6: ready\n");
  expect(daemon.log()).toContain(
    "WARN w: npm's optional package koffi, by which NOTIFY_SOCKET is read, is not there",
  );
});
