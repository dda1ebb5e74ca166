import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
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
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Sink } from "../../src/daemon/sink.ts";
import { Sinks } from "../../src/daemon/sinks.ts";
import { makeFifos } from "../../src/os/channels.ts";
import { fifoTarget, take } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary.ts";

const until = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 10_000, interval: 2 });

const spies = () => ({
  failing: vi.fn(),
  trouble: vi.fn(),
  recovered: vi.fn(),
  abandoned: vi.fn(),
  disputed: vi.fn(),
});

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** A sink on a FIFO that has been filled up by one of its two writers. */
async function full() {
  const target = await fifoTarget();
  const reports = spies();
  const sink = new Sink({ path: target.path, maxBytes: 10, backups: 1 }, reports);
  const writers = [0, 1].map(() => ({ pause: vi.fn(), resume: vi.fn() }));
  for (const writer of writers) sink.acquire(writer);
  onTestFinished(() => sink.giveUp());
  let expected = "";
  const write = (text: string) => {
    expected += text;
    sink.write([bytes(text)]);
  };
  while (!sink.full) write("0123456789".repeat(3_000));
  let text = "";
  /** Reads what is there, as often as there is something. */
  const read = () => {
    text += take(target.reader);
    return text;
  };
  return { target, sink, reports, writers, write, expected: () => expected, read };
}

describe("a pipe that is full", () => {
  test("makes all its writers wait, once, and gets everything in order when it is read", async () => {
    const { sink, reports, writers, write, expected, read } = await full();
    for (const writer of writers) expect(writer.pause).toHaveBeenCalledTimes(1);
    sink.write([bytes("<"), bytes(""), bytes("|"), bytes(">")]);
    write("".padEnd(100_000, "y"));
    for (const writer of writers) expect(writer.resume).not.toHaveBeenCalled();
    const wanted = expected().replace("y", "<|>y");
    await until(() => read().length === wanted.length);
    expect(read()).toBe(wanted);
    await until(() => writers.every(({ resume }) => resume.mock.calls.length === 1));
    expect(sink.full).toBe(false);
    for (const writer of writers) expect(writer.pause).toHaveBeenCalledTimes(1);
    expect(reports.failing).not.toHaveBeenCalled();
    sink.write([bytes("again")]);
    expect(read()).toBe(`${wanted}again`);
  });

  test("lets its writers go on in turns", async () => {
    const { sink, writers, write, read } = await full();
    const turns: number[] = [];
    for (const [index, writer] of writers.entries()) {
      writer.resume.mockImplementation(() => {
        turns.push(index);
        write("".padEnd(200_000, String(index)));
      });
    }
    await until(() => {
      read();
      return turns.length >= 10;
    });
    expect(turns.slice(0, 10)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    for (const writer of writers) sink.release(writer);
  });

  test("makes one wait who comes meanwhile, and lets none go on who has gone", async () => {
    const { sink, writers, expected, read } = await full();
    const [gone] = writers;
    sink.release(gone);
    const late = { pause: vi.fn(), resume: vi.fn() };
    sink.acquire(late);
    await until(() => {
      read();
      return late.resume.mock.calls.length === 1;
    });
    expect(read()).toBe(expected());
    expect(gone?.resume).not.toHaveBeenCalled();
  });

  test("keeps 1 MB of what cannot be made to wait, and says what is missing after that", async () => {
    const { target, sink, reports, write, expected, read } = await full();
    const line = `${"z".repeat(99)}\n`;
    let offered = 0;
    for (; offered < 20_000; offered++) sink.offer(bytes(line));
    expect(reports.failing.mock.calls).toEqual([[target.path, "EAGAIN", false]]);
    const mark = /\n\[drover: (\d+) bytes of output lost here: EAGAIN\]\n/;
    await until(() => mark.test(read()));
    write("after");
    const after = read();
    const lost = Number(mark.exec(after)?.[1]);
    expect(reports.recovered.mock.calls).toEqual([[target.path, lost]]);
    const kept = line.repeat(offered - lost / line.length);
    expect(kept.length).toBeGreaterThan(900_000);
    expect(kept.length).toBeLessThan(1_048_577);
    const before = expected().slice(0, -"after".length);
    expect(after.replace(mark, "#")).toBe(`${before}${kept}#after`);
  });

  test("is closed by its last user when it has got everything", async () => {
    const { sink, reports, writers, expected, read } = await full();
    for (const writer of writers) sink.release(writer);
    expect(sink.full).toBe(true);
    const { generation } = sink;
    const late = { pause: vi.fn(), resume: vi.fn() };
    sink.acquire(late);
    expect(sink.generation).toBe(generation);
    sink.release(late);
    await until(() => read().length === expected().length && !sink.full);
    expect(reports.abandoned).not.toHaveBeenCalled();
    for (const writer of [...writers, late]) expect(writer.resume).not.toHaveBeenCalled();
    sink.acquire();
    expect(sink.generation).toBe(generation + 1);
    sink.release();
  });

  test("loses only what it has not taken when nobody waits for it any more", async () => {
    const { target, sink, reports, writers, expected, read } = await full();
    const [first, second] = writers;
    sink.release(first);
    sink.giveUp();
    expect(sink.full).toBe(false);
    await until(() => second?.resume.mock.calls.length === 1);
    sink.write([bytes("never")]);
    expect(sink.full).toBe(false);
    sink.release(second);
    expect(reports.abandoned.mock.calls).toEqual([[target.path, expect.any(Number)]]);
    const lost = reports.abandoned.mock.calls[0]?.[1];
    expect(read().length + lost).toBe(expected().length + 5);
  });

  test("that its reader leaves makes nobody wait, and what is lost is counted", async () => {
    const { target, sink, reports, writers } = await full();
    target.abandon();
    await until(() => writers.every(({ resume }) => resume.mock.calls.length === 1));
    expect(reports.failing.mock.calls).toEqual([[target.path, "EPIPE", false]]);
    sink.write([bytes("x")]);
    expect(sink.full).toBe(false);
    for (const writer of writers) expect(writer.pause).toHaveBeenCalledTimes(1);
    for (const writer of writers) sink.release(writer);
    expect(reports.abandoned).toHaveBeenCalledTimes(1);
  });

  test("is not opened again while something waits, and loses nothing by it", async () => {
    // A descriptor that is free then would be the next one to be opened.
    const lower = openSync("/dev/null", "r");
    const { sink, expected, read } = await full();
    closeSync(lower);
    sink.reopen();
    await until(() => read().length === expected().length);
    expect(read()).toBe(expected());
  });

  test("is waited for, together with others, and not for ever", async () => {
    const { target, sink: other } = await full();
    const sinks = new Sinks(spies());
    expect(await sinks.untilRoom(10_000)).toBe(false);
    const sink = sinks.open({ path: target.path, maxBytes: 0, backups: 0 });
    sink.acquire();
    while (!sink.full) sink.write([Buffer.alloc(100_000)]);
    expect(await sinks.untilRoom(0)).toBe(false);
    const before = performance.now();
    expect(await sinks.untilRoom(20)).toBe(true);
    expect(performance.now() - before).toBeGreaterThan(15);
    let done = false;
    const waiting = sinks.untilRoom(20_000).then(() => {
      done = true;
    });
    await until(() => {
      take(target.reader);
      return done;
    });
    await waiting;
    expect(await sinks.untilRoom(10_000)).toBe(false);
    other.giveUp();
    sink.release();
  });
});

describe("rotation", () => {
  const write = (sink: Sink, text: string) => {
    sink.write([bytes(text)]);
  };
  const open = (file: string, backups = 2) => {
    const reports = spies();
    const sink = new Sink({ path: file, maxBytes: 10, backups }, reports);
    sink.acquire();
    onTestFinished(() => sink.release());
    return { sink, reports };
  };

  test("moves the file that a link leads to, and leaves the link", () => {
    const folder = temporaryFolder();
    const link = path.join(folder, "link");
    const file = path.join(folder, "file");
    symlinkSync("file", link);
    const { sink } = open(link);
    write(sink, "0123456789");
    write(sink, "new");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(`${file}.1`, "utf8")).toBe("0123456789");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(existsSync(`${link}.1`)).toBe(false);
  });

  test("never moves what has taken the place of the file", () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "log");
    const { sink, reports } = open(file);
    renameSync(file, path.join(folder, "moved"));
    makeFifos([file]);
    const { ino } = statSync(file);
    write(sink, "0123456789");
    write(sink, "0123456789");
    expect(statSync(file).ino).toBe(ino);
    expect(existsSync(`${file}.1`)).toBe(false);
    expect(readFileSync(path.join(folder, "moved"), "utf8")).toBe("01234567890123456789");
    expect(reports.failing).not.toHaveBeenCalled();
  });

  const contents = (file: string) =>
    Object.fromEntries(
      readdirSync(path.dirname(file), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => [name, readFileSync(path.join(path.dirname(file), name), "utf8")]),
    );

  test("goes on in the file it has when a backup cannot be replaced, and says so once", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink, reports } = open(file);
    write(sink, "first.....");
    write(sink, "second....");
    const { generation, rotations } = sink;
    renameSync(`${file}.2`, `${file}.kept`);
    mkdirSync(path.join(`${file}.2`, "x"), { recursive: true });
    write(sink, "third.....");
    write(sink, "fourth....");
    expect(contents(file)).toEqual({
      log: "third.....fourth....",
      "log.1": "second....",
      "log.kept": "first.....",
    });
    expect(sink).toMatchObject({ generation, rotations });
    expect(reports.trouble.mock.calls).toEqual([
      [expect.stringContaining(`cannot rotate ${file}, it goes on as it is: EISDIR`)],
    ]);
    expect(reports.failing).not.toHaveBeenCalled();
    rmSync(`${file}.2`, { recursive: true });
    write(sink, "!");
    write(sink, "new");
    expect(contents(file)).toMatchObject({
      log: "new",
      "log.1": "third.....fourth....!",
      "log.2": "second....",
    });
    expect(sink.rotations).toBe(rotations + 1);
  });

  test("moves back what it has moved when the last step fails, however often", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink, reports } = open(file, 3);
    for (const text of ["first.....", "second...."]) write(sink, text);
    renameSync(`${file}.1`, `${file}.2`);
    mkdirSync(`${file}.1`);
    for (let n = 0; n < 20; n++) write(sink, "more......");
    expect(contents(file)).toEqual({ log: "more......".repeat(20), "log.2": "second...." });
    expect(reports.trouble).toHaveBeenCalledTimes(1);
  });

  test("is not tried again at each write while it fails", () => {
    const file = path.join(temporaryFolder(), "log");
    const reports = spies();
    const sink = new Sink({ path: file, maxBytes: 1_000, backups: 1 }, reports);
    sink.acquire();
    mkdirSync(`${file}.1`);
    write(sink, "x".repeat(1_000));
    rmSync(`${file}.1`, { recursive: true });
    write(sink, "x".repeat(99));
    expect(existsSync(`${file}.1`)).toBe(false);
    write(sink, "x");
    expect(statSync(`${file}.1`).size).toBe(1_100);
    sink.release();
  });

  test("moves compressed backups on, and takes no other name for one", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink } = open(file, 3);
    const others = ["log.01", "log.x", "log.1.bz2", "log2.1", "log.4"];
    for (const name of others) writeFileSync(path.join(path.dirname(file), name), name);
    for (const name of ["log.1", "log.2.gz", "log.3"]) {
      writeFileSync(path.join(path.dirname(file), name), name);
    }
    write(sink, "0123456789");
    expect(contents(file)).toEqual({
      ...Object.fromEntries(others.map((name) => [name, name])),
      log: "",
      "log.1": "0123456789",
      "log.2": "log.1",
      "log.3.gz": "log.2.gz",
    });
  });

  test("counts what is in an existing file, and what others have cut away not", () => {
    const file = path.join(temporaryFolder(), "log");
    writeFileSync(file, "12345");
    const { sink } = open(file);
    write(sink, "678");
    truncateSync(file);
    write(sink, "9012345");
    expect(contents(file)).toEqual({ log: "9012345" });
    write(sink, "678");
    expect(contents(file)).toEqual({ log: "", "log.1": "9012345678" });
  });

  test("without backups empties the file, and tells readers that it is another one", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink } = open(file, 0);
    const { generation } = sink;
    const { ino } = statSync(file);
    write(sink, "0123456789");
    expect(contents(file)).toEqual({ log: "" });
    expect(statSync(file).ino).toBe(ino);
    expect(sink).toMatchObject({ generation: generation + 1, rotations: 0 });
  });

  test("of a file that somebody has removed begins a new one", () => {
    const file = path.join(temporaryFolder(), "log");
    const { sink, reports } = open(file);
    rmSync(file);
    write(sink, "0123456789");
    write(sink, "new");
    expect(contents(file)).toEqual({ log: "new" });
    expect(reports.trouble).not.toHaveBeenCalled();
  });
});

test("a log that cannot be opened again goes on in the file it has", () => {
  const folder = path.join(temporaryFolder(), "folder");
  mkdirSync(folder);
  const file = path.join(folder, "log");
  const reports = spies();
  const sink = new Sink({ path: file, maxBytes: 0, backups: 0 }, reports);
  sink.acquire();
  const moved = `${folder}.moved`;
  renameSync(folder, moved);
  sink.reopen();
  sink.write([bytes("kept")]);
  expect(readFileSync(path.join(moved, "log"), "utf8")).toBe("kept");
  expect(reports.failing.mock.calls).toEqual([[file, "ENOENT", false]]);
  mkdirSync(folder);
  sink.reopen();
  sink.write([bytes("new")]);
  expect(readFileSync(file, "utf8")).toBe("new");
  rmSync(folder, { recursive: true });
  sink.reopen();
  expect(reports.failing).toHaveBeenCalledTimes(2);
  sink.release();
});

describe("the sinks", () => {
  const spec = (file: string, maxBytes = 0, backups = 0) => ({ path: file, maxBytes, backups });

  test("of one pipe are one, whatever it is called", async () => {
    const { path: fifo } = await fifoTarget();
    const [link, other] = [`${fifo}.link`, `${fifo}.other`];
    symlinkSync(fifo, link);
    linkSync(fifo, other);
    const sinks = new Sinks(spies());
    const sink = sinks.open(spec(fifo));
    expect(sinks.open(spec(link))).toBe(sink);
    expect(sinks.get(other)).toBe(sink);
    expect(sinks.open(spec(path.join(temporaryFolder(), "file")))).not.toBe(sink);
  });

  test("are disputed only where something is rotated", async () => {
    const { path: fifo } = await fifoTarget();
    const file = path.join(temporaryFolder(), "file");
    const reports = spies();
    const sinks = new Sinks(reports);
    for (const [name, sizes] of [
      ["/dev/stdout", [0, 100, 200]],
      [fifo, [0, 100]],
      [`${file}.same`, [100, 100]],
    ] as const) {
      for (const size of sizes) sinks.open(spec(name, size, 10));
    }
    sinks.open(spec(`${file}.never`, 0, 1));
    sinks.open(spec(`${file}.never`, 0, 2));
    expect(reports.disputed).not.toHaveBeenCalled();
    sinks.open(spec(file, 100, 1));
    sinks.open(spec(file, 100, 2));
    expect(reports.disputed.mock.calls).toEqual([[file]]);
  });
});

describe("a log that is begun anew", () => {
  const opened = (file: string) => {
    const reports = spies();
    const sink = new Sink({ path: file, maxBytes: 0, backups: 3 }, reports);
    sink.acquire();
    onTestFinished(() => sink.release());
    return { sink, reports };
  };

  test("is another file, which its readers are told of; over a link, too", () => {
    const folder = temporaryFolder();
    const [file, link] = ["file", "link"].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    symlinkSync("file", link);
    const { sink } = opened(link);
    const told = vi.fn();
    sink.onWrite(told);
    sink.write([bytes("old")]);
    const { ino } = statSync(file);
    const { generation } = sink;
    sink.clear();
    expect(statSync(file)).toMatchObject({ size: 0 });
    expect(statSync(file).ino).not.toBe(ino);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(sink).toMatchObject({ generation: generation + 1, rotations: 0 });
    expect(told).toHaveBeenCalledTimes(2);
    sink.write([bytes("new")]);
    expect(readFileSync(file, "utf8")).toBe("new");
  });

  test("and cannot be made is tried again by what is written, and the loss is told", () => {
    const folder = path.join(temporaryFolder(), "folder");
    mkdirSync(folder);
    const file = path.join(folder, "log");
    const { sink, reports } = opened(file);
    rmSync(folder, { recursive: true });
    expect(() => sink.clear()).toThrow("ENOENT");
    expect(() => sink.clear()).toThrow("ENOENT");
    sink.write([bytes("lost")]);
    expect(reports.failing.mock.calls).toEqual([[file, "ENOENT", false]]);
    mkdirSync(folder);
    sink.write([bytes("kept")]);
    expect(readFileSync(file, "utf8")).toBe(
      "\n[drover: 4 bytes of output lost here: ENOENT]\nkept",
    );
    expect(reports.recovered.mock.calls).toEqual([[file, 4]]);
  });

  test("that nobody has open is left alone, and so is a pipe", async () => {
    const file = path.join(temporaryFolder(), "log");
    writeFileSync(file, "kept");
    new Sink({ path: file, maxBytes: 0, backups: 0 }, spies()).clear();
    expect(readFileSync(file, "utf8")).toBe("kept");
    const { path: fifo } = await fifoTarget();
    const { sink } = opened(fifo);
    sink.clear();
    expect(statSync(fifo).isFIFO()).toBe(true);
  });
});
