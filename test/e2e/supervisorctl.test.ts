import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/ctl/commands.ts";
import { droverctl, eventually, type Finished, startDaemon } from "../support/daemon.ts";
import { available, startSupervisord, supervisorctl } from "../support/peers.ts";

/** A fleet with a process in every state that lasts. */
const programs = `
[program:cat]
command=cat
startsecs=0
[program:chatty]
command=sh -c 'seq 1 400; echo oops >&2; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/chatty.log
stderr_logfile=%(here)s/chatty.err
[program:down]
command=sleep 1000
autostart=false
startsecs=0
[program:silent]
command=sleep 1000
startsecs=0
stdout_logfile=NONE
[program:missing]
command=/nonexistent/program
startretries=0
[program:plain]
command=/etc/passwd
startretries=0
[program:quitter]
command=sh -c 'exit 3'
startretries=0
[program:done]
command=sh -c 'sleep 0.1'
startsecs=0
autorestart=false
[group:pair]
programs=left,right
[program:left]
command=sleep 1000
startsecs=0
[program:right]
command=sleep 1000
startsecs=0
[program:worker]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=3
startsecs=0
`;

/** The members of a group answer in the order in which they are done: any order is right. */
const inAnyOrder = (words: readonly string[], stdout: string): string =>
  words.some((word) => /:\*?$/.test(word)) ? stdout.split("\n").sort().join("\n") : stdout;

/** What differs from run to run: pids, times, folders. */
const normal = (words: readonly string[], { code, stdout, stderr }: Finished, dir: string) => ({
  words,
  code,
  stderr: stderr.replaceAll(dir, "DIR"),
  stdout: inAnyOrder(words, stdout)
    .replaceAll(dir, "DIR")
    .replaceAll(/pid \d+, uptime \d+:\d\d:\d\d/g, "pid N, uptime T")
    .replaceAll(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, "DATE")
    .replaceAll(/^[1-9]\d*$/gm, "PID"),
});

const settled = (status: string): boolean =>
  !/STARTING|BACKOFF|STOPPING/.test(status) && /EXITED/.test(status);

/** Every command of this client that drover answers, and the mistakes people make with it. */
const script: readonly (readonly string[])[] = [
  ["status"],
  ["status", "cat", "worker:*", "pair:left", "nosuch", "no:such", "no:*"],
  ["status", "cat"],
  ["status", "down"],
  ["pid"],
  ["pid", "all"],
  ["pid", "cat", "down"],
  ["pid", "nosuch"],
  ["start", "cat"],
  ["start", "down"],
  ["start", "missing", "plain", "quitter", "nosuch", "no:*", "worker"],
  ["start"],
  ["stop", "down", "cat", "nosuch"],
  ["stop", "no:*"],
  ["stop"],
  ["stop", "pair:*"],
  ["start", "pair:left", "pair:right"],
  ["start", "worker:*"],
  ["restart", "cat:cat"],
  ["restart", "cat", "nosuch"],
  ["restart"],
  ["stop", "pair:"],
  ["restart", "pair:left"],
  ["tail", "chatty"],
  ["tail", "-30", "chatty"],
  ["tail", "-0", "chatty"],
  ["tail", "chatty", "stderr"],
  ["tail", "chatty", "STDOUT"],
  ["tail", "chatty", "stdfoo"],
  ["tail", "-x", "chatty"],
  ["tail", "-f"],
  ["tail", "silent"],
  ["tail", "nosuch"],
  ["tail", "a", "b", "c", "d"],
  ["tail"],
  ["tail", "-f", "nosuch"],
  ["status", "done"],
  ["nonsense"],
  ["version", "x"],
  ["shutdown", "x"],
  ["shutdown"],
];

/** The same once the server is gone. */
const afterwards: readonly (readonly string[])[] = [
  ["status"],
  ["pid"],
  ["start", "cat"],
  ["version"],
  ["shutdown"],
];

type Asked = (words: readonly string[]) => Promise<void>;

/** Asks everything on two servers that have settled, and the rest once both are gone. */
async function askEverything(configs: readonly string[], ask: Asked): Promise<void> {
  for (const config of configs) {
    await eventually("everything has settled", async () =>
      settled((await supervisorctl(config, "status")).stdout),
    );
  }
  for (const words of script) await ask(words);
  for (const config of configs) {
    await eventually(
      "the server is gone",
      () => !existsSync(path.join(path.dirname(config), "d.sock")),
    );
  }
  for (const words of afterwards) await ask(words);
}

/** Follows `noisy` until it has said `last`, then presses Ctrl-C. */
async function followUntil(last: string, program: string, config: string) {
  const child = spawn(program, ["-c", config, "tail", "-f", "noisy"]);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  await eventually(`${program} has shown it`, () => stdout.endsWith(last));
  // supervisorctl ends in other ways at a Ctrl-C while it is still busy with what it has shown.
  const status = `/proc/${child.pid}/status`;
  await eventually("it waits for more", () => readFileSync(status, "utf8").includes("(sleeping)"));
  child.kill("SIGINT");
  return { code: await ended, stdout };
}

const ready = available("supervisord") && available("supervisorctl");

describe.runIf(ready)("beside the real supervisord", () => {
  test("the real supervisorctl reads and controls drover as it does supervisord", async () => {
    const peer = await startSupervisord(programs);
    const ours = await startDaemon(programs);
    await askEverything([peer.config, ours.config], async (words) => {
      const [theirs, mine] = await Promise.all([
        supervisorctl(peer.config, ...words),
        supervisorctl(ours.config, ...words),
      ]);
      expect(normal(words, mine, ours.dir)).toEqual(normal(words, theirs, peer.dir));
    });
  }, 180_000);

  test("droverctl answers as supervisorctl does, with the same exit codes", async () => {
    const peer = await startSupervisord(programs);
    const ours = await startDaemon(programs);
    await askEverything([peer.config, ours.config], async (words) => {
      const [theirs, mine] = await Promise.all([
        supervisorctl(peer.config, ...words),
        ours.ctl(...words),
      ]);
      // Beside the same answer droverctl says on stderr what to do about a server that is not there.
      const expected = normal(words, theirs, peer.dir);
      const stderr = expected.stderr === "" ? expect.any(String) : expected.stderr;
      expect(normal(words, mine, ours.dir)).toEqual({ ...expected, stderr });
    });
  }, 180_000);

  test("tail -f shows the same, and ends at Ctrl-C", async () => {
    const noisy = `
[program:noisy]
command=sh -c 'seq 1 300; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/noisy.log
`;
    const peer = await startSupervisord(noisy);
    const ours = await startDaemon(noisy);
    for (const { config } of [peer, ours]) {
      await eventually("its output", async () =>
        (await supervisorctl(config, "tail", "noisy")).stdout.includes("300\n"),
      );
    }
    const [theirs, mine, own] = await Promise.all([
      followUntil("300\n", "supervisorctl", peer.config),
      followUntil("300\n", "supervisorctl", ours.config),
      followUntil("300\n", droverctl, ours.config),
    ]);
    expect(mine).toEqual(theirs);
    expect(own).toEqual(theirs);
    expect(theirs.stdout).toContain("==> Press Ctrl-C to exit <==\n");
    expect(theirs.stdout).toContain("299\n300\n");
  });

  test("help says the same about every command that both have", async () => {
    const ours = await startDaemon("");
    for (const name of Object.keys(commands)) {
      if (name === "logs") continue; // only drover has it
      const mine = await ours.ctl("help", name);
      const theirs = await supervisorctl(ours.config, "help", name);
      // What drover adds to a command comes after what both have.
      if (["reload", "tail"].includes(name)) expect(mine.stdout).toMatch(theirs.stdout);
      else expect(mine.stdout).toBe(theirs.stdout);
    }
    const unknown = ["help", "no", "such"];
    expect(await ours.ctl(...unknown)).toEqual(await supervisorctl(ours.config, ...unknown));
  }, 60_000);
});
