import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually, isAlive, launch, root, startDaemon, tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

/** What `npm start` runs, in a folder of the test's own. */
async function startShipped() {
  const dir = tempDir();
  cpSync(path.join(root, "conf.d"), path.join(dir, "conf.d"), { recursive: true });
  for (const name of ["dist", "node_modules", "package.json"]) {
    symlinkSync(path.join(root, name), path.join(dir, name));
  }
  mkdirSync(path.join(dir, "run"), { mode: 0o700 });
  const daemon = await launch(path.join(dir, "run"), path.join(dir, "conf.d/drover.conf"), {
    socketName: "drover.sock",
  });
  return { daemon, run: path.join(dir, "run") };
}

test("the fleet that is shipped works through its spool and stops without losing a job", async () => {
  const { daemon, run } = await startShipped();
  for (const worker of [0, 1, 2]) await daemon.state(`spool:spool_${worker}`, "RUNNING");
  await daemon.state("oneshot", "EXITED");
  await eventually(
    "the workers wait",
    () => daemon.file("spool.log").match(/waiting/g)?.length === 3,
  );
  copyFileSync(path.join(root, "LICENSE"), path.join(run, "spool/ready/LICENSE"));
  writeFileSync(path.join(run, "spool/ready/bad"), Buffer.of(1, 0, 2));
  await eventually("its line", () => daemon.file("spool.log").includes("done LICENSE: 21 lines"));
  await eventually("the bad one's", () => daemon.file("spool.log").includes("buried bad: "));
  expect(readdirSync(path.join(run, "spool/done")).sort()).toEqual([
    "LICENSE",
    "LICENSE.gz",
    "LICENSE.json",
  ]);
  expect(readdirSync(path.join(run, "spool/buried")).sort()).toEqual(["bad", "bad.error"]);
  await daemon.state("crasher", "FATAL");
  const pids = (await daemon.all()).map(({ pid }) => pid).filter((pid) => pid > 0);
  expect(pids).toHaveLength(3);
  expect(await daemon.stop()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(path.join(run, "drover.sock"))).toBe(false);
  expect(daemon.log().match(/INFO stopped: spool_\d \(exit status 0\)/g)).toHaveLength(3);
});

test.runIf(available("php"))("ten php workers on one log, configured as people do", async () => {
  const dir = tempDir();
  const script = path.join(dir, "worker.php");
  writeFileSync(
    script,
    `<?php
for ($i = 1; $i <= 500; $i++) { echo "worker {$argv[1]} line $i of 500\\n"; if ($i % 100 == 0) fwrite(STDERR, "worker {$argv[1]} error $i\\n"); }
sleep(1000);
`,
  );
  const daemon = await startDaemon(`
[program:worker]
command=php ${script} %(process_num)d
process_name=%(program_name)s_%(process_num)d
numprocs=10
numprocs_start=0
autostart=true
autorestart=true
redirect_stderr=true
stdout_logfile=${dir}/%(program_name)s.log
stdout_logfile_backups=3
stdout_capture_maxbytes=512MB
`);
  for (let worker = 0; worker < 10; worker++)
    await daemon.state(`worker:worker_${worker}`, "RUNNING");
  const lines = await eventually("all lines", () => {
    const seen = readFileSync(path.join(dir, "worker.log"), "utf8").trimEnd().split("\n");
    return seen.length === 10 * 505 ? seen : undefined;
  });
  expect(lines.filter((line) => !/^worker \d (line \d+ of 500|error \d00)$/.test(line))).toEqual(
    [],
  );
  expect(new Set(lines).size).toBe(10 * 505);
  expect(readdirSync(dir).sort()).toEqual(["worker.log", "worker.php"]);
});

test.runIf(process.getuid?.() === 0)(
  "user= runs a program as that user, with its groups and its /dev/stdout",
  async () => {
    const daemon = await startDaemon(`
[program:who]
command=sh -c 'id -un > /dev/stdout; id -G; ls -ln /dev/stdin -L | cut -d" " -f4'
user=www-data
umask=027
startsecs=0
autorestart=false
stdout_logfile=%(here)s/who.log
`);
    chmodSync(daemon.dir, 0o755);
    await daemon.state("who", "EXITED");
    expect(daemon.file("who.log")).toBe("www-data\n33\n33\n");
  },
);

test("a child sees its own name, its environment and nothing of the daemon's descriptors", async () => {
  const daemon = await startDaemon(
    `
[program:env]
command=sh -c 'env; umask; pwd; ls -l /proc/self/fd'
process_name=%(program_name)s_%(process_num)02d
environment=MINE="a, b",PATH="/usr/bin:/bin",SUM="%(ENV_GLOBAL)s%%"
directory=/usr
umask=027
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/env.log
`,
    'environment=GLOBAL="from above"',
  );
  await daemon.state("env:env_00", "EXITED");
  const lines = daemon.file("env.log").trimEnd().split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "SUPERVISOR_ENABLED=1",
      `SUPERVISOR_SERVER_URL=unix://${daemon.socket}`,
      "SUPERVISOR_PROCESS_NAME=env_00",
      "SUPERVISOR_GROUP_NAME=env",
      "MINE=a, b",
      "PATH=/usr/bin:/bin",
      "GLOBAL=from above",
      "SUM=from above%",
    ]),
  );
  const at = lines.indexOf("0027");
  expect(lines[at + 1]).toBe("/usr");
  // Descriptors that whoever started the daemon leaked into it are not the daemon's to know.
  const ours = lines
    .slice(at + 2)
    .filter((line) => line.includes(daemon.dir) || /anon_inode|socket:/.test(line));
  expect(ours.map((line) => line.replace(/.* (\d+) -> .*[.:]/, "$1 "))).toEqual([
    "0 stdin",
    "1 stdout",
    "2 stdout",
  ]);
});
