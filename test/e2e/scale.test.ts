import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  configText,
  eventually,
  isAlive,
  launch,
  pidsOf,
  startDaemon,
  type TestDaemon,
} from "../support/daemon.ts";

const worker = (numprocs: number, more = "") => `
[program:worker]
command=sleep 1000
numprocs=${numprocs}
process_name=%(program_name)s_%(process_num)d
startsecs=0
scale_max=300
${more}
[program:web]
command=sleep 1000
startsecs=0
scale_min=1
`;

const scale = async (daemon: TestDaemon, ...words: string[]) => {
  const { code, stdout } = await daemon.ctl("scale", ...words);
  return { code, lines: stdout.replaceAll(daemon.dir, "DIR").trimEnd().split("\n") };
};

test("scale gives a program more and fewer copies, and leaves the others alone", async () => {
  const daemon = await startDaemon(worker(2));
  await daemon.state("web", "RUNNING");
  const before = await pidsOf(daemon);
  expect(await scale(daemon)).toEqual({ code: 0, lines: ["nothing is scaled"] });
  expect(await scale(daemon, "worker=+2")).toEqual({
    code: 0,
    lines: ["worker:worker_2  start", "worker:worker_3  start"],
  });
  const four = await pidsOf(daemon);
  expect(four).toMatchObject(before);
  expect(Object.keys(four)).toHaveLength(5);
  expect((await scale(daemon)).lines).toEqual(["worker=4"]);
  const { stdout } = await daemon.ctl("status", "worker:*", "--json");
  expect(JSON.parse(stdout)).toMatchObject([{ scaled_from: 2 }, {}, {}, {}]);
  // The file says what it said.
  expect((await daemon.ctl("reread")).stdout).toBe("No config updates to processes\n");
  expect((await daemon.ctl("update", "--plan")).code).toBe(2);
  expect((await scale(daemon, "worker=-3")).lines).toEqual([
    "worker:worker_3  stop",
    "worker:worker_2  stop",
    "worker:worker_1  stop",
  ]);
  const { web, worker_0 } = before;
  expect(await pidsOf(daemon)).toEqual({ web, worker_0 });
  expect(isAlive(four.worker_3 ?? 0)).toBe(false);
  expect((await scale(daemon, "worker=0")).lines).toEqual(["worker:worker_0  stop"]);
  expect(await pidsOf(daemon)).toEqual({ web });
  expect((await scale(daemon, "worker=200")).code).toBe(0);
  await eventually("all of them", async () => {
    return Object.keys(await pidsOf(daemon)).length === 201;
  });
  expect((await scale(daemon, "worker=200")).lines).toEqual(["worker: nothing to do"]);
  expect((await daemon.ctl("update")).stdout).toBe(
    "worker: stopped\nworker: updated process group\n",
  );
  expect(Object.keys(await pidsOf(daemon))).toEqual(["web", "worker_0", "worker_1"]);
  expect((await scale(daemon)).lines).toEqual(["nothing is scaled"]);
}, 60_000);

test("what is scaled stays so over restarts, until it is taken back", async () => {
  const daemon = await startDaemon(worker(2));
  await scale(daemon, "worker=3");
  await daemon.stop();
  const next = await launch(daemon.dir, daemon.config);
  await eventually("all four", async () => Object.keys(await pidsOf(next)).length === 4);
  process.kill(next.pid, "SIGKILL");
  const third = await launch(daemon.dir, daemon.config);
  await eventually("all four", async () => Object.keys(await pidsOf(third)).length === 4);
  const before = await pidsOf(third);
  const { code, stdout } = await third.ctl("scale", "--reset", "worker", "--json");
  expect({ code, stdout }).toEqual({ code: 0, stdout: '["worker"]\n' });
  const { worker_2: _, ...others } = before;
  expect(await pidsOf(third)).toEqual(others);
  expect((await scale(third, "--reset")).lines).toEqual(["nothing is scaled"]);
});

test("what cannot be scaled is told, and stays as it is", async () => {
  const daemon = await startDaemon(worker(2));
  const before = await pidsOf(daemon);
  const refused = async (word: string, why: string) => {
    const { code, lines } = await scale(daemon, word);
    expect(code).toBeGreaterThan(0);
    expect(lines.join("\n")).toContain(why);
    expect(await pidsOf(daemon)).toEqual(before);
    expect((await scale(daemon)).lines).toEqual(["nothing is scaled"]);
  };
  await refused("nosuch=2", "BAD_NAME: nosuch");
  await refused("worker=301", "expected at most scale_max=300, got 301");
  await refused("web=0", "expected at least scale_min=1, got 0");
  await refused("worker=-3", "expected at least scale_min=0, got -1");
  await refused("worker", 'expected program=20, program=+5 or program=-3, got "worker"');
  await refused("worker=many", 'got "worker=many"');
  await refused("web=2", "numprocs is 2, so process_name must tell the processes apart");
  writeFileSync(daemon.config, configText(worker(2, "environment=A=1")));
  await refused(
    "worker=3",
    "worker: its configuration was edited and not taken over (environment=, DIR/drover.conf:22): update first",
  );
  writeFileSync(daemon.config, configText(worker(2, "environment=A=%(numprocs)d")));
  await daemon.ctl("update");
  const anew = await pidsOf(daemon);
  const { code, lines } = await scale(daemon, "worker=3");
  expect(code).toBe(1);
  expect(lines[0]).toContain("environment= is another with another number of copies");
  expect(await pidsOf(daemon)).toEqual(anew);
});
