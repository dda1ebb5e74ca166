import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { unifiedCgroup } from "../../src/os/cgroups.ts";
import { Enclosure } from "../../src/os/enclosure.ts";
import { eventually, isAlive } from "../support/daemon.ts";

const read = (file: string) => readFileSync(file, "utf8");
const own = unifiedCgroup({
  cgroup: read("/proc/self/cgroup"),
  mountinfo: read("/proc/self/mountinfo"),
});
const name = `drover-test-${process.pid}`;
const folder = path.join(own?.folder ?? "", name);

/** Whether a cgroup may be made here. */
function mayMake(): boolean {
  const enclosure = Enclosure.named(name);
  const made = enclosure?.make() ?? false;
  enclosure?.remove();
  return made;
}
const skipped = mayMake() ? "" : " (SKIPPED: no cgroup of version 2 may be made here)";

describe.runIf(skipped === "")(`a cgroup of its own${skipped}`, () => {
  function enclosed(): Enclosure {
    const enclosure = Enclosure.named(name);
    if (!enclosure?.make()) throw new Error("could be made a moment ago");
    onTestFinished(async () => {
      enclosure.kill();
      await eventually("it is empty", () => enclosure.pids().length === 0);
      enclosure.remove();
    });
    return enclosure;
  }

  /** A shell that waits to be told, and then starts one that leaves it in every other way. */
  function start(): { pid: number; tell(): void } {
    const leave = 'read x; (env -i setsid sh -c "exec sleep 1000" &); exec sleep 1000';
    const child = spawn("sh", ["-c", leave], { stdio: ["pipe", "ignore", "ignore"] });
    return { pid: child.pid ?? 0, tell: () => child.stdin.write("\n") };
  }

  test("keeps whoever is started in it, and kills all of them", async () => {
    const enclosure = enclosed();
    const { pid, tell } = start();
    expect(enclosure.add(pid)).toBe(true);
    expect(enclosure.pids()).toEqual([pid]);
    tell();
    const pids = await eventually("both are in it", () => {
      const now = enclosure.pids();
      return now.length === 2 ? now : undefined;
    });
    enclosure.remove();
    expect(existsSync(folder)).toBe(true);
    enclosure.kill();
    await eventually("both are gone", () => !pids.some(isAlive));
    await eventually("it is empty", () => enclosure.pids().length === 0);
    enclosure.remove();
    expect(existsSync(folder)).toBe(false);
    expect(enclosure.pids()).toEqual([]);
  });

  test("is taken over as it was left", async () => {
    const { pid } = start();
    enclosed().add(pid);
    const again = Enclosure.named(name);
    expect(again?.make()).toBe(true);
    expect(again?.pids()).toEqual([pid]);
  });

  test("takes nobody who is gone", async () => {
    const enclosure = enclosed();
    const { pid } = start();
    process.kill(pid, "SIGKILL");
    await eventually("it is gone", () => !existsSync(`/proc/${pid}`));
    expect(enclosure.add(pid)).toBe(false);
  });
});
