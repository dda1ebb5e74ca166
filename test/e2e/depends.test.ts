import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  configText,
  droverd,
  eventually,
  pidsOf,
  run,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";

/** Lines of the log by which something began, in their order. */
const linesOf = (daemon: TestDaemon, pattern: RegExp): string[] =>
  [...daemon.log().matchAll(pattern)].map(([, name = ""]) => name);
const spawned = (daemon: TestDaemon) => linesOf(daemon, /spawned: '(\w+)' with pid/g);
const stopped = (daemon: TestDaemon) => linesOf(daemon, /stopped: (\w+) \(/g);

/** Ready when there is a file with its name. */
const waitsForFile = (name: string) => `
[program:${name}]
command=sleep 1000
directory=%(here)s
startsecs=0
ready=exec:test -e ${name}.ready
`;
const plain = (name: string, ...lines: string[]) =>
  `[program:${name}]\ncommand=sleep 1000\nstartsecs=0\n${lines.join("\n")}\n`;

test("what is needed comes first and goes last, whatever the priorities say", async () => {
  const daemon = await startDaemon(
    plain("web", "depends_on=worker, db", "priority=1") +
      plain("worker", "depends_on=db:ready,cache", "priority=2") +
      `[group:cache]\nprograms=one,two\n${plain("one")}${plain("two", "autostart=false")}` +
      waitsForFile("db") +
      plain("other", "priority=3"),
  );
  await daemon.state("other", "RUNNING");
  // What is needed is started, also where it does not start by itself.
  await daemon.state("cache:two", "RUNNING");
  expect(await processOf(daemon, "worker")).toMatchObject({
    statename: "STOPPED",
    waits_for: ["db (not ready)"],
  });
  expect(await processOf(daemon, "web")).toMatchObject({ waits_for: ["worker (STOPPED)"] });
  expect((await daemon.ctl("why", "worker")).stdout).toContain("  it waits for: db (not ready)\n");
  expect((await daemon.ctl("status", "--exit-code=fleet")).code).toBe(1);
  writeFileSync(path.join(daemon.dir, "db.ready"), "");
  await daemon.state("web", "RUNNING");
  expect(await processOf(daemon, "worker")).not.toHaveProperty("waits_for");
  const order = spawned(daemon);
  expect(order.slice(-2)).toEqual(["worker", "web"]);

  expect((await daemon.ctl("stop", "all")).code).toBe(0);
  const down = stopped(daemon);
  expect(down.indexOf("web")).toBeLessThan(down.indexOf("worker"));
  expect(down.indexOf("worker")).toBeLessThan(
    Math.min(...["db", "one", "two"].map((name) => down.indexOf(name))),
  );
  const { stdout } = await daemon.ctl("start", "all");
  expect(stdout.trimEnd().split("\n").toSorted()).toEqual(
    ["cache:one", "cache:two", "db", "other", "web", "worker"].map((name) => `${name}: started`),
  );
  expect(spawned(daemon).slice(-2)).toEqual(["worker", "web"]);

  const before = stopped(daemon).length;
  expect(await daemon.stop()).toBe(0);
  const last = stopped(daemon).slice(before);
  expect(last.indexOf("web")).toBeLessThan(last.indexOf("worker"));
  expect(last.indexOf("worker")).toBeLessThan(last.indexOf("db"));
});

test("a start starts what it needs, and tells when that cannot be", async () => {
  const daemon = await startDaemon(
    plain("worker", "depends_on=db", "autostart=false") +
      plain("db", "autostart=false") +
      plain("late", "depends_on=bad", "autostart=false") +
      "[program:bad]\ncommand=sh -c 'test -e good && exec sleep 1000'\ndirectory=%(here)s\nstartsecs=1\nstartretries=0\nautostart=false\n",
  );
  expect((await daemon.ctl("start", "worker")).stdout).toBe("worker: started\n");
  expect(await daemon.info("db")).toMatchObject({ statename: "RUNNING" });
  // To stop what others need is anybody's right, and is told.
  await daemon.ctl("stop", "db");
  expect(daemon.log()).toContain("WARN 'db' is being stopped, and worker depends on it");
  const { pid } = await daemon.info("worker");
  // One that ends while what it needs is down is not started in vain.
  process.kill(pid, "SIGKILL");
  await eventually("it waits", async () => (await processOf(daemon, "worker")).waits_for);
  expect(await processOf(daemon, "worker")).toMatchObject({
    statename: "EXITED",
    waits_for: ["db (STOPPED)"],
  });
  await daemon.ctl("start", "db");
  await daemon.state("worker", "RUNNING");

  expect(await daemon.ctl("start", "late")).toMatchObject({
    code: 7,
    stdout: "late: ERROR (abnormal termination)\n",
  });
  expect(await processOf(daemon, "late")).toMatchObject({ waits_for: ["bad (FATAL)"] });
  const { stdout } = await daemon.ctl("status", "late", "--json");
  expect(JSON.parse(stdout)).toMatchObject([{ waits_for: ["bad (FATAL)"], statename: "STOPPED" }]);
  // It starts as soon as that runs.
  writeFileSync(path.join(daemon.dir, "good"), "");
  await daemon.ctl("start", "bad");
  await daemon.state("late", "RUNNING");
  // Who does not want it any more stops it, also while it waits.
  await daemon.ctl("stop", "late", "bad");
  void daemon.client.call("supervisor.startProcess", { name: "late", wait: false });
  await eventually("it waits again", async () => (await processOf(daemon, "late")).waits_for);
  expect((await daemon.ctl("stop", "late")).stdout).toBe("late: stopped\n");
  await daemon.state("bad", "RUNNING");
  expect(await processOf(daemon, "late")).toMatchObject({ statename: "STOPPED" });
  expect(await processOf(daemon, "late")).not.toHaveProperty("waits_for");
});

test("a start that somebody asks for takes the place of one that was to come by itself", async () => {
  const daemon = await startDaemon(
    plain("worker", "depends_on=db:ready", "autorestart=true", "restart_delay=1s") +
      waitsForFile("db"),
  );
  const file = path.join(daemon.dir, "db.ready");
  writeFileSync(file, "");
  const { pid } = await daemon.state("worker", "RUNNING");
  rmSync(file);
  await daemon.ctl("stop", "db");
  process.kill(pid, "SIGKILL");
  await daemon.state("worker", "EXITED");
  void daemon.client.call("supervisor.startProcess", { name: "worker", wait: false });
  // By now its own restart would be due, too.
  await eventually("it has waited for longer", async () => {
    const { stop, now } = await daemon.info("worker");
    return now - stop >= 3;
  });
  writeFileSync(file, "");
  await daemon.state("worker", "RUNNING");
  await daemon.ctl("stop", "db");
  // It runs, and waits for nothing.
  expect(await processOf(daemon, "worker")).toMatchObject({ statename: "RUNNING" });
  expect(await processOf(daemon, "worker")).not.toHaveProperty("waits_for");
});

test("with depends_restart what depends on a process is restarted with it, once", async () => {
  const daemon = await startDaemon(
    plain("worker", "depends_on=db:ready", "depends_restart=yes") +
      plain("loner", "depends_on=db") +
      waitsForFile("db"),
  );
  writeFileSync(path.join(daemon.dir, "db.ready"), "");
  await daemon.state("worker", "RUNNING");
  const before = await pidsOf(daemon);
  process.kill(before.db ?? 0, "SIGKILL");
  await eventually("it is a fresh one", async () => {
    const { pid, statename } = await daemon.info("worker");
    return statename === "RUNNING" && pid !== before.worker;
  });
  expect(daemon.log()).toContain(
    `recycling 'worker' (pid ${before.worker}): a restart of db (depends_restart)`,
  );
  const then = await pidsOf(daemon);
  await daemon.ctl("restart", "db");
  await eventually("and again", async () => {
    const { pid, statename } = await daemon.info("worker");
    return statename === "RUNNING" && pid !== then.worker;
  });
  expect((await daemon.info("loner")).pid).toBe(before.loner);
  await daemon.ctl("restart", "loner");
  expect(daemon.log().split("recycling 'worker'").length - 1).toBe(2);
});

test("an edit of depends_on restarts nothing, and counts from then on", async () => {
  const daemon = await startDaemon(plain("worker") + plain("db"));
  await daemon.state("worker", "RUNNING");
  await daemon.state("db", "RUNNING");
  const before = await pidsOf(daemon);
  writeFileSync(daemon.config, configText(plain("worker", "depends_on=db") + plain("db")));
  expect((await daemon.ctl("update", "--plan")).stdout).toContain("depends_on");
  await daemon.ctl("update");
  expect(await pidsOf(daemon)).toEqual(before);
  await daemon.ctl("stop", "all");
  expect(stopped(daemon)).toEqual(["worker", "db"]);
});

test.each<[string, string, RegExp]>([
  [
    "an unknown name",
    plain("worker", "depends_on=dbb") + plain("db"),
    /\[program:worker\] depends_on: there is no program, group or process "dbb"; did you mean "db"\?/,
  ],
  ["itself", plain("a", "depends_on=a"), /\[program:a\] depends_on: a -> a: /],
  [
    "a way round",
    plain("a", "depends_on=b") + plain("b", "depends_on=c:ready") + plain("c", "depends_on=a"),
    /\[program:a\] depends_on: a -> b -> c -> a: nothing of this could ever be started/,
  ],
  [
    "a way round by a group",
    `[group:g]\nprograms=b\n${plain("a", "depends_on=g")}${plain("b", "depends_on=a")}`,
    /depends_on: (?:a -> b -> a|b -> a -> b): /,
  ],
  [
    "no name",
    plain("a", "depends_on=b,:ready") + plain("b"),
    /depends_on: expected names of programs/,
  ],
])("%s is a mistake that is told", async (_, programs, expected) => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs));
  const { code, stderr } = await run(process.execPath, [droverd, "-n", "-c", config]);
  expect(code).toBe(2);
  expect(stderr).toMatch(expected);
});
