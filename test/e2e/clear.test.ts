/** Logs that are begun anew by a call, beside the real supervisord. */

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { droverctl, eventually, run, startDaemon, tempDir } from "../support/daemon.ts";
import { available, startSupervisord, supervisorctl } from "../support/peers.ts";
import { isRoot } from "../support/rights.ts";

const LONG = { timeout: 60_000 };

/** A folder of the test's own, with another one in it. */
function folder(): string {
  const dir = tempDir();
  mkdirSync(path.join(dir, "folder"));
  return dir;
}

const programs = `
[program:talker]
command=sh -c 'echo hello; echo oops >&2; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/talker.log
stderr_logfile=%(here)s/talker.err
[program:gone]
command=sh -c 'echo hello'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/gone.log
[program:homeless]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/folder/homeless.log
[group:all]
programs=homeless
`;

const peer = available("supervisord");

describe("clear", LONG, () => {
  const names = ["talker.log", "talker.err", "gone.log", "talker.log.1"];
  const prepare = async (dir: string, status: () => Promise<string>) => {
    await eventually("the words", async () => {
      const said = names
        .slice(0, 3)
        .map((name) => statSync(path.join(dir, name), { throwIfNoEntry: false })?.size);
      return said.every(Boolean) && /gone +EXITED/.test(await status());
    });
    writeFileSync(path.join(dir, "talker.log.1"), "earlier\n");
    rmSync(path.join(dir, "folder"), { recursive: true });
  };
  const all = (dir: string) => names.map((name) => readFileSync(path.join(dir, name), "utf8"));
  const lines = [
    ...[["gone"], ["talker"], ["talker:*"], ["nope"], ["all:homeless", "gone"], []],
    ...[["all"], ["talker", "all"]],
  ].map((words) => ["clear", ...words]);

  const drover = async () => {
    const daemon = await startDaemon(programs, "", { dir: folder() });
    await prepare(daemon.dir, async () => (await daemon.ctl("status")).stdout);
    return daemon;
  };

  test("empties the logs of what runs, and leaves its backups", async () => {
    const daemon = await drover();
    const { ino } = statSync(path.join(daemon.dir, "talker.log"));
    expect(await daemon.client.call("supervisor.clearProcessLogs", { name: "talker" })).toBe(true);
    expect(all(daemon.dir)).toEqual(["", "", "hello\n", "earlier\n"]);
    expect(statSync(path.join(daemon.dir, "talker.log")).ino).not.toBe(ino);
  });

  test.runIf(peer).each([
    [
      "droverctl",
      (config: string, words: readonly string[]) =>
        run(process.execPath, [droverctl, "-c", config, ...words]),
    ],
    [
      "supervisorctl",
      (config: string, words: readonly string[]) => supervisorctl(config, ...words),
    ],
  ])("answers through %s as supervisord does, and leaves the same", async (_, ctl) => {
    const [mine, theirs] = await Promise.all([drover(), startSupervisord(programs, folder())]);
    await prepare(theirs.dir, async () => (await supervisorctl(theirs.config, "status")).stdout);
    for (const words of lines) {
      const [ours, wanted] = await Promise.all([
        ctl(mine.config, words),
        supervisorctl(theirs.config, ...words),
      ]);
      expect([words, ours.code, ours.stdout]).toEqual([words, wanted.code, wanted.stdout]);
      expect([words, all(mine.dir)]).toEqual([words, all(theirs.dir)]);
    }
  });
});

describe("clearLog", LONG, () => {
  test("begins the daemon's log anew, and says that there is none", async () => {
    const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
    await daemon.state("a", "RUNNING");
    writeFileSync(path.join(daemon.dir, "droverd.log.1"), "earlier\n");
    expect(daemon.log()).toContain("spawned: 'a'");
    expect(await daemon.client.call("supervisor.clearLog", {})).toBe(true);
    expect(daemon.log()).toBe("");
    await daemon.client.call("supervisor.stopProcess", { name: "a", wait: true });
    expect(daemon.log()).toContain("INFO waiting for a to stop\n");
    expect(daemon.log()).not.toContain("spawned: 'a'");
    expect(daemon.file("droverd.log.1")).toBe("earlier\n");
    rmSync(path.join(daemon.dir, "droverd.log"));
    await expect(daemon.client.call("supervisor.clearLog", {})).rejects.toMatchObject({
      fault: "NO_FILE",
      message: "NO_FILE",
    });
  });
});

test.runIf(isRoot)("what is no regular file is never removed", LONG, async () => {
  const daemon = await startDaemon(`
[program:a]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=/dev/null
stdout_logfile_maxbytes=0
`);
  await daemon.state("a", "RUNNING");
  expect(await daemon.client.call("supervisor.clearProcessLogs", { name: "a" })).toBe(true);
  expect(existsSync("/dev/null")).toBe(true);
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("a log that cannot be made anew is told, and made when it can be", LONG, async () => {
  const daemon = await startDaemon(
    `
[program:homeless]
command=sh -c 'while read x; do echo $x; done'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/folder/homeless.log
`,
    "",
    { dir: folder() },
  );
  await daemon.state("homeless", "RUNNING");
  rmSync(path.join(daemon.dir, "folder"), { recursive: true });
  await expect(
    daemon.client.call("supervisor.clearProcessLogs", { name: "homeless" }),
  ).rejects.toMatchObject({ fault: "FAILED", message: "FAILED: homeless" });
});
