import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Disks } from "../../src/daemon/disks.ts";
import { Launcher } from "../../src/daemon/launcher.ts";
import { Sinks } from "../../src/daemon/sinks.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("a launcher", () => {
  test("postpones what is in no hurry until nothing waits to be started", async () => {
    const launcher = new Launcher();
    const done: string[] = [];
    expect(launcher.postpone(() => done.push("never"))).toBe(false);
    launcher.enqueue(() => done.push("first"));
    expect(launcher.postpone(() => done.push("later"))).toBe(true);
    launcher.enqueue(() => done.push("second"));
    await vi.waitFor(() => expect(done).toEqual(["first", "second", "later"]));
  });
});

/** A log that a fleet's start makes later. */
function postponed(file: string) {
  const reports = {
    ...{ failing: vi.fn(), recovered: vi.fn(), abandoned: vi.fn() },
    ...{ trouble: vi.fn(), disputed: vi.fn() },
  };
  const disks = new Disks({ script: "", folder: path.dirname(file) }, () => undefined, {
    hangs: () => undefined,
  });
  const sinks = new Sinks(reports, disks);
  const sink = sinks.open({ path: file, maxBytes: 0, backups: 0 });
  const later: (() => void)[] = [];
  const acquire = () => sink.acquire(undefined, (act) => later.push(act) > 0);
  onTestFinished(() => sinks.giveUp());
  const catchUp = () => {
    for (const act of later.splice(0)) act();
  };
  return { sink, reports, later, acquire, catchUp };
}

describe("a log that is made later", () => {
  test("is made when there is time, or when something is written to it", () => {
    const folder = temporaryFolder();
    const [one, other] = [
      postponed(path.join(folder, "one")),
      postponed(path.join(folder, "other")),
    ];
    for (const { acquire } of [one, other]) acquire();
    expect(existsSync(path.join(folder, "one"))).toBe(false);
    other.sink.write([Buffer.from("early")]);
    expect(readFileSync(path.join(folder, "other"), "utf8")).toBe("early");
    for (const { catchUp } of [one, other]) catchUp();
    expect(readFileSync(path.join(folder, "one"), "utf8")).toBe("");
    other.sink.write([Buffer.from(" late")]);
    expect(readFileSync(path.join(folder, "other"), "utf8")).toBe("early late");
    expect(one.sink.generation).toBe(1);
    expect(other.sink.generation).toBe(1);
  });

  test("is not made for somebody who has gone", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink, acquire, catchUp } = postponed(file);
    acquire();
    sink.release();
    catchUp();
    expect(existsSync(file)).toBe(false);
  });

  test("fails as any other when it cannot be made then, and not those who write", () => {
    const folder = path.join(temporaryFolder(), "logs");
    mkdirSync(folder);
    const file = path.join(folder, "log");
    const { sink, reports, acquire, catchUp } = postponed(file);
    acquire();
    rmSync(folder, { recursive: true });
    catchUp();
    expect(reports.failing.mock.calls).toEqual([[file, "ENOENT", false]]);
    mkdirSync(folder);
    sink.write([Buffer.from("back")]);
    expect(readFileSync(file, "utf8")).toBe("back");
  });

  test.each<[string, (file: string) => void]>([
    ["there already", (file) => writeFileSync(file, "old")],
    ["a link to nothing", (file) => symlinkSync("nowhere", file)],
  ])("is opened at once when it is %s", (_, make) => {
    const file = path.join(temporaryFolder(), "log");
    make(file);
    const { later, acquire } = postponed(file);
    acquire();
    expect(later).toEqual([]);
  });

  test("is opened at once where it cannot be made, so that it is told", () => {
    const { later, acquire } = postponed(path.join(temporaryFolder(), "missing/log"));
    expect(acquire).toThrow("ENOENT");
    expect(later).toEqual([]);
  });
});
