/** Logs that are rotated while programs write to them: nothing is lost, and everything is where it belongs. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { unless } from "../../src/os/errno.ts";
import { eventually, launch, startDaemon, tempDir } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";
import { asUser, isRoot, NOBODY, openFolder } from "../support/rights.ts";

/** Debian's number of the group adm. */
const ADM = 4;

const LONG = { timeout: 60_000 };

/** A log and its rotated ones, the newest first. */
const logsOf = (dir: string, base: string): string[] =>
  readdirSync(dir)
    .filter((name) => name === base || name.startsWith(`${base}.`))
    .sort((a, b) => numberOf(a, base) - numberOf(b, base));

const numberOf = (name: string, base: string): number =>
  Number(name.slice(base.length + 1).replace(".gz", ""));

function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

/** Everything that was ever written to a log, in its order. */
const wholeText = (dir: string, base: string): string =>
  logsOf(dir, base)
    .toReversed()
    .map((name) => textOf(path.join(dir, name)))
    .join("");

/** Numbers with leading zeros, a line each. */
const numbers = (count: number, width: number): string =>
  Array.from({ length: count }, (_, n) => `${String(n + 1).padStart(width, "0")}\n`).join("");

test.each(["none", "gzip"])(
  "a flood of lines is complete over all files, with log_compress=%s",
  LONG,
  async (compress) => {
    const daemon = await startDaemon(`
[program:flood]
command=seq -f %%09.0f 1 600000
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/flood.log
stdout_logfile_maxbytes=50KB
stdout_logfile_backups=1000
log_compress=${compress}
`);
    await daemon.state("flood", "EXITED");
    const plain = () => logsOf(daemon.dir, "flood.log").filter((name) => !name.endsWith(".gz"));
    if (compress === "gzip") {
      await eventually("all are compressed", () => plain().length === 2);
      expect(plain()).toEqual(["flood.log", "flood.log.1"]);
    }
    expect(logsOf(daemon.dir, "flood.log").length).toBeGreaterThan(50);
    expect(wholeText(daemon.dir, "flood.log")).toBe(numbers(600_000, 9));
    expect(readdirSync(daemon.dir).filter((name) => name.includes("part"))).toEqual([]);
    const errors = daemon.log().match(/^.* (?:ERRO|CRIT unexpected).*$/gm);
    expect(errors ?? []).toEqual([]);
  },
);

test(
  "a follower sees every line over rotations by size and by the clock, and a clear",
  LONG,
  async () => {
    const daemon = await startDaemon(`
[program:counter]
command=sh -c 'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo $i; [ $((i %% 10)) = 0 ] && sleep 0.01; done; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/count.log
stdout_logfile_maxbytes=4KB
stdout_logfile_backups=50
log_rotate_every=1s
log_compress=gzip
`);
    let text = "";
    const controller = new AbortController();
    const take = (chunk: Buffer) => {
      text += chunk;
    };
    const following = daemon.client.follow("/logtail/counter/stdout", take, controller.signal);
    await eventually("some lines", () => text.includes("1000\n"));
    await daemon.client.call("supervisor.clearProcessLogs", { name: "counter" });
    await eventually("the last line", () => text.endsWith("\n4000\n"), 30_000);
    controller.abort();
    await following;
    const seen = text.trim().split("\n").map(Number);
    const [first = 0] = seen;
    expect(seen).toEqual(Array.from({ length: 4_000 - first + 1 }, (_, n) => first + n));
    expect(first).toBeLessThan(900);
    // What was rotated by its size has 4 KB.
    const byClock = logsOf(daemon.dir, "count.log").filter(
      (name) => name !== "count.log" && textOf(path.join(daemon.dir, name)).length < 4_096,
    );
    expect(byClock).not.toEqual([]);
  },
);

describe("rotation by the clock", LONG, () => {
  test("is of the daemon's own log too, and over its restarts", async () => {
    const dir = tempDir();
    writeFileSync(path.join(dir, "droverd.log"), "of yesterday\n");
    const yesterday = Date.now() / 1_000 - 86_400;
    utimesSync(path.join(dir, "droverd.log"), yesterday, yesterday);
    const daemon = await startDaemon(
      "[program:a]\ncommand=sleep 1000\nstartsecs=0\n",
      "log_rotate_every=1d\nlog_mode=0640",
      { dir },
    );
    await daemon.state("a", "RUNNING");
    expect(daemon.file("droverd.log.1")).toBe("of yesterday\n");
    expect(daemon.log()).toContain("spawned: 'a'");
    expect(statSync(path.join(dir, "droverd.log")).mode & 0o777).toBe(0o640);
    await daemon.stop();
    await launch(dir, daemon.config);
    expect(logsOf(dir, "droverd.log")).toEqual(["droverd.log", "droverd.log.1"]);
    expect(daemon.log().match(/supervisord started with pid/g)).toHaveLength(2);
  });
});

test("a log is rotated at a time of day, and what is too old goes at the start", LONG, async () => {
  const dir = tempDir();
  const soon = new Date(Date.now() + 8_000);
  const [h, m, s] = [soon.getHours(), soon.getMinutes(), soon.getSeconds()].map((n) =>
    String(n).padStart(2, "0"),
  );
  for (const [name, daysAgo] of [
    ["log.1", 1],
    ["log.2.gz", 15],
  ] as const) {
    writeFileSync(path.join(dir, name), name);
    const at = Date.now() / 1_000 - daysAgo * 86_400;
    utimesSync(path.join(dir, name), at, at);
  }
  const daemon = await startDaemon(
    `
[program:talker]
command=sh -c 'echo before; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/log
log_rotate_at=${h}:${m}:${s}
log_keep=14d
`,
    "",
    { dir },
  );
  await eventually("the old one is gone", () => !existsSync(path.join(dir, "log.2.gz")));
  // Between the two there is no log by that name for an instant.
  const now = () => ["log.2", "log"].every((name) => existsSync(path.join(dir, name)));
  await eventually("it is rotated", now);
  expect(Date.now()).toBeGreaterThan(soon.getTime() - 1_000);
  expect(logsOf(dir, "log").map((name) => daemon.file(name))).toEqual(["", "before\n", "log.1"]);
});

describe("a log's owner and mode", LONG, () => {
  test.runIf(isRoot)(
    "are those that are asked for, also after a rotation and compressed",
    async () => {
      const dir = openFolder();
      const daemon = await startDaemon(
        `
[program:talker]
command=sh -c 'for i in 1 2 3; do seq 1 2000; sleep 0.3; done; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/talker.log
stdout_logfile_maxbytes=4KB
log_mode=0604
log_owner=${NOBODY}:adm
log_compress=gzip
[program:auto]
command=sleep 1000
startsecs=0
stderr_logfile=NONE
log_mode=0640
`,
        "",
        { dir },
      );
      await eventually("compressed logs", () => existsSync(path.join(dir, "talker.log.3.gz")));
      // One that is made at this moment is root's for an instant.
      await eventually("all of them are as they are to be", () =>
        logsOf(dir, "talker.log").every((name) => {
          const { mode, uid, gid } = statSync(path.join(dir, name));
          return (mode & 0o777) === 0o604 && uid === NOBODY && gid === ADM;
        }),
      );
      const auto = await daemon.info("auto");
      expect(statSync(auto.stdout_logfile).mode & 0o777).toBe(0o640);
    },
  );

  test.runIf(isRoot)("stay the daemon's own where it is not root, and that is told", async () => {
    const dir = openFolder(NOBODY);
    const programs = `
[program:talker]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/talker.log
log_owner=root
`;
    const daemon = await startDaemon(programs, "", { dir, through: asUser(NOBODY) });
    await eventually("its words", () => daemon.file("talker.log") === "hello\n");
    expect(statSync(path.join(dir, "talker.log")).uid).toBe(NOBODY);
    expect(daemon.log()).toContain(
      `ERRO ${dir}/talker.log cannot be given to user 0 and stays that of user ${NOBODY}: only root may give files away;`,
    );
    expect((await daemon.info("talker")).statename).toBe("RUNNING");
  });

  test("of users that there are not are errors of the configuration", async () => {
    await expect(
      startDaemon("[program:a]\ncommand=sleep 1000\nlog_owner=nobody-such\nlog_mode=0444\n"),
    ).rejects.toThrow(
      /drover.conf:\d+ \[program:a\] log_owner: expected a user of this machine, or user:group, got "nobody-such"\n.*log_mode: expected the mode of a file such as 0640/,
    );
  });
});

test.runIf(isRoot)(
  "in a folder that may not be written to a log goes on, and it is told once",
  LONG,
  async () => {
    const dir = openFolder(NOBODY);
    const folder = path.join(dir, "folder");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "log"), "");
    chmodSync(path.join(folder, "log"), 0o666);
    const daemon = await startDaemon(
      `
[program:writer]
command=sh -c 'seq 1 20000; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/folder/log
stdout_logfile_maxbytes=4KB
`,
      "",
      { dir, through: asUser(NOBODY) },
    );
    const text = Array.from({ length: 20_000 }, (_, n) => `${n + 1}\n`).join("");
    await eventually("all lines", () => daemon.file("folder/log").length === text.length);
    expect(daemon.file("folder/log")).toBe(text);
    expect(daemon.log().match(/cannot rotate/g)).toHaveLength(1);
    expect(daemon.log()).toContain(`ERRO cannot rotate ${folder}/log, it goes on as it is: EACCES`);
  },
);

test(
  "a daemon that is killed in the middle of a compression leaves what the next one finishes",
  LONG,
  async () => {
    const dir = tempDir();
    const line = "0123456789abcdef0123456789abcdef\n";
    const text = Buffer.alloc(line.length * 3_000_000, line);
    writeFileSync(path.join(dir, "big.log.2"), text);
    const daemon = await startDaemon(
      `
[program:big]
command=sleep 1000
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/big.log
log_compress=gzip
`,
      "",
      { dir },
    );
    const part = path.join(dir, ".big.log.gz.part");
    await eventually("the middle of it", () => existsSync(part), 20_000, 1);
    await daemon.stop("SIGKILL");
    expect(logsOf(dir, "big.log")).toEqual(["big.log", "big.log.2"]);
    expect(existsSync(part)).toBe(true);
    await launch(dir, daemon.config);
    await eventually("the end of it", () => existsSync(path.join(dir, "big.log.2.gz")));
    await eventually("the plain one is gone", () => !existsSync(path.join(dir, "big.log.2")));
    expect(existsSync(part)).toBe(false);
    expect(gunzipSync(readFileSync(path.join(dir, "big.log.2.gz"))).equals(text)).toBe(true);
  },
);

describe.runIf(available("supervisord"))("beside supervisord", LONG, () => {
  /** One line at a time, so that both read them one by one. */
  const programs = `
[program:slow]
command=sh -c 'for i in 11 12 13 14 15 16 17 18 19 20 21 22; do echo line $i; sleep 0.15; done; exec sleep 1000'
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/LOG
stdout_logfile_maxbytes=BYTES
stdout_logfile_backups=BACKUPS
`;
  test.each<[string, string, number, number, Record<string, string>]>([
    ["with backups", "kept.log", 20, 2, {}],
    ["on what is there", "kept.log", 20, 3, { "kept.log": "earlier\n", "kept.log.2": "oldest\n" }],
    ["with more than are kept", "kept.log", 20, 1, { "kept.log.1": "1\n", "kept.log.2": "2\n" }],
    ["without backups", "emptied.log", 40, 0, { "emptied.log.1": "stays\n" }],
    ["never", "grown.log", 0, 2, { "grown.log": "earlier\n" }],
  ])("rotates %s as it does", async (_, log, maxBytes, backups, there) => {
    const text = programs
      .replace("LOG", log)
      .replace("BYTES", String(maxBytes))
      .replace("BACKUPS", String(backups));
    const [ours, theirs] = [tempDir(), tempDir()];
    for (const dir of [ours, theirs]) {
      for (const [name, content] of Object.entries(there)) {
        writeFileSync(path.join(dir, name), content);
      }
    }
    await Promise.all([startDaemon(text, "", { dir: ours }), startSupervisord(text, theirs)]);
    const files = (dir: string) =>
      Object.fromEntries(
        logsOf(dir, log).map((name) => [name, readFileSync(path.join(dir, name), "utf8")]),
      );
    // Each of them makes the file anew after it has moved the one with the last line.
    const isDone = (dir: string) =>
      unless(["ENOENT"], () => wholeText(dir, log).includes("line 22\n") && log in files(dir));
    await eventually("both are done", () => isDone(ours) && isDone(theirs));
    // What is written is there an instant before it is rotated.
    await vi.waitFor(() => expect(files(ours)).toEqual(files(theirs)), 5_000);
  });
});
