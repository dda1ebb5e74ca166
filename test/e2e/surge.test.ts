import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  eventually,
  isAlive,
  launch,
  pidsOf,
  startDaemon,
  type TestDaemon,
} from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";
import { crashes, makeReleases, works } from "../support/releases.ts";

const worker = (dir: string, more = "") => `
[program:worker]
command=sh ${dir}/current/worker.sh
numprocs=3
process_name=%(program_name)s_%(process_num)d
startsecs=0
rollout_settle=50ms
${more}
`;

const allUp = (daemon: TestDaemon, count: number) =>
  eventually("all are up", async () => Object.keys(await pidsOf(daemon)).length === count);

/** The fewest that run at any time from here on. */
function watchFewest(daemon: TestDaemon): () => number {
  let fewest = Infinity;
  const look = async () => {
    fewest = Math.min(fewest, Object.keys(await pidsOf(daemon)).length);
  };
  const looking = setInterval(() => void look().catch(() => undefined), 5);
  onTestFinished(() => clearInterval(looking));
  return () => {
    clearInterval(looking);
    return fewest;
  };
}

test("with rollout_surge fresh copies come first, and no fewer than numprocs are ever at work", async () => {
  const { dir, flip } = makeReleases({ good: works, crashes });
  const daemon = await startDaemon(worker(dir, "rollout_surge=1"));
  await allUp(daemon, 3);
  const before = await pidsOf(daemon);
  const fewest = watchFewest(daemon);
  const { code, stdout } = await daemon.ctl("rollout", "worker:*", "--wait");
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: [
      ...[0, 1, 2].map((n) => `worker:worker_${n}: replaced (${n + 1}/3)\n`),
      "worker: rollout done, 3 of 3 replaced\n",
    ].join(""),
  });
  expect(fewest()).toBeGreaterThanOrEqual(3);
  const after = await pidsOf(daemon);
  expect(Object.keys(after).toSorted()).toEqual(["worker_0", "worker_1", "worker_2"]);
  for (const [name, pid] of Object.entries(before)) expect(after[name], name).not.toBe(pid);
  expect(await processOf(daemon, "worker_0")).not.toHaveProperty("scaled_from");
  expect(daemon.log()).toContain("rollout of worker: worker:worker_3 come first");

  // Where the new release does not come up, none of the old ones has been touched.
  flip("crashes");
  const failed = await daemon.ctl("rollout", "worker:*", "--wait", "--surge", "2");
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(
    /^worker: rollout failed, 0 of 3 replaced\n {2}worker:worker_[34] (?:is \w+|has not stayed up): exit status 3\n {4}cannot find the database\n {2}left as they were: worker:worker_0 worker:worker_1 worker:worker_2\n$/,
  );
  expect(await pidsOf(daemon)).toEqual(after);
  expect((await daemon.all()).map(({ name }) => name)).toEqual(Object.keys(after).toSorted());

  // Another edit is not taken over by the way.
  flip("good");
  const config = daemon.file("drover.conf");
  writeFileSync(daemon.config, config.replace("startsecs=0", "startsecs=0\nstopsignal=INT"));
  const refused = await daemon.ctl("rollout", "worker:*", "--wait");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain("its configuration was edited and not taken over");
  expect(await pidsOf(daemon)).toEqual(after);
});

test("each program of a group has its own copies more, and one that can have none is told of", async () => {
  const daemon = await startDaemon(`
[program-default]
command=sleep 1000
startsecs=0
rollout_surge=1
rollout_settle=1h
[group:g]
programs=a,b,single
[program:a]
process_name=%(program_name)s_%(process_num)d
[program:b]
process_name=%(program_name)s_%(process_num)d
rollout_surge=2
[program:single]
[fcgi-program:f]
socket=unix://%(here)s/f.sock
`);
  await allUp(daemon, 4);
  expect((await daemon.ctl("rollout", "g:*")).code).toBe(0);
  await allUp(daemon, 7);
  expect(Object.keys(await pidsOf(daemon)).toSorted()).toEqual([
    "a_0",
    "a_1",
    "b_0",
    "b_1",
    "b_2",
    "f",
    "single",
  ]);
  expect(daemon.log()).toContain("rollout of g: none of [program:single] come first: ");
  await daemon.ctl("rollout", "abort", "g");
  expect((await daemon.ctl("rollout", "f:*", "--settle", "0s")).code).toBe(0);
  expect(daemon.log()).toContain("rollout of f: none of [fcgi-program:f] come first: ");
  await eventually("it is over", async () =>
    (await daemon.ctl("rollout", "status", "f")).stdout.startsWith("f: rollout done"),
  );
  // Who asks for it in so many words is told why not.
  const refused = await daemon.ctl("rollout", "f:*", "--wait", "--surge", "1");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain("f is restarted as a whole");
});

test("rollout_max_unavailable counts those that are down for other reasons", async () => {
  const { dir } = makeReleases({ good: works, crashes });
  const daemon = await startDaemon(
    worker(
      dir,
      "ready=exec:test ! -e %(here)s/not%(process_num)d\nrollout_max_unavailable=1\nrollout_parallel=3",
    ),
    "",
    { dir },
  );
  await daemon.ctl("wait", "worker:*", "--for", "ready", "--timeout", "20s");
  // One is not ready: of the others none may be taken down until it is.
  writeFileSync(path.join(dir, "not2"), "");
  await daemon.ctl("restart", "worker:worker_2");
  const before = await pidsOf(daemon);
  const rollout = daemon.ctl("rollout", "worker:worker_0", "worker:worker_1", "--wait");
  await eventually("it has begun", () =>
    daemon.log().includes("rollout of worker: 2 processes, 1 at a time"),
  );
  await eventually("it waits", async () => {
    const { now, start } = await daemon.info("worker:worker_2");
    return now - start >= 2;
  });
  expect(await pidsOf(daemon)).toEqual(before);
  expect((await daemon.ctl("rollout", "status")).stdout).toBe(
    "worker: rollout running, 0 of 2 replaced\n",
  );
  // Nobody minds that one which somebody has stopped is down.
  await daemon.ctl("stop", "worker:worker_2");
  expect((await rollout).code).toBe(0);

  // One that is FATAL will not come up by waiting: replaced first, it may.
  const bad = path.join(dir, "not0");
  writeFileSync(bad, "");
  await daemon.ctl("restart", "worker:worker_0");
  const others = daemon.ctl("rollout", "worker:worker_1", "--wait");
  await eventually("it waits for it", async () =>
    (await daemon.ctl("rollout", "status")).stdout.startsWith("worker: rollout running, 0 of 1"),
  );
  await daemon.ctl("rollout", "abort", "worker");
  expect((await others).code).toBe(1);
});

test("a rollout that the end of droverd cuts short is told of by the next one", async () => {
  const { dir } = makeReleases({ good: works, crashes });
  const daemon = await startDaemon(worker(dir, "rollout_settle=1h\nrollout_surge=1"), "", { dir });
  await allUp(daemon, 3);
  const rollout = daemon.ctl("rollout", "worker:*", "--wait");
  await allUp(daemon, 4);
  const { pid } = await daemon.info("worker:worker_3");
  daemon.child.kill("SIGKILL");
  await eventually("it is gone", () => !isAlive(daemon.pid));
  expect((await rollout).code).toBeGreaterThan(0);
  const next = await launch(dir, daemon.config);
  await allUp(next, 3);
  expect(Object.keys(await pidsOf(next)).toSorted()).toEqual(["worker_0", "worker_1", "worker_2"]);
  await eventually("the copy more is gone", () => !isAlive(pid));
  expect(await next.ctl("rollout", "status")).toMatchObject({
    code: 1,
    stdout:
      "worker: rollout interrupted, 0 of 3 replaced\n  droverd has ended meanwhile, and started all anew\n",
  });
  expect(next.log()).toContain("the rollout of worker was interrupted: 0 of 3 replaced");
  // The next one is a new one, and a restart in so many words is no other thing than a death.
  expect((await next.ctl("rollout", "worker:*", "--surge", "0")).code).toBe(0);
  expect((await next.ctl("rollout", "status")).stdout).toBe(
    "worker: rollout running, 0 of 3 replaced\n",
  );
  await next.ctl("reload");
  await eventually("it has begun anew", async () =>
    (await next.ctl("rollout", "status")).stdout.startsWith("worker: rollout interrupted"),
  );
});
