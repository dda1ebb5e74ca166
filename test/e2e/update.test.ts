import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  configText,
  eventually,
  isAlive,
  pidsOf,
  run,
  startDaemon,
  type TestDaemon,
} from "../support/daemon.ts";
import { available, startSupervisord, supervisorctl } from "../support/peers.ts";

const worker = (numprocs: number, more = "") => `
[program:worker]
command=sleep 1000
numprocs=${numprocs}
process_name=%(program_name)s_%(process_num)d
startsecs=0
${more}
`;
const web = (command = "sleep 1000", more = "") => `
[program:web]
command=${command}
startsecs=0
${more}
`;

const edit = (daemon: TestDaemon, text: string) => writeFileSync(daemon.config, configText(text));

async function update(daemon: TestDaemon, ...words: string[]) {
  const { code, stdout, stderr } = await daemon.ctl("update", ...words);
  expect(stderr).toBe("");
  return { code, lines: stdout.replaceAll(daemon.dir, "DIR").trimEnd().split("\n") };
}

test("of a changed numprocs only the difference comes or goes", async () => {
  const daemon = await startDaemon(worker(3) + web());
  await daemon.state("web", "RUNNING");
  const before = await pidsOf(daemon);
  edit(daemon, worker(5) + web());
  expect(await update(daemon, "--plan")).toEqual({
    code: 2,
    lines: [
      "worker:worker_3  start",
      "    numprocs=5 (was 3), DIR/drover.conf:18",
      "worker:worker_4  start",
      "    numprocs=5 (was 3), DIR/drover.conf:18",
    ],
  });
  expect(await pidsOf(daemon)).toEqual(before);
  expect((await daemon.ctl("reread")).stdout).toBe("worker: changed\n");
  expect(await update(daemon)).toEqual({ code: 0, lines: ["worker: updated process group"] });
  const more = await pidsOf(daemon);
  expect(more).toMatchObject(before);
  expect(Object.keys(more)).toHaveLength(6);
  expect(await update(daemon, "--plan")).toEqual({ code: 0, lines: ["nothing to do"] });
  edit(daemon, worker(1) + web());
  expect((await update(daemon, "--plan")).lines.filter((line) => !line.startsWith(" "))).toEqual(
    [4, 3, 2, 1].map((number) => `worker:worker_${number}  stop`),
  );
  expect((await update(daemon)).lines).toEqual([
    "worker: stopped",
    "worker: updated process group",
  ]);
  const { web: webPid, worker_0 } = before;
  expect(await pidsOf(daemon)).toEqual({ web: webPid, worker_0 });
  expect([3, 4].map((number) => isAlive(more[`worker_${number}`] ?? 0))).toEqual([false, false]);
});

test("what is taken over live restarts nobody, and counts from then on", async () => {
  const log = "stdout_logfile=%(here)s/w.log";
  const daemon = await startDaemon(worker(2, log));
  const before = await pidsOf(daemon);
  edit(daemon, worker(2, `${log}\nautorestart=false\nlog_mode=0600\npriority=5`));
  const { lines } = await update(daemon, "--plan");
  expect(lines.slice(0, 4)).toEqual([
    "worker:worker_0  change",
    "    priority=5 (was not set), DIR/drover.conf:24",
    "    autorestart=false (was not set), DIR/drover.conf:22",
    "    log_mode=0600 (was not set), DIR/drover.conf:23",
  ]);
  expect((await update(daemon)).lines).toEqual(["worker: updated process group"]);
  expect(await pidsOf(daemon)).toEqual(before);
  process.kill(before.worker_0 ?? 0, "SIGKILL");
  await daemon.state("worker:worker_0", "EXITED");
  await daemon.ctl("clear", "worker:worker_1");
  expect(statSync(path.join(daemon.dir, "w.log")).mode & 0o777).toBe(0o600);
  expect(await update(daemon, "--plan")).toMatchObject({ code: 0 });
  const { stdout } = await daemon.ctl("why", "worker:worker_1");
  expect(stdout).toContain("autorestart=false");
});

test("who must be restarted is, and others in its group are not", async () => {
  const group = "[group:shop]\nprograms=web,worker\n";
  const daemon = await startDaemon(group + web() + worker(2));
  const before = await pidsOf(daemon);
  const other = web("sleep 1001") + worker(2);
  edit(daemon, group + other);
  expect((await update(daemon, "--plan")).lines).toEqual([
    "shop:web  restart",
    "    command=sleep 1001 (was sleep 1000), DIR/drover.conf:19",
  ]);
  expect((await update(daemon, "nosuch")).lines).toEqual(["ERROR: no such group: nosuch"]);
  expect((await update(daemon, "shop")).lines).toEqual([
    "shop: stopped",
    "shop: updated process group",
  ]);
  const { web: webPid, ...workers } = await pidsOf(daemon);
  expect(webPid).not.toBe(before.web);
  expect(before).toMatchObject(workers);
  // What somebody has stopped stays so, unless it must be made anew.
  await daemon.ctl("stop", "shop:worker_1");
  edit(daemon, group + web("sleep 1001", "autorestart=true") + worker(2));
  await update(daemon);
  expect(await pidsOf(daemon)).toEqual({ web: webPid, worker_0: before.worker_0 });
});

test("a broken file changes nothing and names the line, and two updates at once do no harm", async () => {
  const daemon = await startDaemon(worker(2));
  const before = await pidsOf(daemon);
  edit(daemon, worker(2, "startsecs=soon"));
  for (const words of [[], ["--plan"]]) {
    const { code, stdout } = await daemon.ctl("update", ...words);
    expect(code).toBe(1);
    expect(stdout).toContain("drover.conf:21 [program:worker] startsecs: expected whole seconds");
  }
  expect(await pidsOf(daemon)).toEqual(before);
  edit(daemon, worker(4, "stopwaitsecs=1"));
  const both = await Promise.all([daemon.ctl("update"), daemon.ctl("update")]);
  expect(both.map(({ code }) => code)).toContain(0);
  expect(Object.keys(await pidsOf(daemon))).toHaveLength(4);
  expect(await pidsOf(daemon)).toMatchObject(before);
});

test.runIf(available("python3"))("a pool of listeners is taken over as a whole", async () => {
  const listener = (events: string) => `
[eventlistener:ears]
command=python3 -c "import sys; print('READY', flush=True); sys.stdin.read()"
events=${events}
startsecs=0
`;
  const daemon = await startDaemon(listener("TICK_60") + web());
  const before = await pidsOf(daemon);
  edit(daemon, listener("TICK_5") + web());
  expect((await update(daemon)).lines).toEqual(["ears: stopped", "ears: updated process group"]);
  const after = await pidsOf(daemon);
  expect(after.web).toBe(before.web);
  expect(after.ears).not.toBe(before.ears);
});

const ready = available("supervisord") && available("supervisorctl");

test.runIf(ready)(
  "the same edits end as the real supervisord's update does",
  async () => {
    const stories = [
      worker(3) + web(),
      worker(5) + web(),
      worker(2) + web("sleep 1001"),
      `${web("sleep 1001")}[program:new]\ncommand=sleep 1000\nstartsecs=0\n`,
      `[group:g]\nprograms=web,new\n${web()}[program:new]\ncommand=sleep 1000\nstartsecs=0\n`,
    ];
    const [first = "", ...others] = stories;
    const peer = await startSupervisord(first);
    const daemon = await startDaemon(first);
    const states = (text: string) => text.replaceAll(/pid \d+, uptime .*/g, "");
    for (const story of others) {
      edit(daemon, story);
      writeFileSync(peer.config, configText(story).replace(/^rundir=.*\n/m, ""));
      const reread = await supervisorctl(peer.config, "reread");
      expect((await daemon.ctl("reread")).stdout).toBe(reread.stdout);
      expect((await supervisorctl(peer.config, "update")).code).toBe(0);
      expect((await daemon.ctl("update")).code).toBe(0);
      const theirs = async () => states((await supervisorctl(peer.config, "status")).stdout);
      await eventually("all are up", async () => !/STARTING|STOPPED/.test(await theirs()));
      const mine = await run("supervisorctl", ["-c", daemon.config, "status"]);
      expect(states(mine.stdout)).toBe(await theirs());
    }
  },
  60_000,
);
