import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { eventually, startDaemon, tempDir } from "../support/daemon.ts";

test.each([
  ["", ""],
  ["with grandchildren that hold the channel a moment longer", "(sleep 0.03) & "],
])(
  "of children that come and go all the time each one's output is logged %s",
  async (_, grandchild) => {
    const daemon = await startDaemon(`
[program:brief]
command=sh -c '${grandchild}echo start $$; exec sleep 0.12'
process_name=%(program_name)s_%(process_num)d
numprocs=20
startsecs=0
autorestart=true
stdout_logfile=%(here)s/%(process_num)d.out
`);
    const starts = () => daemon.log().match(/spawned: 'brief_\d+' with pid \d+/g) ?? [];
    await eventually("500 starts", () => starts().length >= 500, 60_000);
    await daemon.stop();
    const logged = new Set(
      Array.from({ length: 20 }, (__, copy) => daemon.file(`${copy}.out`))
        .join("")
        .match(/\d+/g),
    );
    const pids = starts().map((line) => line.split(" ").at(-1) ?? "");
    // Those that were stopped before their first word had none to say.
    const stopped = new Set(daemon.log().match(/(?<=killing brief_\d+ \(pid )\d+/g));
    expect(pids.filter((pid) => !logged.has(pid) && !stopped.has(pid))).toEqual([]);
  },
  90_000,
);

test("a log that is a FIFO nobody reads stops nobody, and is used once it is read", async () => {
  const fifo = path.join(tempDir(), "log");
  makeFifos([fifo]);
  const daemon = await startDaemon(`
[program:talker]
command=sh -c 'while true; do echo line; sleep 0.02; done'
startsecs=0
stdout_logfile=${fifo}
stdout_logfile_maxbytes=0
`);
  await daemon.state("talker", "RUNNING");
  await eventually("the report", () => daemon.log().includes(`cannot write to ${fifo}: ENXIO`));
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(65_536);
  let text = "";
  await eventually("lines and the mark of what was lost", () => {
    try {
      text += buffer.toString("utf8", 0, readSync(fd, buffer));
    } catch {
      // Nothing there yet.
    }
    return /bytes of output lost here: ENXIO\]\nline\n/.test(text);
  });
  closeSync(fd);
});

test("one file by two names has one sink, and differing limits are told", async () => {
  const real = path.join(tempDir(), "real");
  mkdirSync(real);
  const link = path.join(tempDir(), "link");
  symlinkSync(real, link);
  const daemon = await startDaemon(`
[program:a]
command=sh -c 'seq -f "a %%06g" 1 20000'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=${real}/shared.log
stdout_logfile_maxbytes=100KB
stdout_logfile_backups=9
[program:b]
command=sh -c 'seq -f "b %%06g" 1 20000'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=${link}/shared.log
stdout_logfile_maxbytes=0
`);
  await daemon.state("a", "EXITED");
  await daemon.state("b", "EXITED");
  const lines = readdirSync(real)
    .map((name) => readFileSync(path.join(real, name), "utf8"))
    .join("")
    .trimEnd()
    .split("\n");
  expect(new Set(lines).size).toBe(40_000);
  expect(lines.filter((line) => !/^[ab] \d{6}$/.test(line))).toEqual([]);
  expect(daemon.log()).toContain(
    "is named with different sizes, backups or other rules; the first one counts",
  );
});

test("a follower that falls behind reads on through the rotated files", async () => {
  const daemon = await startDaemon(`
[program:counter]
command=sh -c 'sleep 0.5; seq -w 1 300000'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/count.log
stdout_logfile_maxbytes=100KB
stdout_logfile_backups=50
`);
  const chunks: string[] = [];
  const controller = new AbortController();
  const following = daemon.client.follow(
    "/logtail/counter/stdout",
    (chunk) => chunks.push(chunk.toString()),
    controller.signal,
  );
  await daemon.state("counter", "EXITED");
  await eventually("the last line", () => chunks.at(-1)?.endsWith("300000\n"));
  controller.abort();
  await following;
  const numbers = chunks.join("").trim().split("\n").map(Number);
  expect(numbers).toHaveLength(300_000);
  expect(numbers.every((number, at) => number === at + 1)).toBe(true);
});

test("a name too long for a file is no obstacle", async () => {
  const name = "n".repeat(150);
  const daemon = await startDaemon(`
[program:${name}]
command=sleep 1000
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
`);
  expect((await daemon.state(name, "RUNNING")).name).toBe(name);
});
