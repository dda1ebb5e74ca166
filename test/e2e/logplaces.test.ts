import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, startDaemon, type TestDaemon, tempDir } from "../support/daemon.ts";

const other = `
[program:other]
command=sh -c 'while true; do echo tick; sleep 0.01; done'
startsecs=0
stdout_logfile=%(here)s/other.log
`;

/** The rest of the fleet goes on. */
async function goesOn(daemon: TestDaemon): Promise<void> {
  const before = daemon.file("other.log").length;
  await eventually("the other program", () => daemon.file("other.log").length > before + 50);
  expect((await daemon.info("other")).statename).toBe("RUNNING");
}

const counting = (log: string, more = "") => `
[program:counter]
command=sh -c 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.002; done'
startsecs=0
stdout_logfile=${log}
${more}
${other}`;

const linesTo = (last: number) =>
  Array.from({ length: last }, (_, n) => `line ${n + 1}\n`).join("");
const lastOf = (log: string) => Number(/line (\d+)\n$/.exec(log)?.[1]);
const read = (file: string) => (existsSync(file) ? readFileSync(file, "latin1") : "");

describe("a log that cannot be opened", () => {
  const places: [string, string, (dir: string) => string][] = [
    ["a folder", "EISDIR: illegal operation on a directory", (dir) => dir],
    [
      "a link into a folder that is missing",
      "ENOENT: no such file or directory",
      (dir) => {
        symlinkSync("no/such", path.join(dir, "link"));
        return path.join(dir, "link");
      },
    ],
    [
      "a link to itself",
      "ELOOP: too many symbolic links encountered",
      (dir) => {
        symlinkSync("loop", path.join(dir, "loop"));
        return path.join(dir, "loop");
      },
    ],
    [
      "a log below a file",
      "ENOTDIR: not a directory",
      (dir) => {
        writeFileSync(path.join(dir, "file"), "");
        symlinkSync("file/log", path.join(dir, "link"));
        return path.join(dir, "link");
      },
    ],
  ];
  test.each(places)("%s, is said of its program, and of no other", async (_, why, make) => {
    const place = make(tempDir());
    const daemon = await startDaemon(`
[program:odd]
command=sleep 1000
startsecs=0
startretries=1
stdout_logfile=${place}
${other}`);
    await daemon.state("odd", "FATAL");
    const errno = why.replace(/:.*/, "");
    const spawnerr = `unknown error making dispatchers for 'odd': ${errno}`;
    expect((await daemon.info("odd")).spawnerr).toBe(spawnerr);
    expect(daemon.log()).toContain(`ERRO ${spawnerr} (Error: ${why}, open '${place}')`);
    await goesOn(daemon);
    expect((await daemon.info("other")).statename).toBe("RUNNING");
  });
});

test("a link to a log that is not there yet makes it where it leads, and rotates it there", async () => {
  const dir = tempDir();
  symlinkSync("real.log", path.join(dir, "link"));
  const daemon = await startDaemon(
    counting(path.join(dir, "link"), "stdout_logfile_maxbytes=1KB\nstdout_logfile_backups=2"),
  );
  await eventually("a rotation", () => existsSync(path.join(dir, "real.log.1")));
  await goesOn(daemon);
  expect(readdirSync(dir).filter((name) => !name.startsWith("real.log"))).toEqual(["link"]);
});

test("devices are logs: what goes into /dev/null is gone, and into /dev/full is counted", async () => {
  const daemon = await startDaemon(
    counting("/dev/null", "stderr_logfile=/dev/full\nredirect_stderr=false").replace(
      "echo line $i;",
      "echo line $i; echo line $i >&2;",
    ),
  );
  const losses = async () => {
    const info = await daemon.client.call("supervisor.getProcessInfo", { name: "counter" });
    return info.lost_bytes;
  };
  await eventually("losses", async () => (await losses()).stderr > 1_000);
  expect((await losses()).stdout).toBe(0);
  await goesOn(daemon);
  for (const device of ["/dev/null", "/dev/full"]) {
    expect(statSync(device).isCharacterDevice()).toBe(true);
    expect(existsSync(`${device}.1`)).toBe(false);
  }
});

test("a folder that vanishes costs what is written until it is back, and the log is made anew", async () => {
  const dir = path.join(tempDir(), "logs");
  mkdirSync(dir);
  const file = path.join(dir, "counter.log");
  const daemon = await startDaemon(counting(file));
  await eventually("lines", () => read(file).includes("line 10\n"));
  renameSync(dir, `${dir}.away`);
  rmSync(`${dir}.away`, { recursive: true });
  await eventually("the report", () =>
    daemon.log().includes(`ERRO cannot write to ${file}: ENOENT`),
  );
  await goesOn(daemon);
  expect(existsSync(dir)).toBe(false);
  mkdirSync(dir);
  await eventually("lines again", () => /line \d+\n$/.test(read(file)));
  await daemon.client.call("supervisor.stopProcess", { name: "counter", wait: true });
  const { lost_bytes } = await daemon.client.call("supervisor.getProcessInfo", { name: "counter" });
  const log = read(file);
  const [, lost, after] =
    /^\n\[drover: (\d+) bytes of output lost here: ENOENT\]\n(.*)/s.exec(log) ?? [];
  expect(Number(lost)).toBe(lost_bytes.stdout);
  // What had been written into the file before it was seen to be gone, went with it.
  expect(linesTo(lastOf(log)).endsWith(after ?? "?")).toBe(true);
  expect(daemon.log()).toContain(`writing to ${file} again; ${lost} bytes of output were lost`);
});

test("with log_full=block nothing is lost while the folder is gone, once that is seen", async () => {
  const dir = path.join(tempDir(), "logs");
  mkdirSync(dir);
  const file = path.join(dir, "counter.log");
  const daemon = await startDaemon(counting(file, "log_full=block"));
  await eventually("lines", () => read(file).includes("line 10\n"));
  rmSync(dir, { recursive: true });
  await eventually("the report", () =>
    daemon.log().includes(`ERRO cannot write to ${file}: ENOENT; who writes to it waits`),
  );
  await goesOn(daemon);
  mkdirSync(dir);
  await eventually("lines again", () => lastOf(read(file)) > 0);
  await daemon.client.call("supervisor.stopProcess", { name: "counter", wait: true });
  const log = read(file);
  const first = Number(/^line (\d+)\n/.exec(log)?.[1]);
  expect(log).toBe(linesTo(lastOf(log)).slice(linesTo(first - 1).length));
});

test("a log that is deleted is made anew, without a signal", async () => {
  const file = path.join(tempDir(), "counter.log");
  const daemon = await startDaemon(counting(file));
  await eventually("lines", () => read(file).includes("line 10\n"));
  rmSync(file);
  await eventually("lines again", () => /line \d+\n$/.test(read(file)));
  expect(daemon.log()).not.toContain("cannot write");
});

test("a log that logrotate has moved is left alone until SIGUSR2, and no line is lost", async () => {
  const file = path.join(tempDir(), "counter.log");
  const daemon = await startDaemon(counting(file));
  await eventually("lines", () => read(file).includes("line 10\n"));
  renameSync(file, `${file}.1`);
  writeFileSync(file, "");
  const before = read(`${file}.1`).length;
  // Longer than what has been deleted would go unseen.
  await eventually("lines in the old file", () => read(`${file}.1`).length > before + 8_000);
  expect(read(file)).toBe("");
  process.kill(daemon.pid, "SIGUSR2");
  await eventually("lines in the new file", () => /line \d+\n$/.test(read(file)));
  await daemon.client.call("supervisor.stopProcess", { name: "counter", wait: true });
  const log = read(`${file}.1`) + read(file);
  expect(log).toBe(linesTo(lastOf(log)));
});

test("a log that logrotate has copied and cut is not rotated for what it no longer has", async () => {
  const file = path.join(tempDir(), "counter.log");
  await startDaemon(counting(file, "stdout_logfile_maxbytes=2KB\nstdout_logfile_backups=3"));
  for (let cut = 0; cut < 3; cut++) {
    await eventually("1.2 KB", () => read(file).length > 1_200);
    truncateSync(file);
  }
  // It has had 3.6 KB in all, and never 2 at a time.
  expect(existsSync(`${file}.1`)).toBe(false);
  await eventually("a rotation", () => existsSync(`${file}.1`));
  expect(statSync(`${file}.1`).size).toBeGreaterThanOrEqual(2 * 1_024);
  expect(statSync(`${file}.1`).size).toBeLessThan(3 * 1_024);
  expect(read(`${file}.1`)).toMatch(/^line/);
});
