import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { familyAmong, familyOf, memoryOf } from "../../src/os/memory.ts";
import { readProcesses, readStat } from "../../src/os/procstat.ts";
import { asRoot } from "../support/children.ts";
import { eventually } from "../support/daemon.ts";
import { startChild } from "../support/marked.ts";
import { asNobody } from "../support/nobody.ts";
import { needsPython, testWithPython } from "../support/python.ts";

const shell = (script: string) => startChild("/bin/sh", ["-c", script]);

/** One that takes at least so much, and then does nothing. */
async function holder(megabytes: number): Promise<number> {
  const child = startChild("perl", [
    "-e",
    `$held = "x" x ${megabytes * 2 ** 20}; open F, ">ready"; print F $$; close F; sleep 1000`,
  ]);
  const pid = await child.noted("ready");
  const sleeps = () => /^State:\s+S/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  await eventually("it sleeps", sleeps);
  return pid;
}

/** A line of a file of /proc that is in kB. */
function kilobytes(pid: number, file: string, name: string): number {
  const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]);
}

const nobody = 2 ** 22; // more than any pid

describe("the memory of processes", () => {
  test("is what they hold resident, together", async () => {
    const [small, large] = [await holder(1), await holder(40)];
    const rss = (pid: number) => kilobytes(pid, "status", "VmRSS") * 1024;
    expect(memoryOf([large], "rss")).toBe(rss(large));
    expect(memoryOf([large], "rss")).toBeGreaterThan(40 * 2 ** 20);
    expect(memoryOf([small, large], "rss")).toBe(rss(small) + rss(large));
  });

  test("is as pss what they do not share, and their part of the rest", async () => {
    const [small, large] = [await holder(1), await holder(40)];
    const pss = memoryOf([small, large], "pss");
    expect(pss).toBeGreaterThan(41 * 2 ** 20);
    expect(pss).toBeLessThan(memoryOf([small, large], "rss"));
    const parts = [small, large].map((pid) => kilobytes(pid, "smaps_rollup", "Pss") * 1024);
    // Others that start and end beside them change their parts.
    expect(Math.abs(pss - parts.reduce((sum, part) => sum + part, 0))).toBeLessThan(2 ** 20);
  });

  test.each(["rss", "pss"] as const)(
    "is nothing for those that are gone, as %s",
    async (measure) => {
      const pid = await holder(1);
      const before = memoryOf([pid], measure);
      expect(before).toBeGreaterThan(2 ** 20);
      expect(memoryOf([], measure)).toBe(0);
      expect(memoryOf([nobody], measure)).toBe(0);
      process.kill(pid, "SIGKILL");
      // Node asks only in a later turn of its loop: it is a zombie, and then there is none.
      while (readStat(pid)?.dead === false);
      expect(memoryOf([pid, nobody], measure)).toBe(0);
      await eventually("it is gone", () => readStat(pid) === undefined);
      expect(memoryOf([pid, nobody], measure)).toBe(0);
    },
  );

  test.runIf(asRoot)(
    "is refused as pss, not as rss, to who may not look into another user's (only as root)",
    async () => {
      const pid = await holder(1);
      expect(asNobody("os/memory.js", `module.memoryOf([${pid}], "rss")`)).toBe(
        String(memoryOf([pid], "rss")),
      );
      expect(asNobody("os/memory.js", `module.memoryOf([${pid}], "pss")`)).toMatch(
        /^EACCES: .*smaps_rollup/,
      );
    },
  );
});

const sorted = (pids: readonly number[]) => [...pids].sort((a, b) => a - b);

describe("the family of a process", () => {
  /** Waits until it has so many, by both ways to find them; the process itself comes first. */
  const family = (pid: number, size: number): Promise<number[]> =>
    eventually(`there are ${size}`, () => {
      const found = familyOf(pid);
      if (found.length !== size) return undefined;
      const other = familyAmong(readProcesses(), pid);
      expect(sorted(other)).toEqual(sorted(found));
      expect([found[0], other[0]]).toEqual([pid, pid]);
      return found;
    });

  test("is itself alone when it has no children", async () => {
    const { pid } = startChild("/bin/sleep", ["1000"]);
    expect(await family(pid, 1)).toEqual([pid]);
  });

  test("holds children and theirs, in sessions of their own too, and no orphans", async () => {
    const { pid, noted } = shell(`
      sleep 1000 & echo $! >child
      setsid sh -c 'sleep 1000 & echo $! >grandchild; wait' & echo $! >made
      sh -c 'sleep 1000 & echo $! >orphan'; wait`);
    const names = ["child", "grandchild", "made"];
    const expected = [pid, ...(await Promise.all(names.map((name) => noted(name))))];
    const orphan = await noted("orphan");
    await eventually("it is an orphan", () => readStat(orphan)?.parent !== pid);
    expect(sorted(await family(pid, 4))).toEqual(sorted(expected));
  });

  test("holds no zombies", async () => {
    const { pid } = shell("sleep 0 & sleep 1000 & exec sleep 1000");
    const dead = () => readProcesses().some((process) => process.parent === pid && process.dead);
    await eventually("one has ended", dead);
    await family(pid, 2);
    expect(dead()).toBe(true);
  });

  testWithPython(`holds those that other threads have forked${needsPython}`, async () => {
    const program = `
import subprocess, threading
def start():
  child = subprocess.Popen(["sleep", "1000"])
  with open("child", "w") as file: file.write(str(child.pid))
  child.wait()
threading.Thread(target=start).start()`;
    const { pid, noted } = startChild("python3", ["-c", program]);
    const child = await noted("child");
    expect(await family(pid, 2)).toEqual([pid, child]);
    expect(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")).toBe("");
  });

  test("is nobody when it is gone, or a zombie", async () => {
    const { pid, exited } = startChild("/bin/sleep", ["0"]);
    while (readStat(pid)?.dead === false);
    for (const gone of [pid, nobody]) {
      expect(familyOf(gone)).toEqual([]);
      expect(familyAmong(readProcesses(), gone)).toEqual([]);
    }
    await exited;
    expect(familyOf(pid)).toEqual([]);
  });
});
