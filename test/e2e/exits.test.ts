import { expect, test } from "vitest";
import type { ProcessDetails } from "../../src/rpc/results.ts";
import { run, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { eating, limitedGroup, place, skipped } from "../support/memorycgroup.ts";

const details = (daemon: TestDaemon, name: string): Promise<ProcessDetails> =>
  daemon.client.call("supervisor.getProcessInfo", { name });

test("the causes of the last ends are kept, with what the child said and used", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=bash -c 'ulimit -c 0; n=$(cat runs || echo 0); echo $((n + 1)) > runs; echo "run $n"; echo "no server" >&2; for i in {1..100000}; do :; done; case $n in 0) exit 3;; 1) kill -SEGV $$;; *) exec sleep 1000;; esac'
directory=%(here)s
startsecs=0
`);
  const running = await daemon.state("worker", "RUNNING");
  expect(running).toBeDefined();
  const info = await (async () => {
    for (;;) {
      const now = await details(daemon, "worker");
      if (now.exits.length === 2 && now.statename === "RUNNING") return now;
    }
  })();
  expect(info.restarts).toBe(2);
  const [first, second] = info.exits;
  expect(first).toMatchObject({
    pid: expect.any(Number),
    code: 3,
    signal: null,
    core_dumped: false,
    expected: false,
    oom_killed: false,
    cause: "exit status 3",
    last_output: {
      stdout: ["run 0"],
      stderr: ["cat: runs: No such file or directory", "no server"],
    },
  });
  expect(first?.time).toBeCloseTo(Date.now() / 1_000, -2);
  expect(first?.uptime).toBeGreaterThan(0);
  expect(first?.cpu_seconds).toBeGreaterThan(0.01);
  expect(second).toMatchObject({
    code: null,
    signal: "SIGSEGV",
    cause: "terminated by SIGSEGV",
    last_output: { stdout: ["run 1"], stderr: ["no server"] },
  });
});

test("a child's peak memory is known where it is more than the daemon's", async () => {
  const daemon = await startDaemon(`
[program:hog]
command=python3 -c 'x = b"x" * 150_000_000'
startsecs=0
autorestart=false
`);
  await daemon.state("hog", "EXITED");
  const [exit] = (await details(daemon, "hog")).exits;
  expect(exit?.peak_memory).toBeGreaterThan(150_000_000);
  expect(exit?.peak_memory).toBeLessThan(400_000_000);
});

test("of the ends only the last ten are kept", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sh -c 'exit 1'
restart_limit=12/1h
startsecs=0
`);
  await daemon.state("worker", "FATAL");
  const info = await details(daemon, "worker");
  expect(info.restarts).toBe(12);
  expect(info.exits).toHaveLength(10);
});

test("what droverd did itself is told as the cause", async () => {
  const daemon = await startDaemon(`
[program:polite]
command=sleep 1000
startsecs=0
[program:stubborn]
command=sh -c 'trap "" TERM; while true; do sleep 0.1; done'
stopwaitsecs=1
startsecs=1
`);
  await daemon.state("stubborn", "RUNNING");
  await daemon.ctl("stop", "all");
  expect((await details(daemon, "polite")).exits[0]).toMatchObject({
    expected: true,
    cause: "stopped by a request (terminated by SIGTERM)",
  });
  expect((await details(daemon, "stubborn")).exits[0]).toMatchObject({
    signal: "SIGKILL",
    cause: "stopped by a request (terminated by SIGKILL, killed as it did not end when asked)",
  });
});

test("supervisord's own clients get what supervisord gives, and no more", async () => {
  const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  const body =
    "<methodCall><methodName>supervisor.getProcessInfo</methodName>" +
    "<params><param><value>a</value></param></params></methodCall>";
  const curl = ["-s", "--unix-socket", daemon.socket, "http://localhost/RPC2", "-d", body];
  const { stdout } = await run("curl", [...curl, "-H", "Content-Type: text/xml"]);
  expect(stdout).toContain("<name>description</name>");
  expect(stdout).not.toContain("<name>exits</name>");
  expect(stdout).not.toContain("<name>restarts</name>");
});

test.runIf(place !== "")(
  `the kernel's killing for want of memory is told apart${skipped}`,
  async () => {
    const group = limitedGroup();
    const daemon = await startDaemon(`
[program:hog]
command=sh -c 'echo $$ > ${group}/cgroup.procs && exec ${process.execPath} -e "${eating}"'
startsecs=0
autorestart=false
[program:victim]
command=sleep 1000
startsecs=0
autorestart=false
`);
    await daemon.state("hog", "EXITED");
    expect((await details(daemon, "hog")).exits[0]).toMatchObject({
      signal: "SIGKILL",
      oom_killed: true,
      cause: "out of memory: the kernel killed it (terminated by SIGKILL)",
    });
    process.kill((await daemon.info("victim")).pid, "SIGKILL");
    await daemon.state("victim", "EXITED");
    expect((await details(daemon, "victim")).exits[0]).toMatchObject({
      signal: "SIGKILL",
      oom_killed: false,
      cause: "terminated by SIGKILL",
    });
  },
);
