/** The real logrotate on the logs of a daemon that runs. */

import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { eventually, run, startDaemon, type TestDaemon, tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

const LONG = { timeout: 60_000 };

/** Rotates now, whatever the time. */
async function logrotate(daemon: TestDaemon, rules: string): Promise<void> {
  const config = path.join(daemon.dir, "logrotate.conf");
  writeFileSync(config, `${daemon.dir}/*.log {\n  rotate 9\n  ${rules}\n}\n`);
  chmodSync(config, 0o600);
  const state = path.join(daemon.dir, "logrotate.state");
  const { code, stderr } = await run("logrotate", ["--force", "--state", state, config]);
  expect([code, stderr]).toEqual([0, ""]);
}

const whole = (daemon: TestDaemon, base: string): string =>
  readdirSync(daemon.dir)
    .filter((name) => name === base || name.startsWith(`${base}.`))
    .sort()
    .toReversed()
    .map((name) => daemon.file(name))
    .join("");

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}\n`).join("");

describe.runIf(available("logrotate"))("logrotate", LONG, () => {
  test("with create and SIGUSR2 loses no line of a program that goes on writing", async () => {
    const dir = tempDir();
    const daemon = await startDaemon(
      `
[program:writer]
command=sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; [ $((i %% 20)) = 0 ] && sleep 0.02; done; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/writer.log
stdout_logfile_maxbytes=0
`,
      "logfile_maxbytes=0",
      { dir },
    );
    const rules = `create 0640\n  sharedscripts\n  postrotate\n    kill -USR2 ${daemon.pid}\n  endscript`;
    for (const last of [300, 900, 1_500]) {
      await eventually(`line ${last}`, () => daemon.file("writer.log").includes(`line ${last}\n`));
      const { ino } = statSync(path.join(dir, "writer.log"));
      await logrotate(daemon, rules);
      expect(statSync(path.join(dir, "writer.log")).ino).not.toBe(ino);
      const more = () => daemon.file("writer.log").length > 0;
      await eventually("the new file is written to", more);
    }
    await eventually("the end", () => daemon.file("writer.log").endsWith("line 3000\n"));
    expect(whole(daemon, "writer.log")).toBe(lines(1, 3_000));
    for (const name of ["writer.log.1", "writer.log.2", "writer.log.3"]) {
      expect(daemon.file(name)).not.toBe("");
    }
    expect(statSync(path.join(dir, "writer.log")).mode & 0o777).toBe(0o640);
    // The daemon's own log was moved and made anew in the same way.
    expect(whole(daemon, "droverd.log").match(/indicating log reopen request/g)).toHaveLength(3);
    expect(daemon.log()).not.toContain("supervisord started with pid");
  });

  test("with copytruncate leaves sizes right: no hole in the file, and rotations when they are due", async () => {
    const daemon = await startDaemon(`
[program:echo]
command=cat
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/echo.log
stdout_logfile_maxbytes=1000
`);
    await daemon.state("echo", "RUNNING");
    const log = path.join(daemon.dir, "echo.log");
    const say = async (from: number, to: number) => {
      const chars = lines(from, to);
      await daemon.client.call("supervisor.sendProcessStdin", { name: "echo", chars });
      await eventually("it has said so", () => whole(daemon, "echo.log").includes(`line ${to}\n`));
    };
    await say(1, 90);
    // The writer is idle: what comes between logrotate's copy and its cut, logrotate loses.
    await logrotate(daemon, "copytruncate");
    expect(statSync(log).size).toBe(0);
    await say(91, 100);
    expect(readFileSync(log, "utf8")).toBe(lines(91, 100));
    expect(daemon.file("echo.log.1")).toBe(lines(1, 90));
    expect(whole(daemon, "echo.log")).toBe(lines(1, 100));
    // What was cut away does not count: it is rotated when the file itself has its size.
    await say(101, 170);
    expect(readFileSync(log, "utf8")).toBe(lines(91, 170));
    await say(171, 210);
    await vi.waitFor(() => {
      expect(readFileSync(log, "utf8")).toBe("");
      expect(daemon.file("echo.log.1")).toBe(lines(91, 210));
      expect(daemon.file("echo.log.2")).toBe(lines(1, 90));
    }, 5_000);
    expect(whole(daemon, "echo.log")).not.toContain("\0");
  });
});
