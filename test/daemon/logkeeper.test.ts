import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type LogCare, noCare } from "../../src/daemon/logcare.ts";
import { LogKeeper } from "../../src/daemon/logkeeper.ts";
import { Sink } from "../../src/daemon/sink.ts";
import { StillClock } from "../support/clock.ts";
import { isRoot } from "../support/rights.ts";
import { temporaryFolder } from "../support/temporary.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Thirty minutes after a full hour, in any zone that is not in between. */
const NOW = Date.parse("2026-11-26T10:30:00Z");
const hourly: Partial<LogCare> = { schedule: { everyMs: HOUR, atMs: [] } };

interface Given {
  care: Partial<LogCare>;
  file?: string;
  backups?: number;
  clock?: StillClock;
  places?: ConstructorParameters<typeof LogKeeper>[1];
}

/** A log that is kept, by a clock that stands still. */
function keep({ care, backups = 5, places, ...given }: Given) {
  const { file = path.join(temporaryFolder(), "log"), clock = new StillClock(NOW) } = given;
  const reports = {
    ...{ failing: vi.fn(), trouble: vi.fn(), recovered: vi.fn() },
    ...{ abandoned: vi.fn(), disputed: vi.fn() },
  };
  const spec = { path: file, maxBytes: 0, backups, care: { ...noCare, ...care } };
  const sink = new Sink(spec, reports);
  const keeper = new LogKeeper(clock, places);
  keeper.add(sink);
  onTestFinished(() => keeper.close());
  const write = (text: string) => {
    sink.write([Buffer.from(text)]);
    utimesSync(file, clock.wallMs() / 1_000, clock.wallMs() / 1_000);
  };
  return { file, clock, reports, sink, keeper, write };
}

/** A file that was written to at a time. */
function put(file: string, text: string | Buffer, atMs: number): void {
  writeFileSync(file, text);
  utimesSync(file, atMs / 1_000, atMs / 1_000);
}

const names = (file: string): string[] => readdirSync(path.dirname(file)).sort();
const contents = (file: string): Record<string, string> =>
  Object.fromEntries(
    names(file).map((name) => [name, readFileSync(path.join(path.dirname(file), name), "utf8")]),
  );
const until = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 20_000, interval: 2 });

describe("a log that is rotated by the clock", () => {
  test("is moved on when it is time, and not while it is empty", () => {
    const { file, clock, sink, write } = keep({ care: hourly });
    sink.acquire();
    write("first");
    clock.advance(29 * 60_000);
    expect(names(file)).toEqual(["log"]);
    clock.advance(2 * 60_000);
    expect(contents(file)).toEqual({ log: "", "log.1": "first" });
    clock.advance(3 * HOUR);
    expect(names(file)).toEqual(["log", "log.1"]);
    write("second");
    clock.advance(HOUR);
    expect(contents(file)).toEqual({ log: "", "log.1": "second", "log.2": "first" });
    expect(sink.rotations).toBe(2);
    sink.release();
  });

  test.each([
    ["before this hour", NOW - 31 * 60_000, { log: "new", "log.1": "old" }],
    ["in this hour", NOW - 29 * 60_000, { log: "oldnew" }],
    ["by a clock that was ahead", NOW + DAY, { log: "oldnew" }],
  ])("goes on by its last write, %s, whichever daemon opens it", (_, lastMs, expected) => {
    const file = path.join(temporaryFolder(), "log");
    put(file, "old", lastMs);
    const { sink, write } = keep({ care: hourly, file });
    sink.acquire();
    write("new");
    expect(contents(file)).toEqual(expected);
    sink.release();
  });

  test("is moved on too while nobody writes to it, and stays open for nobody", () => {
    const file = path.join(temporaryFolder(), "log");
    put(file, "old", NOW);
    const { clock, sink } = keep({ care: { ...hourly, mode: 0o640 }, file });
    clock.advance(HOUR);
    expect(contents(file)).toEqual({ log: "", "log.1": "old" });
    expect(statSync(file).mode & 0o777).toBe(0o640);
    const { generation } = sink;
    sink.acquire();
    expect(sink.generation).toBe(generation + 1);
    sink.release();
  });

  test("without backups is emptied", () => {
    const { file, clock, sink, write } = keep({ care: hourly, backups: 0 });
    sink.acquire();
    write("old");
    clock.advance(HOUR);
    expect(contents(file)).toEqual({ log: "" });
    sink.release();
  });

  test("follows a clock that is set, back or forward", () => {
    const { file, clock, sink, write } = keep({ care: hourly });
    sink.acquire();
    write("first");
    clock.advance(0);
    clock.set(NOW - 5 * HOUR);
    clock.advance(31 * 60_000);
    expect(contents(file)).toEqual({ log: "", "log.1": "first" });
    write("second");
    clock.set(clock.wallMs() + 3 * HOUR);
    clock.advance(10 * 60_000);
    expect(contents(file)).toEqual({ log: "", "log.1": "second", "log.2": "first" });
    sink.release();
  });

  test("that cannot be rotated goes on, and is tried again the next time", () => {
    const { file, clock, reports, sink, write } = keep({ care: hourly });
    sink.acquire();
    mkdirSync(`${file}.1`);
    write("first");
    clock.advance(3 * HOUR);
    expect(readFileSync(file, "utf8")).toBe("first");
    expect(reports.trouble).toHaveBeenCalledTimes(1);
    sink.release();
  });
});

describe("rotated logs", () => {
  test("go when they are too old, by their last write, and whatever their number", () => {
    const file = path.join(temporaryFolder(), "log");
    put(file, "never goes", NOW - 9 * DAY);
    put(`${file}.1`, "1", NOW - DAY);
    put(`${file}.2.gz`, "2", NOW - 2 * DAY);
    put(`${file}.17`, "17", NOW - 3 * DAY);
    put(`${file}.18.gz`, "18", NOW - 2.5 * DAY);
    put(`${file}.x`, "another's", NOW - 9 * DAY);
    const { clock } = keep({ care: { keepMs: 3 * DAY }, file });
    clock.advance(0);
    expect(names(file)).toEqual(["log", "log.1", "log.18.gz", "log.2.gz", "log.x"]);
    clock.advance(DAY / 2);
    expect(names(file)).toEqual(["log", "log.1", "log.2.gz", "log.x"]);
    clock.advance(DAY / 2);
    expect(names(file)).toEqual(["log", "log.1", "log.x"]);
    clock.advance(DAY - 1);
    expect(names(file)).toEqual(["log", "log.1", "log.x"]);
    clock.advance(1);
    expect(names(file)).toEqual(["log", "log.x"]);
    expect(clock.timers).toBe(0);
  });

  test("that come later have their time too", () => {
    const { file, clock, sink, write } = keep({ care: { keepMs: DAY } });
    sink.acquire();
    write("old");
    clock.advance(HOUR);
    expect(clock.timers).toBe(0);
    sink.rotate();
    clock.advance(DAY - HOUR - 1);
    expect(names(file)).toEqual(["log", "log.1"]);
    clock.advance(1);
    expect(names(file)).toEqual(["log"]);
    sink.release();
  });

  test("that cannot be removed are told once, and the others go", () => {
    const file = path.join(temporaryFolder(), "log");
    put(`${file}.1`, "1", NOW - 2 * DAY);
    const { clock, sink, reports } = keep({ care: { keepMs: DAY, compress: true }, file });
    mkdirSync(path.join(path.dirname(file), ".log.gz.part"));
    clock.advance(0);
    expect(existsSync(`${file}.1`)).toBe(false);
    expect(reports.trouble.mock.calls).toEqual([[expect.stringContaining(".log.gz.part")]]);
    expect(sink.rotations).toBe(0);
  });
});

describe("rotated logs that are compressed", () => {
  const packed = (file: string): string => gunzipSync(readFileSync(file)).toString();

  test("keep their content, mode, owner and time; the newest stays as it is", async () => {
    const { file, clock, sink, reports } = keep({ care: { compress: true } });
    put(`${file}.1`, "newest", NOW);
    put(`${file}.2`, "second\n".repeat(100_000), NOW - DAY);
    put(`${file}.4`, "fourth", NOW - 2 * DAY);
    put(`${file}.9`, "not kept", NOW - 2 * DAY);
    chmodSync(`${file}.2`, 0o604);
    if (isRoot) chownSync(`${file}.2`, 1_234, 4_321);
    const before = statSync(`${file}.2`);
    clock.advance(0);
    await until(() => !existsSync(`${file}.2`));
    expect(names(file)).toEqual(["log.1", "log.2.gz", "log.4.gz", "log.9"]);
    expect(packed(`${file}.2.gz`)).toBe("second\n".repeat(100_000));
    expect(packed(`${file}.4.gz`)).toBe("fourth");
    const after = statSync(`${file}.2.gz`);
    const { mode, uid, gid } = before;
    expect(after).toMatchObject({ mode, uid, gid });
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(1);
    sink.acquire();
    sink.write([Buffer.from("x")]);
    sink.rotate();
    clock.advance(0);
    await until(() => existsSync(`${file}.2.gz`) && !existsSync(`${file}.2`));
    expect(names(file)).toEqual(["log", "log.1", "log.2.gz", "log.3.gz", "log.5.gz", "log.9"]);
    expect(packed(`${file}.2.gz`)).toBe("newest");
    expect(clock.timers).toBe(0);
    expect(reports.trouble).not.toHaveBeenCalled();
    sink.release();
  });

  test("are so from the first one where only one is kept", async () => {
    const { file, clock, sink } = keep({ care: { compress: true }, backups: 1 });
    sink.acquire();
    for (const text of ["first", "second"]) {
      sink.write([Buffer.from(text)]);
      sink.rotate();
      clock.advance(0);
      await until(() => existsSync(`${file}.1.gz`) && !existsSync(`${file}.1`));
      expect(packed(`${file}.1.gz`)).toBe(text);
    }
    expect(names(file)).toEqual(["log", "log.1.gz"]);
    sink.release();
  });

  test("are not lost when they are moved on in the middle of it", async () => {
    const { file, clock, sink, reports } = keep({ care: { compress: true }, backups: 100 });
    sink.acquire();
    const text = (n: number) => `${n}\n`.repeat(150_000);
    for (let n = 0; n < 60; n++) {
      sink.write([Buffer.from(text(n))]);
      sink.rotate();
      clock.advance(0);
      await new Promise((resolve) => setTimeout(resolve, n % 5));
    }
    await until(() => names(file).filter((name) => name.endsWith(".gz")).length === 59);
    expect(names(file)).toHaveLength(61);
    expect(readFileSync(`${file}.1`, "utf8")).toBe(text(59));
    for (let n = 2; n <= 60; n++) expect(packed(`${file}.${n}.gz`)).toBe(text(60 - n));
    expect(reports.trouble).not.toHaveBeenCalled();
    sink.release();
  });

  test("begin anew after a daemon that was killed in the middle of it", async () => {
    const { file, clock, reports } = keep({ care: { compress: true } });
    put(`${file}.2`, "whole", NOW);
    put(path.join(path.dirname(file), ".log.gz.part"), gzipSync("whole").subarray(0, 9), NOW);
    clock.advance(0);
    await until(() => existsSync(`${file}.2.gz`));
    expect(names(file)).toEqual(["log.2.gz"]);
    expect(packed(`${file}.2.gz`)).toBe("whole");
    expect(reports.trouble).not.toHaveBeenCalled();
  });

  test("lose the plain file that was left beside them, if it is certainly the same", () => {
    const { file, clock } = keep({ care: { compress: true } });
    put(`${file}.2`, "same", NOW);
    put(`${file}.2.gz`, gzipSync("same"), NOW);
    put(`${file}.3`, "another time", NOW);
    put(`${file}.3.gz`, gzipSync("another time"), NOW - DAY);
    put(`${file}.4`, "another size", NOW);
    put(`${file}.4.gz`, gzipSync("another"), NOW);
    put(`${file}.5`, "", NOW);
    put(`${file}.5.gz`, "", NOW);
    clock.advance(0);
    const kept = [3, 4, 5].flatMap((n) => [`log.${n}`, `log.${n}.gz`]);
    expect(names(file)).toEqual(["log.2.gz", ...kept]);
  });

  test("that cannot be are told once, and stay", async () => {
    const { file, clock, sink, reports } = keep({ care: { compress: true } });
    sink.acquire();
    clock.advance(0);
    mkdirSync(path.join(path.dirname(file), ".log.gz.part", "x"), { recursive: true });
    for (const text of ["first", "second", "third"]) {
      sink.write([Buffer.from(text)]);
      sink.rotate();
      clock.advance(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => reports.trouble.mock.calls.length > 0);
    expect(reports.trouble.mock.calls).toEqual([
      [
        expect.stringContaining(
          `cannot keep the rotated logs of ${file} in order: cannot compress`,
        ),
      ],
    ]);
    expect(readFileSync(`${file}.3`, "utf8")).toBe("first");
    sink.release();
  });

  test("leave nothing half done when the daemon ends", async () => {
    const { file, clock, keeper, reports } = keep({ care: { compress: true } });
    put(`${file}.2`, Buffer.alloc(50_000_000, "0123456789abcdef\n"), NOW);
    clock.advance(0);
    const part = path.join(path.dirname(file), ".log.gz.part");
    await until(() => existsSync(part));
    keeper.close();
    await until(() => !existsSync(part));
    expect(names(file)).toEqual(["log.2"]);
    expect(statSync(`${file}.2`).size).toBe(50_000_000);
    expect(reports.trouble).not.toHaveBeenCalled();
  });
});

test("hundreds of logs are rotated in turns, each a short one, and none is forgotten", () => {
  /** Time passes whenever somebody looks: five looks are a turn. */
  class BusyClock extends StillClock {
    looks = 0;
    override monotonicMs(): number {
      this.looks++;
      return super.monotonicMs() + this.looks;
    }
  }
  const clock = new BusyClock(NOW);
  const keeper = new LogKeeper(clock);
  onTestFinished(() => keeper.close());
  const ignore = () => undefined;
  const reports = {
    ...{ failing: ignore, trouble: ignore, recovered: ignore },
    ...{ abandoned: ignore, disputed: ignore },
  };
  const folder = temporaryFolder();
  const files = Array.from({ length: 200 }, (_, n) => path.join(folder, `log${n}`));
  for (const file of files) {
    put(file, "old", NOW);
    const care = { ...noCare, ...hourly };
    keeper.add(new Sink({ path: file, maxBytes: 0, backups: 1, care }, reports));
  }
  clock.advance(31 * 60_000);
  expect(files.filter((file) => !existsSync(`${file}.1`))).toEqual([]);
});

test("a log with which nothing is to be done wakes nobody", () => {
  const { clock, sink } = keep({ care: { mode: 0o600 } });
  clock.advance(0);
  sink.acquire();
  expect(clock.timers).toBe(0);
  sink.release();
});

describe("on a disk that may hang", () => {
  test("nothing is asked of it until it answers, and then all is done", async () => {
    const file = path.join(temporaryFolder(), "log");
    put(file, "of the last hour", NOW - HOUR);
    put(`${file}.1`, "old", NOW - 3 * DAY);
    const asked: ((isThere: boolean) => void)[] = [];
    const answers = () => new Promise<boolean>((resolve) => asked.push(resolve));
    const clock = new StillClock(NOW);
    const care = { ...hourly, keepMs: DAY };
    const { sink } = keep({ file, clock, care, places: { mayHang: () => true, answers } });
    sink.acquire();
    clock.advance(1);
    clock.advance(10_000);
    expect(asked).toHaveLength(1);
    expect(names(file)).toEqual(["log", "log.1"]);
    asked.shift()?.(false);
    await Promise.resolve();
    clock.advance(59_000);
    expect(asked).toHaveLength(0);
    clock.advance(2_000);
    expect(asked).toHaveLength(1);
    expect(names(file)).toEqual(["log", "log.1"]);
    asked.shift()?.(true);
    const rotated = () => readFileSync(`${file}.1`, "utf8");
    await vi.waitFor(() => expect(rotated()).toBe("of the last hour"));
    // The old one has moved on, and is too old.
    clock.advance(1);
    asked.shift()?.(true);
    await vi.waitFor(() => expect(names(file)).toEqual(["log", "log.1"]));
    sink.release();
  });
});
