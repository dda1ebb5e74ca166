import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually, isAlive, launch, startDaemon } from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";

/** Has a job until there is a file `done`, and takes no other once it has got SIGUSR2. */
const worker = (then: string) =>
  `sh -c 'trap "echo asked; quiet=1" USR2; trap "echo term; exit 0" TERM; while :; do sleep 0.02; test "$quiet" && test -e done && { ${then}; }; done'`;

const programs = `
[program-default]
directory=%(here)s
startsecs=0
quiet_timeout=30s
[program:says]
quietsignal=USR2
command=${worker('test "$told" || { echo idle; told=1; }')}
quiet_ready=log:/^idle$/
[program:ends]
quietsignal=USR2
command=${worker("exit 0")}
exitcodes=9
[program:ignores]
quietsignal=USR2
command=sh -c 'trap "" USR2; exec sleep 1000'
quiet_timeout=500ms
[program:timed]
quietsignal=USR2
command=${worker(":")}
quiet_ready=300ms
[program:plain]
command=sleep 1000
`;

test("a stop lets workers finish their jobs first, and goes on when they have, or have had their time", async () => {
  const daemon = await startDaemon(programs);
  for (const name of ["says", "ends", "ignores", "timed", "plain"]) {
    await daemon.state(name, "RUNNING");
  }
  const stopping = Promise.all(["says", "ends"].map((name) => daemon.ctl("stop", name)));
  await eventually("they have been asked", () =>
    ["says", "ends"].every((name) => daemon.log().includes(`'${name}' stdout output:\nasked`)),
  );
  expect(await daemon.info("says")).toMatchObject({ statename: "STOPPING" });
  expect(await processOf(daemon, "says")).toMatchObject({ quiet: "asked" });
  expect(daemon.log()).not.toContain("SIGTERM");
  writeFileSync(path.join(daemon.dir, "done"), "");
  expect((await stopping).map(({ stdout }) => stdout)).toEqual([
    "says: stopped\n",
    "ends: stopped\n",
  ]);
  const log = daemon.log();
  expect(log).toMatch(
    /'says' \(pid \d+\) is quiet\n.*killing says \(pid \d+\) with signal SIGTERM/,
  );
  expect(log).toContain("'says' stdout output:\nterm");
  // What ends by itself is not signalled any more.
  expect(log).not.toMatch(/killing ends \(pid \d+\) with signal SIGTERM/);
  const { exits } = await daemon.client.call("supervisor.getProcessInfo", { name: "ends" });
  expect(exits[0]?.cause).toBe("stopped by a request (exit status 0)");

  expect((await daemon.ctl("stop", "ignores", "timed")).stdout).toBe(
    "ignores: stopped\ntimed: stopped\n",
  );
  expect(daemon.log()).toMatch(
    /WARN 'ignores' \(\d+\) is not quiet 500ms after SIGUSR2, sending SIGTERM/,
  );
  expect(daemon.log()).not.toMatch(/'timed' \(\d+\) is not quiet/);
});

test("quiet NAME asks for it alone, and a stop asks no second time", async () => {
  const daemon = await startDaemon(
    programs.replace("[program-default]", "[program-default]\nautorestart=true"),
  );
  for (const name of ["says", "ends", "plain"]) await daemon.state(name, "RUNNING");
  const { pid: plain } = await daemon.info("plain");
  expect(await daemon.ctl("quiet", "says", "nosuch")).toMatchObject({
    code: 1,
    stdout: "says: asked to take no more jobs\nnosuch: ERROR (no such process)\n",
  });
  expect(await processOf(daemon, "says")).toMatchObject({ quiet: "asked", statename: "RUNNING" });
  const early = await daemon.ctl("wait", "says", "--for", "quiet", "--timeout", "200ms");
  expect(early).toMatchObject({
    code: 1,
    stdout: "says: ERROR (RUNNING, not quiet within 200ms)\n",
  });
  const waiting = daemon.ctl("wait", "says", "--for", "quiet", "--timeout", "20s");
  expect((await daemon.ctl("quiet", "all")).stdout.split("\n").toSorted()).toEqual([
    "",
    ...["ends", "ignores", "says", "timed"].map((name) => `${name}: asked to take no more jobs`),
  ]);
  writeFileSync(path.join(daemon.dir, "done"), "");
  expect(await waiting).toMatchObject({ code: 0, stdout: "says: quiet\n" });
  expect(await processOf(daemon, "says")).toMatchObject({ quiet: "quiet", statename: "RUNNING" });
  expect((await daemon.ctl("why", "says")).stdout).toContain(
    "it is quiet: it takes no more jobs, and has none",
  );
  expect((await daemon.info("plain")).pid).toBe(plain);
  // Ended by itself, it was started again, and takes jobs.
  await eventually("it is a fresh one", async () => {
    const fresh = await processOf(daemon, "ends");
    return fresh.statename === "RUNNING" && !("quiet" in fresh);
  });
  // Quiet already, it is stopped at once; its file is there, so another signal would be answered.
  const asked = () => daemon.log().split("'says' stdout output:\nasked").length - 1;
  expect(asked()).toBe(1);
  expect((await daemon.ctl("restart", "says")).stdout).toBe("says: stopped\nsays: started\n");
  expect(asked()).toBe(1);
  expect(await processOf(daemon, "says")).not.toHaveProperty("quiet");

  expect(await daemon.ctl("quiet", "plain")).toMatchObject({
    code: 1,
    stdout: "plain: ERROR (plain has no quietsignal=)\n",
  });
  expect(await daemon.ctl("quiet", "plain:*")).toMatchObject({
    code: 1,
    stdout: "plain: ERROR (plain has no quietsignal=)\n",
  });
  await daemon.ctl("stop", "ends");
  expect((await daemon.ctl("quiet", "ends:*")).stdout).toBe(
    "ends:*: nothing that runs can be asked\n",
  );
  expect((await daemon.ctl("quiet", "ends")).stdout).toBe("ends: ERROR (not running)\n");
  // What has ended has no job either.
  expect((await daemon.ctl("wait", "ends", "--for", "quiet")).stdout).toBe("ends: quiet\n");
  expect(JSON.parse((await daemon.ctl("quiet", "says", "--json")).stdout)).toEqual([
    { group: "says", name: "says", status: 80, description: "OK" },
  ]);
});

test("a rollout lets each finish its jobs, and a daemon that is killed meanwhile leaves that to the next one", async () => {
  const daemon = await startDaemon(`
[program:w]
command=${worker("exit 0")}
directory=%(here)s
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
quietsignal=USR2
[program:says]
command=${worker("echo idle")}
directory=%(here)s
startsecs=0
quietsignal=USR2
quiet_ready=log:/^idle$/
[program:slow]
command=sh -c 'trap "sleep 1; echo finished > finished; exit 0" USR2; trap "exit 3" TERM; while :; do sleep 0.02; done'
directory=%(here)s
startsecs=0
quietsignal=USR2
`);
  for (const name of ["w:w_0", "w:w_1", "slow"]) await daemon.state(name, "RUNNING");
  const [old0, old1] = await Promise.all(
    ["w:w_0", "w:w_1"].map(async (name) => (await daemon.info(name)).pid),
  );
  const rollout = daemon.ctl("rollout", "w:*", "--wait");
  await daemon.state("w:w_0", "STOPPING");
  expect(await daemon.info("w:w_1")).toMatchObject({ statename: "RUNNING", pid: old1 });
  expect(isAlive(old0 ?? 0)).toBe(true);
  writeFileSync(path.join(daemon.dir, "done"), "");
  expect((await rollout).code).toBe(0);
  expect(daemon.log()).not.toContain("SIGTERM");

  const { pid } = await daemon.info("slow");
  const { pid: saying } = await daemon.state("says", "RUNNING");
  void daemon.client
    .call("supervisor.stopProcess", { name: "slow", wait: true })
    .catch(() => undefined);
  await daemon.state("slow", "STOPPING");
  daemon.child.kill("SIGKILL");
  await eventually("it is gone", () => !isAlive(daemon.pid));
  const next = await launch(daemon.dir, daemon.config);
  await next.state("slow", "RUNNING");
  expect(isAlive(pid)).toBe(false);
  // What it says is heard by the next one, too: it need not wait for quiet_timeout.
  await next.state("says", "RUNNING");
  expect(isAlive(saying)).toBe(false);
  expect(next.log()).toContain(`'says' (pid ${saying}) is quiet`);
  expect(existsSync(path.join(daemon.dir, "finished"))).toBe(true);
  expect(readFileSync(path.join(daemon.dir, "finished"), "utf8")).toBe("finished\n");
});
