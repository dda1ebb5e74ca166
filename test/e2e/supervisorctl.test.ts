import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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
    // Each in its own words what is wrong with the configuration.
    .replace(/^(error|ERROR): .*CANT_REREAD: [\s\S]*/m, "$1: CANT_REREAD")
    .replaceAll(/pid \d+, uptime \d+:\d\d:\d\d/g, "pid N, uptime T")
    .replaceAll(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, "DATE")
    .replaceAll(/^[1-9]\d*$/gm, "PID"),
});

const settled = (status: string): boolean =>
  !/STARTING|BACKOFF|STOPPING/.test(status) && /EXITED/.test(status);

/** Every command of this client that drover answers, and the mistakes people make with it. */
const script: readonly (readonly string[] | Rewrite)[] = [
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
  ["signal", "WINCH", "cat", "down", "nosuch", "pair:*", "no:*", "no:such"],
  ["signal", "NONSENSE", "cat"],
  ["signal", "winch", "all"],
  ["signal", "WINCH"],
  ["signal"],
  ["avail"],
  ["avail", "x"],
  ["maintail", "x"],
  ["maintail", "-x"],
  ["maintail", "a", "b"],
  ["fg"],
  ["fg", "a", "b"],
  ["fg", "nosuch"],
  ["fg", "down"],
  ["open", "nonsense"],
  ["open"],
  ["reread"],
  ["reread", "x"],
  ["update"],
  ["update", "nosuch"],
  ["add"],
  ["add", "cat", "nosuch"],
  ["remove", "cat", "nosuch"],
  (text) => `${text}\n[program:bad]\nautostart=maybe\n`,
  ["reread"],
  ["update"],
  (text) =>
    text
      .replace(/\[program:bad\][^[]*/, "[program:comes]\ncommand=sleep 1000\nstartsecs=0\n")
      .replace(/\[program:silent\][^[]*/, "")
      .replace("[program:cat]", "[program:cat]\ndirectory=/"),
  ["reread"],
  ["reread"],
  ["avail"],
  ["add", "comes"],
  ["update", "silent", "nosuch"],
  ["status", "silent", "comes", "cat"],
  ["update"],
  ["update", "all"],
  ["reread"],
  ["stop", "comes"],
  ["remove", "comes", "silent"],
  ["reread"],
  ["update"],
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

/** What becomes of the configuration at that point. */
type Rewrite = (text: string) => string;

type Asked = (words: readonly string[]) => Promise<void>;

/** Asks everything on two servers that have settled, and the rest once both are gone. */
async function askEverything(configs: readonly string[], ask: Asked): Promise<void> {
  for (const config of configs) {
    await eventually("everything has settled", async () =>
      settled((await supervisorctl(config, "status")).stdout),
    );
  }
  for (const step of script) {
    if (typeof step !== "function") await ask(step);
    else for (const file of configs) writeFileSync(file, step(readFileSync(file, "utf8")));
  }
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
  test("the real supervisorctl controls drover, and droverctl does, as supervisorctl does supervisord", async () => {
    const peer = await startSupervisord(programs);
    const [ours, own] = [await startDaemon(programs), await startDaemon(programs)];
    await askEverything([peer.config, ours.config, own.config], async (words) => {
      const [theirs, mine, byOwn] = await Promise.all([
        supervisorctl(peer.config, ...words),
        supervisorctl(ours.config, ...words),
        own.ctl(...words),
      ]);
      const expected = normal(words, theirs, peer.dir);
      expect(normal(words, mine, ours.dir)).toEqual(expected);
      // Beside the same answer droverctl says on stderr what to do about a server that is not there.
      const stderr = expected.stderr === "" ? expect.any(String) : expected.stderr;
      expect(normal(words, byOwn, own.dir)).toEqual({ ...expected, stderr });
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
    const onlyOurs = [
      "events",
      "freeze",
      "logs",
      "quiet",
      "rollout",
      "scale",
      "thaw",
      "top",
      "wait",
      "why",
    ];
    for (const name of Object.keys(commands)) {
      if (onlyOurs.includes(name)) continue;
      const theirs = await supervisorctl(ours.config, "help", name);
      expect((await ours.ctl("--plain", "help", name)).stdout).toBe(theirs.stdout);
      // What drover adds to a command comes after what both have.
      const { stdout } = await ours.ctl("help", name);
      expect(stdout.startsWith(theirs.stdout)).toBe(true);
      expect(stdout).toMatch(/^Ex:\n.*\n/m);
    }
    const unknown = ["help", "no", "such"];
    expect(await ours.ctl(...unknown)).toEqual(await supervisorctl(ours.config, ...unknown));
  }, 60_000);
});
