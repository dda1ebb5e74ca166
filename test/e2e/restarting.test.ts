import { expect, test } from "vitest";
import type { ProcessDetails } from "../../src/rpc/results.ts";
import { eventually, startDaemon, type TestDaemon } from "../support/daemon.ts";

const details = (daemon: TestDaemon, name: string): Promise<ProcessDetails> =>
  daemon.client.call("supervisor.getProcessInfo", { name });

/** When the processes of a name were started, in milliseconds. */
const starts = (daemon: TestDaemon, name: string): number[] =>
  [...daemon.log().matchAll(new RegExp(`^(.*),(\\d+) INFO spawned: '${name}'`, "gm"))].map(
    ([, date = "", ms = ""]) => Date.parse(date.replace(" ", "T")) + Number(ms),
  );

const waits = (moments: readonly number[]): number[] =>
  moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0));

test("backoff=exponential waits twice as long each time, up to backoff_max, and never gives up", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sh -c 'test -e %(here)s/server && exec sleep 1000; exit 1'
backoff=exponential
backoff_min=100ms
backoff_max=400ms
startretries=unlimited
startsecs=1
`);
  await eventually("seven starts", () => starts(daemon, "worker").length >= 7);
  const seen = waits(starts(daemon, "worker").slice(0, 7));
  for (const [index, least] of [100, 200, 400, 400, 400, 400].entries()) {
    expect(seen[index]).toBeGreaterThanOrEqual(least - 2);
  }
  expect(["BACKOFF", "STARTING"]).toContain((await daemon.info("worker")).statename);
});

test("restart_limit makes a process that crashes too often FATAL, until somebody starts it", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sh -c 'sleep 0.1; exit 3'
restart_limit=2/10m
startsecs=0
`);
  const info = await daemon.state("worker", "FATAL");
  expect(info).toMatchObject({ spawnerr: "more than 2 restarts in 10m (restart_limit)" });
  expect(starts(daemon, "worker")).toHaveLength(3);
  expect(daemon.log()).toContain(
    "gave up: worker entered FATAL state, more than 2 restarts in 10m (restart_limit)",
  );
  expect((await daemon.ctl("start", "worker")).stdout).toBe("worker: started\n");
  await daemon.state("worker", "FATAL");
  expect(starts(daemon, "worker")).toHaveLength(6);
});

test("restart_delay and backoff_reset_after slow down what crashes after it has started", async () => {
  const daemon = await startDaemon(`
[program:slow]
command=sh -c 'exit 1'
restart_delay=400ms
startsecs=0
[program:growing]
command=sh -c 'exit 1'
backoff_min=200ms
backoff_reset_after=1m
startsecs=0
`);
  await eventually("four starts", () => starts(daemon, "growing").length >= 4);
  await eventually("three starts", () => starts(daemon, "slow").length >= 3);
  for (const wait of waits(starts(daemon, "slow"))) expect(wait).toBeGreaterThanOrEqual(398);
  const [first, second, third] = waits(starts(daemon, "growing"));
  expect(first).toBeGreaterThanOrEqual(198);
  expect(second).toBeGreaterThanOrEqual(398);
  expect(third).toBeGreaterThanOrEqual(598);
});

test("max_lifetime replaces the copies of a group, one at a time", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=4
max_lifetime=1s
startsecs=0
`);
  const before = (await daemon.all()).map(({ pid }) => pid);
  let most = 0;
  await eventually("all are new", async () => {
    const all = await daemon.all();
    most = Math.max(most, all.filter(({ statename }) => statename !== "RUNNING").length);
    return all.every(({ pid }) => pid > 0 && !before.includes(pid));
  });
  expect(most).toBeLessThanOrEqual(1);
  const log = daemon.log();
  expect(log).toMatch(/INFO recycling 'worker_\d' \(pid \d+\): max_lifetime of 1s/);
  // From one recycling to the next the fresh copy has come up.
  const acts = [...log.matchAll(/ (recycling|spawned:) 'worker_\d'/g)].map(([, act]) => act);
  for (const [index, act] of acts.entries()) {
    if (act === "recycling" && index + 1 < acts.length) expect(acts[index + 1]).toBe("spawned:");
  }
  const info = await details(daemon, "worker:worker_0");
  expect(info.exits[0]).toMatchObject({
    signal: "SIGTERM",
    expected: true,
    cause: "stopped by max_lifetime of 1s (terminated by SIGTERM)",
  });
});

test("a stop in the middle of a recycling stays a stop", async () => {
  const daemon = await startDaemon(`
[program:worker]
command=sh -c 'trap "" TERM; echo ready; while true; do sleep 0.05; done'
max_lifetime=500ms
stopwaitsecs=1
stdout_logfile=%(here)s/out
startsecs=0
`);
  await eventually("the recycling has begun", () => daemon.log().includes("recycling 'worker'"));
  expect(["worker: stopped\n", "worker: ERROR (not running)\n"]).toContain(
    (await daemon.ctl("stop", "worker")).stdout,
  );
  await daemon.state("worker", "STOPPED");
  await eventually("it was killed", () => daemon.log().includes("stopped: worker"));
  expect(starts(daemon, "worker")).toHaveLength(1);
});

test("memory_limit replaces what holds too much, children included", async () => {
  const hog = "python3 -c 'import time; x = b\"x\" * 60_000_000; time.sleep(1000)'";
  const daemon = await startDaemon(`
[program:hog]
command=sh -c "${hog.replaceAll('"', '\\"')} & wait"
stopasgroup=true
memory_limit=40MB
startsecs=0
[program:small]
command=sleep 1000
memory_limit=40MB
startsecs=0
[program:pss]
command=${hog}
memory_limit=40MB
memory_measure=pss
startsecs=0
`);
  const { pid } = await daemon.state("small", "RUNNING");
  await eventually("both are replaced", () =>
    ["hog", "pss"].every((name) => starts(daemon, name).length >= 2),
  );
  expect(daemon.log()).toMatch(
    /recycling 'hog' \(pid \d+\): [\d.]+MB of memory, more than memory_limit=40MB/,
  );
  expect((await daemon.info("small")).pid).toBe(pid);
});
