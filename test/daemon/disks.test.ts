import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Disks } from "../../src/daemon/disks.ts";
import { Sinks } from "../../src/daemon/sinks.ts";
import type { hangingPlace } from "../../src/os/mounts.ts";
import { root } from "../support/daemon.ts";
import {
  bindDisk,
  loopDisk,
  needsBindfs,
  needsDisks,
  testWithBindfs,
  testWithDisks,
} from "../support/disks.ts";
import { lossesIn } from "../support/marks.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = path.join(root, "dist/daemon/logwriter.js");

/** Logs that are all written elsewhere, or only on disks that are slow. */
function sinksOn(where: "elsewhere" | "slow disks", trustedAfterMs?: number) {
  const folder = temporaryFolder();
  const mount = { device: "0:0", at: "/", type: "nfs" };
  const hangs: typeof hangingPlace = (file) =>
    where === "elsewhere" ? { mount, path: file } : undefined;
  const options = trustedAfterMs === undefined ? { hangs } : { hangs, trustedAfterMs };
  const reports = {
    failing: vi.fn(),
    recovered: vi.fn(),
    abandoned: vi.fn(),
    disputed: vi.fn(),
    trouble: vi.fn(),
  };
  const onSlow = vi.fn();
  const sinks = new Sinks(reports, new Disks({ script, folder }, onSlow, options));
  onTestFinished(() => sinks.giveUp());
  const open = (file: string, blocks = false) => {
    const sink = sinks.open({ path: file, maxBytes: 0, backups: 0, blocks });
    const writer = { pause: vi.fn(), resume: vi.fn() };
    sink.acquire(writer);
    return { sink, writer, write: (text: string) => sink.write([Buffer.from(text)], tally) };
  };
  const tally = { lost: 0 };
  return { sinks, reports, onSlow, tally, open };
}

const read = (file: string) => (existsSync(file) ? readFileSync(file, "latin1") : "");
const until = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 15_000, interval: 5 });

/** This process's own log writers. */
const writers = (): string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      const isWriter = readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("droverd: logs on");
      return (
        isWriter && readFileSync(`/proc/${pid}/status`, "utf8").includes(`PPid:\t${process.pid}\n`)
      );
    } catch {
      return false;
    }
  });

describe("a log that is written elsewhere", () => {
  test("has everything in its order, and its parts together", async () => {
    const { open, sinks } = sinksOn("elsewhere");
    const file = path.join(temporaryFolder(), "log");
    const { sink, writer, write } = open(file);
    expect(sink.generation).toBe(0);
    let wanted = "";
    for (let n = 0; n < 1_000; n++) {
      wanted += `${n}|`;
      sink.write([Buffer.from(`${n}`), Buffer.from("|")]);
    }
    const large = "x".repeat(1_000_000);
    write(large);
    expect(writer.pause).toHaveBeenCalledTimes(1);
    expect(sink.full).toBe(true);
    await until(() => read(file).length === wanted.length + large.length);
    expect(read(file)).toBe(wanted + large);
    await until(() => writer.resume.mock.calls.length === 1);
    expect(sink.generation).toBe(1);
    expect(await sinks.untilRoom(10_000)).toBe(false);
    sink.release(writer);
  });

  test("that cannot be opened is told, and made when it can be", async () => {
    const { open, reports, tally } = sinksOn("elsewhere");
    const file = path.join(temporaryFolder(), "missing/log");
    const { write } = open(file);
    let written = "";
    const say = (text: string) => {
      written += text;
      write(text);
    };
    say("one ");
    await until(() => reports.failing.mock.calls.length === 1);
    expect(reports.failing.mock.calls).toEqual([[file, "ENOENT", false]]);
    for (let n = 0; n < 50; n++) say("more ");
    mkdirSync(path.dirname(file));
    await until(() => {
      say("x");
      return reports.recovered.mock.calls.length === 1;
    });
    say("end");
    await until(() => read(file).endsWith("end"));
    expect(lossesIn(read(file), written)).toEqual({ lost: tally.lost, errnos: expect.any(Array) });
    expect(reports.recovered.mock.calls).toEqual([[file, tally.lost]]);
  });

  test("waits with log_full=block until it can be written, and nothing is missing", async () => {
    const { open, reports, tally } = sinksOn("elsewhere");
    const file = path.join(temporaryFolder(), "missing/log");
    const { sink, writer, write } = open(file, true);
    write("one ");
    await until(() => writer.pause.mock.calls.length === 1);
    write("two ");
    expect(sink.full).toBe(true);
    mkdirSync(path.dirname(file));
    await until(() => writer.resume.mock.calls.length === 1);
    expect(read(file)).toBe("one two ");
    expect(tally.lost).toBe(0);
    expect(reports.failing.mock.calls).toEqual([[file, "ENOENT", true]]);
    expect(reports.recovered.mock.calls).toEqual([[file, 0]]);
  });

  test("that is deleted is made anew", async () => {
    const { open } = sinksOn("elsewhere");
    const file = path.join(temporaryFolder(), "log");
    const { write } = open(file);
    write("old");
    await until(() => read(file) === "old");
    rmSync(file);
    await until(() => {
      write("new ");
      return existsSync(file);
    });
  });

  test("has a process that stays for the next log, and goes with the last", async () => {
    const others = new Set(writers());
    const own = () => writers().filter((pid) => !others.has(pid));
    const { open, sinks } = sinksOn("elsewhere");
    const first = open(path.join(temporaryFolder(), "log"));
    first.write("x");
    await until(() => !first.sink.waits);
    const [pid] = own();
    expect(pid).toBeDefined();
    first.sink.release(first.writer);
    const second = open(path.join(temporaryFolder(), "log"));
    second.write("x");
    await until(() => !second.sink.waits);
    expect(own()).toEqual([pid]);
    second.sink.release(second.writer);
    sinks.giveUp();
    await until(() => own().length === 0);
  });
});

testWithBindfs(
  `a disk that was slow is written elsewhere until it is quick again${needsBindfs}`,
  async () => {
    const { open, onSlow } = sinksOn("slow disks", 1_500);
    const before = writers().length;
    const disk = bindDisk();
    const file = disk.at("log");
    const { sink, write } = open(file);
    let wanted = "";
    const say = (text: string) => {
      wanted += text;
      write(text);
    };
    say("at once ");
    expect(read(file)).toBe(wanted);
    const thaw = disk.freeze();
    // From outside: this process stands still with the disk.
    thawLater(disk.server, 400);
    const began = performance.now();
    say("slowly ");
    expect(performance.now() - began).toBeGreaterThan(200);
    thaw();
    expect(writers().length).toBe(before);
    expect(onSlow.mock.calls).toEqual([[file, expect.any(Number)]]);
    say("elsewhere ");
    expect(sink.waits).toBe(true);
    await until(() => read(file) === wanted);
    expect(writers().length).toBe(before + 1);

    disk.freeze();
    const asked = performance.now();
    say("without waiting ");
    expect(performance.now() - asked).toBeLessThan(100);
    thaw();
    await until(() => read(file) === wanted);
    await until(() => {
      if (!sink.waits) say(".");
      return read(file) === wanted && !sink.waits;
    });
    // It has been quick for long enough by now.
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    await until(() => !sink.waits);
    say("at once again");
    expect(sink.waits).toBe(false);
    expect(read(file)).toBe(wanted);
  },
);

function thawLater(pid: number, ms: number): void {
  spawn("sh", ["-c", `sleep ${ms / 1_000}; kill -CONT ${pid}`], { stdio: "ignore" });
}

describe.each(["elsewhere", "slow disks"] as const)(
  `a disk that fails, %s${needsDisks}`,
  (where) => {
    testWithDisks("costs what is written until another one is mounted in its place", async () => {
      const { open, reports, tally } = sinksOn(where);
      const disk = loopDisk(2 ** 20);
      const file = disk.at("log");
      const { write } = open(file);
      let written = "";
      const say = (text: string) => {
        written += text;
        write(text);
      };
      say("old\n");
      await until(() => read(file) === "old\n");
      disk.fail();
      await until(() => {
        say("lost\n");
        return tally.lost > 50;
      });
      expect(reports.failing.mock.calls).toEqual([[file, "EIO", false]]);
      disk.mountAgain();
      const before = "old\n".length;
      await until(() => {
        say("more\n");
        return reports.recovered.mock.calls.length === 1;
      });
      say("end\n");
      await until(() => read(file).endsWith("end\n"));
      const log = read(file);
      // What the old disk had taken went with it, as far as it had not been written down.
      const mark = /\[drover: (\d+) bytes/.exec(log);
      expect(Number(mark?.[1])).toBe(tally.lost);
      expect(written.slice(before + tally.lost).endsWith(log.split("]\n")[1] ?? "?")).toBe(true);
    });
  },
);
