import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { droverctl, eventually, pidsOf, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { crashes, makeReleases, works } from "../support/releases.ts";

const later = 'sleep 0.4\necho "lost the database" >&2\nexit 4\n';

const worker = (dir: string, more = "") => `
[program:worker]
command=sh ${dir}/current/worker.sh
numprocs=4
process_name=%(program_name)s_%(process_num)d
startsecs=0
autorestart=false
rollout_settle=50ms
${more}
[program:web]
command=sleep 1000
startsecs=0
`;

const allUp = (daemon: TestDaemon, count: number) =>
  eventually("all are up", async () => Object.keys(await pidsOf(daemon)).length === count);

test("a rollout replaces one after the other, and --wait tells each step", async () => {
  const { dir } = makeReleases({ good: works, other: works, crashes, later });
  const daemon = await startDaemon(worker(dir));
  await allUp(daemon, 5);
  const before = await pidsOf(daemon);
  let fewest = 99;
  const looking = setInterval(async () => {
    const up = Object.keys(await pidsOf(daemon)).length;
    fewest = Math.min(fewest, up);
  }, 20);
  onTestFinished(() => clearInterval(looking));
  expect(await daemon.ctl("rollout", "worker:*", "--wait")).toEqual({
    code: 0,
    stderr: "",
    stdout: [
      ...[0, 1, 2, 3].map((n) => `worker:worker_${n}: replaced (${n + 1}/4)\n`),
      "worker: rollout done, 4 of 4 replaced\n",
    ].join(""),
  });
  clearInterval(looking);
  expect(fewest).toBeGreaterThanOrEqual(4);
  const after = await pidsOf(daemon);
  expect(after.web).toBe(before.web);
  for (const n of [0, 1, 2, 3]) expect(after[`worker_${n}`]).not.toBe(before[`worker_${n}`]);
  const json = await daemon.ctl(
    "rollout",
    "worker:worker_1",
    "--wait",
    "--parallel",
    "3",
    "--json",
  );
  expect(JSON.parse(json.stdout)).toMatchObject({ state: "done", total: 1, left: [] });
  expect((await daemon.ctl("rollout", "status")).stdout).toBe(
    "worker: rollout done, 1 of 1 replaced\n",
  );
  const rolling = await daemon.ctl("restart", "--rolling", "worker:worker_2", "worker:worker_3");
  expect(rolling).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/done, 2 of 2 replaced\n$/),
  });
});

test.each([
  ["crashes", "exit status 3", "cannot find the database"],
  ["later", "exit status 4", "lost the database"],
])(
  "new code that %s stops a rollout at its first copy, and the others are left as they are",
  async (release, cause, said) => {
    const { dir, flip } = makeReleases({ good: works, other: works, crashes, later });
    const daemon = await startDaemon(worker(dir));
    await allUp(daemon, 5);
    const { worker_0: _, ...others } = await pidsOf(daemon);
    flip(release);
    const { code, stdout } = await daemon.ctl("rollout", "worker:*", "--wait", "--settle", "1s");
    expect(code).toBe(1);
    expect(stdout).toContain("worker: rollout failed, 0 of 4 replaced\n");
    expect(stdout).toContain(cause);
    expect(stdout).toContain(`    ${said}\n`);
    expect(stdout).toContain(
      "left as they were: worker:worker_1 worker:worker_2 worker:worker_3\n",
    );
    expect(await pidsOf(daemon)).toEqual(others);
    expect((await daemon.ctl("rollout", "status")).code).toBe(1);
    // Mended, the next one takes all of them.
    flip("good");
    expect((await daemon.ctl("rollout", "worker:*", "--wait", "--parallel", "4")).code).toBe(0);
    expect(Object.keys(await pidsOf(daemon))).toHaveLength(5);
  },
);

test("a rollout can be held, goes on without its caller, is one at a time, and ends with the daemon", async () => {
  const { dir } = makeReleases({ good: works, other: works, crashes, later });
  const daemon = await startDaemon(worker(dir, "rollout_parallel=1"));
  await allUp(daemon, 5);
  const before = await pidsOf(daemon);
  const words = ["-c", daemon.config, "rollout", "worker:*", "--wait", "--settle", "300ms"];
  const caller = spawn(process.execPath, [droverctl, ...words], { stdio: "ignore" });
  onTestFinished(() => void caller.kill("SIGKILL"));
  const replaced = async () => {
    const now = await pidsOf(daemon);
    return Object.keys(before).filter((name) => now[name] && now[name] !== before[name]).length;
  };
  await eventually("the first", async () => (await replaced()) >= 1);
  expect((await daemon.ctl("rollout", "pause", "worker")).stdout).toMatch(
    /^worker: rollout paused/,
  );
  const refused = await daemon.ctl("rollout", "worker:*");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain("there is a rollout of worker already");
  caller.kill("SIGKILL");
  await eventually("what was under way", async () => {
    const { stdout } = await daemon.ctl("rollout", "status", "--json");
    return JSON.parse(stdout)[0].done.length === (await replaced());
  });
  const held = await replaced();
  expect(held).toBeLessThan(4);
  await daemon.ctl("stop", "worker:worker_3");
  await daemon.ctl("rollout", "resume", "worker");
  await eventually("it has ended", async () =>
    /rollout done, 3 of 4/.test((await daemon.ctl("rollout", "status")).stdout),
  );
  expect(await daemon.info("worker:worker_3")).toMatchObject({ statename: "STOPPED" });
  for (const bad of [
    ["nosuch:*"],
    ["web", "worker:*"],
    ["worker:*", "--parallel", "0"],
    ["pause"],
  ]) {
    expect((await daemon.ctl("rollout", ...bad)).code, bad.join(" ")).toBeGreaterThan(0);
  }
  await daemon.ctl("rollout", "worker:*", "--settle", "10m");
  expect((await daemon.ctl("rollout", "abort", "worker")).stdout).toMatch(/rollout aborted/);
  await daemon.ctl("rollout", "worker:*", "--settle", "10m");
  await daemon.stop();
  expect(daemon.log()).toMatch(/rollout of worker aborted, \d of 3 replaced/);
});

test("watch_action=rollout is one rollout for a storm of changes, and one more for what comes meanwhile", async () => {
  const { dir, flip } = makeReleases({ good: works, other: works, crashes, later });
  const daemon = await startDaemon(
    worker(dir, `watch=${dir}/current\nwatch_action=rollout\nwatch_debounce=100ms`),
  );
  await allUp(daemon, 5);
  const before = await pidsOf(daemon);
  const rollouts = () => daemon.log().split("rollout of worker: 4 processes").length - 1;
  const finished = () => daemon.log().split("rollout of worker done").length - 1;
  let turn = 0;
  await eventually(
    "it has begun",
    () => {
      if (rollouts() > 0) return true;
      flip(turn++ % 2 === 0 ? "other" : "good");
      return false;
    },
    20_000,
    400,
  );
  for (let n = 0; n < 20; n++) flip(n % 2 === 0 ? "other" : "good");
  await eventually("both are done", () => finished() >= 2 && finished() === rollouts());
  expect(rollouts()).toBeLessThanOrEqual(3);
  const after = await pidsOf(daemon);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(Object.values(after).filter((pid) => Object.values(before).includes(pid))).toEqual([
    before.web,
  ]);
});
