import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  configText,
  eventually,
  launch,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { fifoTarget, fill, type Target, take, terminalTarget } from "../support/targets.ts";

/** Starts a droverd with that stdout, which is closed here then. */
async function startOn(stdout: number | "pipe", programs: string, supervisord = "") {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  // At debug the daemon would echo all that the children write into its own log.
  writeFileSync(config, configText(programs, `loglevel=info\n${supervisord}`));
  try {
    return await launch(dir, config, { stdout });
  } finally {
    if (stdout !== "pipe") closeSync(stdout);
  }
}

/** The daemon's memory. */
const residentKb = ({ pid }: TestDaemon): number =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

function isNonBlocking(pid: number, fd: number): boolean {
  const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "", 8);
  return (flags & constants.O_NONBLOCK) !== 0;
}

const lines = (text: string): string[] => text.trimEnd().split("\n");

test("two programs that print faster than stdout is read lose nothing and tear no line", async () => {
  const program = (name: string) => `
[program:${name}]
command=seq -f "line %%06g" 1 300000
startsecs=0
autorestart=false
stdout_logfile=/dev/stdout
log_prefix=[${name}]`;
  const target = await fifoTarget();
  const daemon = await startOn(target.open(), `${program("a")}${program("b")}`);
  let text = "";
  // At most a pipe's worth, and then a pause: it is full most of the time.
  const reading = setInterval(() => {
    text += take(target.reader, 65_536);
  }, 2);
  onTestFinished(() => clearInterval(reading));
  await daemon.state("a", "EXITED");
  await daemon.state("b", "EXITED");
  await daemon.stop();
  text += take(target.reader);
  const all = lines(text);
  const wanted = Array.from(
    { length: 300_000 },
    (_, n) => `line ${String(n + 1).padStart(6, "0")}`,
  );
  for (const prefix of ["[a] ", "[b] "]) {
    const own = all.filter((line) => line.startsWith(prefix)).map((line) => line.slice(4));
    expect(own.length).toBe(wanted.length);
    expect(own.every((line, n) => line === wanted[n])).toBe(true);
  }
  const others = all.filter((line) => !/^\[[ab]\] /.test(line));
  expect(others.filter((line) => !/^\d{4}-\d\d-\d\d [\d:,]+ [A-Z]{4} ./.test(line))).toEqual([]);
  expect(others.join("\n")).toContain("INFO exited: a");
  expect(daemon.log()).not.toMatch(/lost|EAGAIN|different sizes/);
}, 90_000);

const LOUD = 2_000_000;

const loudAndQuiet = `
[program:loud]
command=seq -f "line %%08g" 1 ${LOUD}
startsecs=0
autorestart=false
stdout_logfile=/dev/stdout
[program:quiet]
command=sh -c 'while true; do echo tick; echo tock >&2; sleep 0.01; done'
startsecs=0
stdout_logfile=%(here)s/quiet.log
stderr_logfile=/dev/null
`;

interface Stdout {
  /** For the daemon. */
  stdout: number | "pipe";
  read(daemon: TestDaemon, onData: (chunk: Buffer) => void): void;
}

const onTarget = async (made: Promise<Target>): Promise<Stdout> => {
  const target = await made;
  return { stdout: target.open(), read: (_, onData) => target.read(onData) };
};

describe.each<[string, () => Promise<Stdout>, typeof test]>([
  ["a pipe", () => onTarget(fifoTarget()), test],
  [`a terminal${needsPython}`, () => onTarget(terminalTarget()), testWithPython],
  [
    "a socket",
    async () => ({
      stdout: "pipe",
      read: ({ child }, onData) => void child.stdout?.on("data", onData),
    }),
    test,
  ],
])("%s that nobody reads", (kind, make, test) => {
  test("stops who writes to it, nobody else, and gets all when it is read", async () => {
    const { stdout, read } = await make();
    const daemon = await startOn(stdout, loudAndQuiet, "silent=true");
    const ticks = () => lines(daemon.file("quiet.log")).length;
    await daemon.state("loud", "RUNNING");
    const before = residentKb(daemon);
    const began = ticks();
    const latencies: number[] = [];
    await eventually("100 lines of the other program", async () => {
      const asked = performance.now();
      expect((await daemon.info("loud")).statename).toBe("RUNNING");
      latencies.push(performance.now() - asked);
      return ticks() > began + 100;
    });
    expect(latencies.toSorted((a, b) => a - b)[latencies.length >> 1]).toBeLessThan(100);
    expect(residentKb(daemon) - before).toBeLessThan(16_384);
    // Others who write to the same pipe or terminal are not surprised; a socket cannot be opened anew.
    if (kind !== "a socket") expect(isNonBlocking(daemon.pid, 1)).toBe(false);

    let text = "";
    read(daemon, (chunk) => {
      text += chunk.toString("latin1");
    });
    const wanted = execFileSync("seq", ["-f", "line %08g", "1", String(LOUD)], {
      maxBuffer: 2 ** 26,
    }).toString("latin1");
    await eventually("all of it", () => text.length >= wanted.length, 60_000);
    expect(text === wanted).toBe(true);
    await daemon.state("loud", "EXITED");
    expect(daemon.log()).not.toMatch(/lost|EAGAIN/);
    await daemon.stop();
  }, 90_000);
});

test("a death is told at once, though nobody reads what was said before it, and the next child goes on", async () => {
  const target = await fifoTarget();
  const daemon = await startOn(
    target.open(),
    `
[program:brief]
command=seq -w 1 20000
startsecs=0
autostart=false
autorestart=false
stdout_logfile=/dev/stdout
`,
    "silent=true",
  );
  // 120,000 bytes: a pipe's worth is in stdout, and the rest is waiting.
  const start = () => daemon.client.call("supervisor.startProcess", { name: "brief", wait: true });
  await start();
  await daemon.state("brief", "EXITED");
  await start();
  expect((await daemon.info("brief")).statename).toBe("RUNNING");
  let text = "";
  await eventually("the rest", async () => {
    text += take(target.reader);
    return text.length >= 240_000;
  });
  const once = `${Array.from({ length: 20_000 }, (_, n) => String(n + 1).padStart(5, "0")).join("\n")}\n`;
  expect(text === once + once).toBe(true);
  await daemon.state("brief", "EXITED");
});

test("at the daemon's end a reader has a second, and what it has not read then is counted", async () => {
  const target = await fifoTarget();
  const daemon = await startOn(
    target.open(),
    `
[program:brief]
command=sh -c 'seq -w 1 21000; printf "no end"'
startsecs=0
autorestart=false
stdout_logfile=/dev/stdout
`,
    "silent=true",
  );
  await daemon.state("brief", "EXITED");
  const asked = performance.now();
  expect(await daemon.stop()).toBe(0);
  const took = performance.now() - asked;
  expect(took).toBeGreaterThan(900);
  expect(took).toBeLessThan(8_000);
  const lost = Number(/(\d+) bytes of output for \/dev\/stdout were lost/.exec(daemon.log())?.[1]);
  const counted = take(target.reader).length + lost;
  // A line that was cut off may have got its end.
  expect([126_006, 126_007]).toContain(counted);
});

/** Asks the daemon to end, and reads its stdout when it has done all that it can without a reader. */
function stopWithSlowReader(daemon: TestDaemon, target: Target) {
  let text = "";
  const read = () =>
    target.read((chunk) => {
      text += chunk.toString("latin1");
    });
  const timer = setTimeout(read, 200);
  onTestFinished(() => clearTimeout(timer));
  return { stopped: daemon.stop(), text: () => text };
}

test("at the daemon's end a reader that is only slow gets everything", async () => {
  const target = await fifoTarget();
  const daemon = await startOn(
    target.open(),
    `
[program:brief]
command=sh -c 'seq -w 1 21000; printf "no end"'
startsecs=0
autorestart=false
stdout_logfile=/dev/stdout
`,
  );
  await daemon.state("brief", "EXITED");
  const { stopped, text } = stopWithSlowReader(daemon, target);
  expect(await stopped).toBe(0);
  expect(daemon.log()).not.toContain("lost");
  const own = () => lines(text()).filter((line) => /^(?:\d{5}|no end)$/.test(line));
  await eventually("the last line", () => own().at(-1) === "no end");
  expect(own()).toHaveLength(21_001);
});

test("at the daemon's end a line without an end has its time as well", async () => {
  const target = await fifoTarget();
  const daemon = await startOn(
    target.open(),
    `
[program:lasting]
command=sh -c 'printf "no end"; echo said > %(here)s/said; exec sleep 1000'
startsecs=0
stdout_logfile=/dev/stdout
`,
    "silent=true",
  );
  await eventually("the words", () => daemon.file("said") !== "");
  const filler = target.open(constants.O_NONBLOCK);
  onTestFinished(() => closeSync(filler));
  const filled = fill(filler);
  const { stopped, text } = stopWithSlowReader(daemon, target);
  expect(await stopped).toBe(0);
  await eventually("the line", () => text().length >= filled + "no end\n".length);
  expect(text().slice(filled)).toBe("no end\n");
});

test("a file that is the daemon's stdout is neither moved nor emptied, by whatever name", async () => {
  const dir = tempDir();
  const [file, link] = [path.join(dir, "file"), path.join(dir, "link")];
  symlinkSync("/dev/stdout", link);
  const program = (log: string, backups: number) => `
[program:to-${path.basename(log)}-${backups}]
command=seq -f "${path.basename(log)} ${backups} %%04g" 1 1000
startsecs=0
autorestart=false
stdout_logfile=${log}
stdout_logfile_maxbytes=1KB
stdout_logfile_backups=${backups}`;
  const daemon = await startOn(
    openSync(file, "w"),
    [program(link, 3), program(link, 0)].join(""),
    "silent=true",
  );
  await eventually("both ends", async () =>
    (await daemon.all()).every(({ statename }) => statename === "EXITED"),
  );
  await daemon.stop();
  expect(readdirSync(dir).toSorted()).toEqual(["file", "link"]);
  expect(lines(readFileSync(file, "utf8")).toSorted()).toEqual(
    [0, 3].flatMap((backups) =>
      Array.from({ length: 1_000 }, (_, n) => `link ${backups} ${String(n + 1).padStart(4, "0")}`),
    ),
  );
  expect(daemon.log()).not.toContain("different sizes");
});

test("to ask for a log that is a FIFO nobody reads stops nobody", async () => {
  const { path: fifo, abandon } = await fifoTarget();
  abandon();
  const daemon = await startDaemon(`
[program:talker]
command=sh -c 'while true; do echo line; sleep 0.02; done'
startsecs=0
stdout_logfile=${fifo}
`);
  await eventually("the report", () => daemon.log().includes(`cannot write to ${fifo}: ENXIO`));
  const range = { name: "talker", offset: 0, length: 100 };
  expect(await daemon.client.call("supervisor.tailProcessStdoutLog", range)).toEqual([
    "",
    0,
    false,
  ]);
  expect((await daemon.info("talker")).statename).toBe("RUNNING");
});
