import { existsSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect } from "vitest";
import { eventually, startDaemon, type TestDaemon } from "../support/daemon.ts";
import {
  bindDisk,
  type Disk,
  loopDisk,
  needsBindfs,
  needsDisks,
  testWithBindfs,
  testWithDisks,
} from "../support/disks.ts";

const SIZE = 16 * 2 ** 20;
const read = (file: string) => (existsSync(file) ? readFileSync(file, "latin1") : "");

const counting = (name: string, log: string, more = "") => `
[program:${name}]
command=sh -c 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.002; done'
startsecs=0
stdout_logfile=${log}
${more}`;

const other = counting("other", "%(here)s/other.log");

/** Every line up to the last. */
function expectAll(log: string): void {
  const last = Number(/line (\d+)\n$/.exec(log)?.[1]);
  expect(last).toBeGreaterThan(0);
  expect(log).toBe(Array.from({ length: last }, (_, n) => `line ${n + 1}\n`).join(""));
}

/** The rest of the fleet goes on, and who asks the daemon has an answer at once. */
async function goesOn(daemon: TestDaemon): Promise<void> {
  const before = daemon.file("other.log").length;
  const latencies: number[] = [];
  await eventually("the other program", async () => {
    const asked = performance.now();
    await daemon.info("counter");
    latencies.push(performance.now() - asked);
    return daemon.file("other.log").length > before + 3_000;
  });
  expect(latencies.length).toBeGreaterThan(10);
  // One may have met with another process on a machine that has much to do.
  expect(latencies.toSorted((a, b) => a - b)[latencies.length >> 1]).toBeLessThan(100);
}

const stop = (daemon: TestDaemon, name: string) =>
  daemon.client.call("supervisor.stopProcess", { name, wait: true });

/** Processes that write logs for a daemon. */
const writers = (daemon: TestDaemon): number[] =>
  readdirSync("/proc")
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        return words.startsWith("droverd: logs on") && status.includes(`\nPPid:\t${daemon.pid}\n`);
      } catch {
        return false;
      }
    })
    .map(Number);

describe.each<[string, () => Disk, typeof testWithDisks]>([
  [`a disk that is frozen${needsDisks}`, () => loopDisk(SIZE), testWithDisks],
  [`a file system whose server has stopped${needsBindfs}`, bindDisk, testWithBindfs],
])("%s", (_, make, test) => {
  test("stops who writes to it and nobody else, and in the end nothing is missing", async () => {
    const disk = make();
    const [file, late] = [disk.at("counter.log"), disk.at("late.log")];
    const daemon = await startDaemon(
      `${counting("counter", file)}${counting("late", late, "autostart=false")}${other}`,
    );
    await eventually("lines", () => read(file).includes("line 10\n"));
    const thaw = disk.freeze();
    await goesOn(daemon);
    const asked = performance.now();
    await daemon.client.call("supervisor.startProcess", { name: "late", wait: true });
    expect(performance.now() - asked).toBeLessThan(2_000);
    await goesOn(daemon);
    thaw();
    for (const [name, log] of [
      ["counter", file],
      ["late", late],
    ] as const) {
      await eventually(`lines of ${name}`, () => read(log).length > 3_000);
      await stop(daemon, name);
      await eventually("the last line", () => read(log).endsWith("\n"));
      const settled = read(log).length;
      await eventually("no more lines", () => read(log).length >= settled);
      expectAll(read(log));
      const { lost_bytes } = await daemon.client.call("supervisor.getProcessInfo", { name });
      expect(lost_bytes).toEqual({ stdout: 0, stderr: 0 });
    }
    expect(daemon.log()).not.toMatch(/cannot write|lost/);
    expect(writers(daemon)).toHaveLength(1);
  });

  test.each([[""], ["off"]])(
    "holds up the end of the daemon for a moment, and what it had not taken is told: DROVER_NATIVE=%s",
    async (DROVER_NATIVE) => {
      const disk = make();
      const file = disk.at("counter.log");
      const env = { DROVER_NATIVE };
      const daemon = await startDaemon(`${counting("counter", file)}${other}`, "", { env });
      await eventually("lines", () => read(file).includes("line 10\n"));
      const thaw = disk.freeze();
      await goesOn(daemon);
      const [writer = 0] = writers(daemon);
      const asked = performance.now();
      expect(await daemon.stop()).toBe(0);
      expect(performance.now() - asked).toBeLessThan(6_000);
      const told = new RegExp(`(\\d+) bytes of output for ${file} were lost`).exec(daemon.log());
      const lost = Number(told?.[1]);
      expect(lost).toBeGreaterThan(1_000);
      expect(existsSync(`/proc/${writer}`)).toBe(true);
      thaw();
      await eventually("the end of the log writer", () => !existsSync(`/proc/${writer}`));
      // What was under way may have arrived after all.
      expectAll(`${read(file).replace(/[^\n]*$/, "")}`);
    },
  );
});

testWithBindfs(`nobody waits long for a log that cannot be read${needsBindfs}`, async () => {
  const disk = bindDisk();
  const file = disk.at("counter.log");
  const daemon = await startDaemon(`${counting("counter", file)}${other}`);
  await eventually("lines", () => read(file).includes("line 10\n"));
  const thaw = disk.freeze();
  const answer = new RegExp(`the disk of ${file} does not answer|status code 503`);
  const range = { name: "counter", offset: 0, length: 20 };
  const ignore = () => undefined;
  const { signal } = new AbortController();
  const readers = [
    () => daemon.client.call("supervisor.readProcessStdoutLog", range),
    () => daemon.client.follow("/logtail/counter/stdout", ignore, signal),
    () => daemon.client.follow("/logs/counter?lines=3", ignore, signal),
  ];
  for (const reader of readers) await expect(reader()).rejects.toThrow(answer);
  expect(await daemon.client.call("supervisor.tailProcessStdoutLog", range)).toEqual([
    "",
    0,
    false,
  ]);
  await goesOn(daemon);
  // It is begun anew when the disk answers: nobody waits for that.
  await daemon.client.call("supervisor.clearProcessLogs", { name: "counter" });
  await goesOn(daemon);
  thaw();
  await eventually("the log", async () => /^line \d+\n/.test(`${await readers[0]?.()}`));
});

describe(`a log on a disk that may hang${needsDisks}`, () => {
  testWithDisks("is rotated, and goes on by its name after SIGUSR2", async () => {
    const disk = loopDisk(SIZE);
    const [rotated, moved] = [disk.at("rotated.log"), disk.at("moved.log")];
    const many = 'command=seq -f "line %%.0f" 1 100000\nautorestart=false';
    const daemon = await startDaemon(`
${counting("counter", moved)}
${counting("rotated", rotated, `stdout_logfile_maxbytes=100KB\nstdout_logfile_backups=20`).replace(/command=.*/, many)}
`);
    await daemon.state("rotated", "EXITED");
    const names = () =>
      Array.from({ length: 21 }, (_, n) => `${rotated}.${20 - n}`)
        .concat(rotated)
        .filter((name) => existsSync(name));
    const all = Array.from({ length: 100_000 }, (_, n) => `line ${n + 1}\n`).join("");
    const text = () => names().map(read).join("");
    await eventually("all of it", () => text().length >= all.length);
    expect(text() === all).toBe(true);
    expect(names().length).toBeGreaterThan(5);
    for (const name of names().slice(0, -1)) {
      expect(statSync(name).size).toBeGreaterThanOrEqual(102_400);
    }

    renameSync(moved, `${moved}.1`);
    process.kill(daemon.pid, "SIGUSR2");
    await eventually("a new file", () => read(moved).includes("\n"));
    await stop(daemon, "counter");
    await eventually("the last line", () => read(moved).endsWith("\n"));
    expectAll(read(`${moved}.1`) + read(moved));
  });

  testWithDisks(
    "is made as it is to be, and begun anew by a call that does not wait for it",
    async () => {
      const disk = loopDisk(SIZE);
      const file = disk.at("counter.log");
      const daemon = await startDaemon(`${counting("counter", file, "log_mode=0640")}${other}`);
      await eventually("lines", () => read(file).includes("line 10\n"));
      expect(statSync(file).mode & 0o777).toBe(0o640);
      const clear = () => daemon.client.call("supervisor.clearProcessLogs", { name: "counter" });
      await clear();
      await eventually(
        "the log anew",
        () => /^line \d+\n/.test(read(file)) && !read(file).startsWith("line 1\n"),
      );
      expect(statSync(file).mode & 0o777).toBe(0o640);

      const { ino } = statSync(file);
      const thaw = disk.freeze();
      const asked = performance.now();
      await clear();
      expect(performance.now() - asked).toBeLessThan(1_000);
      await goesOn(daemon);
      thaw();
      await eventually(
        "the log anew once more",
        () => read(file) !== "" && statSync(file).ino !== ino,
      );
      expect((await daemon.info("counter")).statename).toBe("RUNNING");
    },
  );

  testWithDisks("shares one process with others, which is gone when the daemon is", async () => {
    const disk = loopDisk(SIZE);
    const daemon = await startDaemon(`
${counting("counter", disk.at("%(program_name)s_%(process_num)d.log"))}
process_name=%(program_name)s_%(process_num)d
numprocs=8`);
    const files = Array.from({ length: 8 }, (_, n) => disk.at(`counter_${n}.log`));
    await eventually("lines", () => files.every((file) => read(file).includes("line 10\n")));
    const [writer = 0, ...others] = writers(daemon);
    expect(others).toEqual([]);
    expect(
      readdirSync(path.join(daemon.dir, "run")).filter((name) => name.includes("helper")),
    ).toEqual([]);
    expect(await daemon.stop()).toBe(0);
    await eventually("its end", () => !existsSync(`/proc/${writer}`));
    for (const file of files) expectAll(read(file));
    expect(daemon.log()).not.toContain("lost");
  });

  testWithDisks("outlives its writer: what that had not answered for is counted", async () => {
    const disk = loopDisk(SIZE);
    const file = disk.at("counter.log");
    const daemon = await startDaemon(counting("counter", file));
    await eventually("lines", () => read(file).includes("line 10\n"));
    process.kill(writers(daemon)[0] ?? 0, "SIGKILL");
    const before = read(file).length;
    await eventually("more lines", () => read(file).length > before + 1_000);
    expect(writers(daemon)).toHaveLength(1);
    expect((await daemon.info("counter")).statename).toBe("RUNNING");
  });

  testWithDisks("may be the daemon's own: it answers all the same", async () => {
    const disk = loopDisk(SIZE);
    const main = disk.at("droverd.log");
    const daemon = await startDaemon(`${counting("counter", "NONE")}${other}`, `logfile=${main}`);
    await eventually("lines", () => read(main).includes("spawned: 'other'"));
    const thaw = disk.freeze();
    await goesOn(daemon);
    await stop(daemon, "counter");
    thaw();
    await eventually("what was said", () => read(main).includes("stopped: counter"));
    expect(await daemon.stop()).toBe(0);
    await eventually("the last words", () => read(main).includes("stopped: other"));
  });
});
