import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  configText,
  eventually,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";

/** A folder with an application in it. */
function makeApp(): { dir: string; write(name: string, text?: string): void } {
  const dir = tempDir();
  const write = (name: string, text = `${Math.random()}`) => {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  };
  write("app/src/main.js");
  return { dir, write };
}

const times = (daemon: TestDaemon, name: string): number =>
  daemon.log().split(`files of '${name}' have changed`).length - 1;

/** The pids of a program's copies, once all run that are not these. */
const fresh = (daemon: TestDaemon, count: number, old: readonly number[]): Promise<number[]> =>
  eventually("fresh ones", async () => {
    const running = (await daemon.all()).filter(({ statename }) => statename === "RUNNING");
    const pids = running.map(({ pid }) => pid);
    return pids.length === count && !pids.some((pid) => old.includes(pid)) ? pids : undefined;
  });

/** Changes something until it is seen: a folder is watched a moment after the daemon has started. */
async function untilSeen(daemon: TestDaemon, name: string, change: () => void): Promise<void> {
  const before = times(daemon, name);
  await eventually(
    "a change is seen",
    () => {
      if (times(daemon, name) > before) return true;
      change();
      return false;
    },
    20_000,
    300,
  );
}

const web = (more: string, command = "sleep 1000") =>
  `[program:web]\ncommand=${command}\nstartsecs=0\nwatch_debounce=200ms\n${more}\n`;

test("changed sources restart a program, a storm of them once, and what is ignored never", async () => {
  const { dir, write } = makeApp();
  const daemon = await startDaemon(
    web(`watch=app\ndirectory=${dir}\nnumprocs=2\nprocess_name=web_%(process_num)d`),
  );
  const first = await fresh(daemon, 2, []);
  await untilSeen(daemon, "web", () => write("app/src/main.js"));
  const second = await fresh(daemon, 2, first);
  // What came after the restart had begun may be a change of its own.
  await eventually("it is quiet", () => new Promise((done) => setTimeout(() => done(true), 500)));
  const settled = await fresh(daemon, 2, first);
  const before = times(daemon, "web");
  write("app/node_modules/x/index.js");
  write("app/.git/HEAD");
  write("app/src/debug.log");
  for (let number = 0; number < 200; number++) write(`app/src/${number}.js`);
  const third = await fresh(daemon, 2, settled);
  expect(times(daemon, "web")).toBe(before + 1);
  expect(daemon.log()).toMatch(/files of 'web' have changed: .*app\/src\/.* and \d+ more/);
  expect(daemon.log()).not.toMatch(/changed: .*(?:node_modules|\.git|debug\.log)/);
  expect(second).toHaveLength(2);
  // A folder that vanishes and comes back is watched again.
  rmSync(path.join(dir, "app"), { recursive: true });
  const fourth = await fresh(daemon, 2, third);
  await untilSeen(daemon, "web", () => write("app/src/main.js"));
  await fresh(daemon, 2, fourth);
}, 60_000);

test("a flipped symbolic link and a touched restart.txt are changes, and a stopped program stays so", async () => {
  const { dir, write } = makeApp();
  for (const release of ["r1", "r2", "r3"]) write(`releases/${release}/index.php`);
  const flip = (release: string) => {
    symlinkSync(`releases/${release}`, path.join(dir, "next"));
    renameSync(path.join(dir, "next"), path.join(dir, "current"));
  };
  flip("r1");
  const daemon = await startDaemon(web(`watch=current, tmp/restart.txt\ndirectory=${dir}`));
  const first = await fresh(daemon, 1, []);
  let turn = 0;
  await untilSeen(daemon, "web", () => flip(`r${2 + (turn++ % 2)}`));
  const second = await fresh(daemon, 1, first);
  await untilSeen(daemon, "web", () => write("tmp/restart.txt"));
  await fresh(daemon, 1, second);
  await daemon.ctl("stop", "web");
  await untilSeen(daemon, "web", () => flip(`r${2 + (turn++ % 2)}`));
  expect(await daemon.info("web")).toMatchObject({ statename: "STOPPED" });
});

test("what had failed is started when it was mended, a signal is sent, and none only tells", async () => {
  const { dir, write } = makeApp();
  write("app/run.sh", "exit 3\n");
  write("conf/app.conf");
  const hup = `bash -c 'trap "echo hup >> ${dir}/hups" HUP; while :; do sleep 0.05; done'`;
  const daemon = await startDaemon(`
[program:broken]
command=sh app/run.sh
directory=${dir}
startsecs=1
startretries=0
watch=app
watch_debounce=100ms
[program:reader]
command=${hup}
startsecs=0
watch=${dir}/conf
watch_action=signal:HUP
watch_debounce=100ms
[program:told]
command=sleep 1000
startsecs=0
watch=${dir}/conf
watch_action=none
watch_debounce=100ms
`);
  await daemon.state("broken", "FATAL");
  const { pid } = await daemon.state("told", "RUNNING");
  await untilSeen(daemon, "broken", () => write("app/run.sh", "exec sleep 1000\n"));
  await daemon.state("broken", "RUNNING");
  await untilSeen(daemon, "told", () => write("conf/app.conf"));
  await untilSeen(daemon, "reader", () => write("conf/app.conf"));
  await eventually("the signal", () => daemon.log().includes("sending reader"));
  expect((await daemon.info("told")).pid).toBe(pid);
  const { stdout } = await daemon.ctl("events", "WATCH", "--json", "--after", "0");
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "WATCH_CHANGED",
      program: "told",
      file: `${dir}/conf/app.conf`,
    }),
  );
  // An edit of the configuration takes watches over, too.
  writeFileSync(daemon.config, configText("[program:told]\ncommand=sleep 1000\nstartsecs=0\n"));
  expect((await daemon.ctl("update")).code).toBe(0);
  expect((await daemon.info("told")).pid).toBe(pid);
});

test("watch_config= plans or takes over an edit of the configuration, and a broken one changes nothing", async () => {
  const program = (name: string, command = "sleep 1000") =>
    `[program:${name}]\ncommand=${command}\nstartsecs=0\n`;
  for (const mode of ["plan", "update"]) {
    const settings = `watch_config=${mode}`;
    const included = "[include]\nfiles=conf.d/*.ini\n";
    const dir = tempDir();
    mkdirSync(path.join(dir, "conf.d"));
    const daemon = await startDaemon(program("a") + included, settings, { dir });
    const { pid } = await daemon.state("a", "RUNNING");
    const extra = path.join(dir, "conf.d/b.ini");
    writeFileSync(extra, program("b"));
    await eventually("b is seen", () => /has changed.* start b:b/.test(daemon.log()));
    if (mode === "plan") {
      expect((await daemon.all()).map(({ name }) => name)).toEqual(["a"]);
      continue;
    }
    await daemon.state("b", "RUNNING");
    writeFileSync(extra, "[program:b]\ncommand=sleep 1\nstartsecs=soon\n");
    await eventually("what is wrong", () =>
      /is not taken over: .*b\.ini:3 \[program:b\] startsecs/.test(daemon.log()),
    );
    expect(await daemon.info("b")).toMatchObject({ statename: "RUNNING" });
    rmSync(extra);
    await eventually("b is gone", async () => (await daemon.all()).length === 1);
    writeFileSync(daemon.config, configText(program("a") + program("c") + included, settings));
    await eventually("c is there", async () => (await daemon.all()).length === 2);
    expect(await daemon.info("a")).toMatchObject({ pid });
  }
});
