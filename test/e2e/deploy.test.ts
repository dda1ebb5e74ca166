import { spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EventRecord } from "../../src/events/json.ts";
import { linesOf } from "../../src/rpc/lines.ts";
import { droverctl, eventually, root, startDaemon, tempDir } from "../support/daemon.ts";

const WORKERS = 20;
const spoolWorker = path.join(root, "dist/examples/spool-worker.js");

/** The script of README.md, as it is written there. */
function deployScript(): string {
  const page = readFileSync(path.join(root, "README.md"), "utf8");
  const [, script] = /```sh\n(#!\/bin\/sh\n# deploy\.sh.*?)```/s.exec(page) ?? [];
  if (script === undefined) throw new Error("README.md has no deploy.sh");
  return script;
}

test("five releases under load, one of them broken: no job is lost or done twice, and 19 of 20 always run", async () => {
  const dir = tempDir();
  const spool = path.join(dir, "spool");
  mkdirSync(path.join(spool, "ready"), { recursive: true });
  const release = (name: string, script: string) => {
    mkdirSync(path.join(dir, "releases", name), { recursive: true });
    writeFileSync(path.join(dir, "releases", name, "worker.sh"), script);
  };
  const works = `exec ${process.execPath} ${spoolWorker} "$@"\n`;
  for (const name of ["r0", "r1", "r2", "r4", "r5"]) release(name, works);
  release("r3", 'echo "cannot find the database" >&2\nexit 3\n');
  symlinkSync("releases/r0", path.join(dir, "current"));
  writeFileSync(path.join(dir, "deploy.sh"), deployScript());

  const daemon = await startDaemon(
    `
[program:worker]
command=sh current/worker.sh ${spool} %(process_num)d
directory=${dir}
numprocs=${WORKERS}
process_name=%(program_name)s_%(process_num)d
startsecs=0
autorestart=false
stopwaitsecs=60
redirect_stderr=true
stdout_logfile=%(here)s/workers.log
rollout_settle=100ms
rollout_surge=1
rollout_parallel=2
`,
    "",
    { dir },
  );
  // `droverctl` of the script is this one, on this daemon.
  const bin = path.join(dir, "bin");
  mkdirSync(bin);
  const words = [process.execPath, droverctl, "-c", daemon.config].join(" ");
  writeFileSync(path.join(bin, "droverctl"), `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(path.join(bin, "droverctl"), 0o755);
  await eventually("all are up", async () => {
    const all = await daemon.all();
    return all.filter(({ statename }) => statename === "RUNNING").length === WORKERS;
  });

  // How many run, by what the daemon itself tells of each change.
  let running = WORKERS;
  let fewest = WORKERS;
  const over = new AbortController();
  const counting = (async () => {
    const query = { types: "PROCESS_STATE" };
    for await (const line of linesOf(daemon.client.events(query, () => undefined, over.signal))) {
      const { type, from } = JSON.parse(line) as EventRecord;
      if (type === "PROCESS_STATE_RUNNING") running++;
      else if (from === "RUNNING") running--;
      fewest = Math.min(fewest, running);
    }
  })();

  let jobs = 0;
  const loading = setInterval(() => {
    for (let more = 0; more < 3; more++) {
      const name = `job-${jobs++}`;
      writeFileSync(path.join(spool, `.${name}`), `${name}\n`.repeat(100));
      utimesSync(path.join(spool, `.${name}`), 1, 1);
      renameSync(path.join(spool, `.${name}`), path.join(spool, "ready", name));
    }
  }, 50);
  onTestFinished(() => clearInterval(loading));

  const deploy = (name: string) =>
    new Promise<{ code: number | null; text: string }>((resolve) => {
      const env = { ...process.env, APP: dir, PATH: `${bin}:${process.env.PATH}` };
      const child = spawn("sh", [path.join(dir, "deploy.sh"), name], { env });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk) => {
          text += chunk;
        });
      }
      child.on("close", (code) => resolve({ code, text }));
    });

  for (const name of ["r1", "r2"]) expect((await deploy(name)).code).toBe(0);
  const broken = await deploy("r3");
  expect(broken.code).toBe(1);
  expect(broken.text).toContain("worker: rollout failed, 0 of 20 replaced");
  expect(broken.text).toContain("exit status 3");
  expect(broken.text).toContain("    cannot find the database");
  // The script went back, and took the one that had failed along.
  expect(broken.text).toContain("worker: rollout done, 20 of 20 replaced");
  for (const name of ["r4", "r5"]) expect((await deploy(name)).code).toBe(0);
  clearInterval(loading);

  const doneIn = () =>
    readdirSync(path.join(spool, "done")).filter((name) => /^job-\d+$/.test(name));
  await eventually("all jobs are done", () => doneIn().length === jobs, 60_000, 100);
  expect(fewest).toBeGreaterThanOrEqual(WORKERS - 1);
  over.abort();
  await counting;
  const log = daemon.file("workers.log").split("\n");
  const done = log.flatMap((line) => /^done (job-\d+):/.exec(line)?.[1] ?? []);
  expect(done).toHaveLength(jobs);
  expect(new Set(done).size).toBe(jobs);
}, 180_000);
