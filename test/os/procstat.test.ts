import { readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { identify } from "../../src/os/identity.ts";
import { listPids, parseStat, readProcesses, readStat } from "../../src/os/procstat.ts";
import { eventually } from "../support/daemon.ts";
import { hopper, startChild } from "../support/marked.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("a stat file", () => {
  const rest = `7 41 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 123456 8192 99 1844`;
  const told = { pid: 42, parent: 7, group: 41, session: 40, threads: 3, start: "123456" };

  test.each(["sh", "a b", "", "(", ")", ") Z 1 1 1 (", "x) R\n1 (y) S 2", "\n", "é\u{fffd}"])(
    "of a process named %j",
    (name) => {
      expect(parseStat(`42 (${name}) S ${rest}\n`)).toEqual({ ...told, name, dead: false });
    },
  );

  test.each([
    ["Z", 1, true],
    ["X", 0, true],
    ["Z", 3, false],
    ["R", 1, false],
    ["D", 1, false],
    ["T", 1, false],
  ])("in the state %s with %d threads", (state, threads, dead) => {
    const text = `42 (Z) ${state} ${rest.replace(" 3 0 123456", ` ${threads} 0 123456`)}\n`;
    expect(parseStat(text)).toMatchObject({ threads, dead, start: "123456" });
  });
});

describe("a process", () => {
  test.each([
    ["sleeper", "sleeper"],
    ["a b", "a b"],
    [") Z 1 1 (", ") Z 1 1 ("],
    ["x\ny) R 1 (", "x\ny) R 1 ("],
    ["é".repeat(20), "ééééééé\u{fffd}"],
  ])("is told of, though its name is %j", async (name, told) => {
    const file = path.join(temporaryFolder(), name);
    symlinkSync("/bin/sleep", file);
    const { pid } = startChild(file, ["1000"]);
    const stat = readStat(pid);
    const expected = { pid, name: told, parent: process.pid, group: pid, session: pid };
    expect(stat).toMatchObject({ ...expected, threads: 1, dead: false });
    expect(identify(pid)).toMatchObject({ pid, start: stat?.start });
  });

  test("is dead while its parent has not asked for it, and then there is none", async () => {
    const { pid, exited } = startChild("/bin/sleep", ["0"]);
    // Node asks only in a later turn of its loop.
    while (readStat(pid)?.dead === false);
    expect(readStat(pid)).toMatchObject({ pid, dead: true });
    expect(identify(pid)).toBeUndefined();
    await exited;
    expect(readStat(pid)).toBeUndefined();
    expect(identify(pid)).toBeUndefined();
  });

  testWithPython(`lives while any of its threads does${needsPython}`, async () => {
    // exit(2), the system call, ends the calling thread only.
    const program = `
import ctypes, platform, threading, time
threading.Thread(target=lambda: time.sleep(1000)).start()
ctypes.CDLL(None).syscall(93 if platform.machine() == "aarch64" else 60, 0)`;
    const { pid } = startChild("python3", ["-c", program]);
    // The state of the first thread is that of the process.
    const state = () => /^State:\s+(.)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    await eventually("the first thread has ended", () => state() === "Z");
    expect(readStat(pid)).toMatchObject({ dead: false });
    expect(identify(pid)).toMatchObject({ pid });
    process.kill(pid, "SIGKILL");
  });
});

describe("all processes", () => {
  test("are those that /proc lists", () => {
    const pids = readProcesses().map(({ pid }) => pid);
    expect(pids).toEqual(expect.arrayContaining([1, process.pid, process.ppid]));
    expect(new Set(pids).size).toBe(pids.length);
  });

  test("hold one that always forks the next and ends", async () => {
    const { pid, exited } = startChild("perl", hopper(0.5, 20_000));
    await exited;
    const end = Date.now() + 3_000;
    for (let looks = 0; looks < 100 && Date.now() < end; looks++) {
      const living = readProcesses().filter(({ session, dead }) => session === pid && !dead);
      expect(living.length).toBeGreaterThan(0);
    }
  });
});

test("of a folder of /proc only the numbers are listed", () => {
  expect(listPids(`/proc/${process.pid}/task`)).toContain(process.pid);
  for (const pid of listPids("/proc")) expect(pid).toBeGreaterThan(0);
});
