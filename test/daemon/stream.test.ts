import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { Outputs } from "../../src/daemon/outputs.ts";
import { Sink } from "../../src/daemon/sink.ts";
import { OutputStream } from "../../src/daemon/stream.ts";
import { exitMark, type Formatter, formatterOf, startMark } from "../../src/logs/format.ts";
import { makeFifos } from "../../src/os/channels.ts";
import { chunked } from "../support/chunks.ts";
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

/** A stream, its child's end, and its log: a pipe that is full of `filled` bytes. */
async function streamIntoFullPipe(formatter?: () => Formatter) {
  const target = await fifoTarget();
  const reports = spies();
  const sink = new Sink({ path: target.path, maxBytes: 0, backups: 0 }, reports);
  sink.acquire();
  const filled = 200_000;
  sink.write([Buffer.alloc(filled, "x")]);
  expect(sink.full).toBe(true);
  const fifo = path.join(temporaryFolder(), "channel");
  makeFifos([fifo]);
  const onMessage = () => undefined;
  const stream = new OutputStream({
    fifo,
    outputs: new Outputs({ sinks: [sink], toSyslog: undefined, formatter }),
    stripAnsi: false,
    captureMaxBytes: 0,
    onMessage,
    onChunk: undefined,
  });
  const child = stream.open(undefined);
  let held = true;
  const hangUp = () => {
    if (held) closeSync(child);
    held = false;
  };
  onTestFinished(() => {
    hangUp();
    stream.close();
    sink.giveUp();
    sink.release();
  });
  let text = "";
  const read = () => {
    text += take(target.reader);
    return text.slice(filled);
  };
  /** What is in the channel, taken out of it. */
  const takeChannel = () => {
    const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return take(fd);
    } finally {
      closeSync(fd);
    }
  };
  return { stream, sink, reports, child, hangUp, read, takeChannel, received: () => text.length };
}

test("what a log has no room for stays in the channel, also when it is drained", async () => {
  const { stream, child, takeChannel } = await streamIntoFullPipe();
  writeSync(child, "last words");
  for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  stream.drain();
  expect(stream.lastLines()).toEqual([]);
  expect(takeChannel()).toBe("last words");
});

test("it is taken in when there is room, after the child's end and before the next one's words", async () => {
  const { stream, child, hangUp, read } = await streamIntoFullPipe();
  writeSync(child, "one\n");
  hangUp();
  stream.drain();
  const next = stream.open(undefined);
  onTestFinished(() => closeSync(next));
  writeSync(next, "two\n");
  expect(stream.lastLines()).toEqual([]);
  await until(() => read() === "one\ntwo\n");
  expect(stream.lastLines()).toEqual(["one", "two"]);
});

const style = { timestamps: "off", process: "p", group: "g", stream: "s" } as const;
const moment = { pid: 7, wallMs: () => 0, elapsedMs: () => 0 };

test("a mark of the end comes after the output that had to wait for room", async () => {
  const formatter = () => formatterOf({ ...style, prefix: "", format: "text" }, moment);
  const { stream, child, read } = await streamIntoFullPipe(formatter);
  writeSync(child, "last words\n");
  stream.drain();
  stream.mark(exitMark(7, 1, "exit status 3"));
  await until(() => read().includes("ended after"));
  expect(read()).toMatch(/^last words\n.*ended after 1\.000 s, pid 7: exit status 3.*\n$/);
  stream.mark(startMark(8));
  await until(() => read().includes("started, pid 8"));
});

test("it is taken in by draining as soon as there is room", async () => {
  const { stream, sink, child, read } = await streamIntoFullPipe();
  writeSync(child, "waits its turn\n");
  // Before the stream's own turn, which is a turn of the loop later.
  const room = sink.untilRoom().then(() => stream.drain());
  await until(() => {
    read();
    return !sink.full;
  });
  await room;
  expect(read()).toBe("waits its turn\n");
});

test("what is there when nobody waits for room any more is counted", async () => {
  const { stream, sink, reports, child, read, received } = await streamIntoFullPipe();
  writeSync(child, "y".repeat(5_000));
  stream.close();
  sink.giveUp();
  sink.release();
  read();
  const lost = reports.abandoned.mock.calls[0]?.[1];
  expect(received() + lost).toBe(205_000);
});

test("streams that write more than there is room for have equal shares of it", async () => {
  const { sink, read } = await streamIntoFullPipe();
  const folder = temporaryFolder();
  for (const letter of ["a", "b", "c"]) {
    const fifo = path.join(folder, letter);
    makeFifos([fifo]);
    const spec = {
      fifo,
      outputs: new Outputs({ sinks: [sink], toSyslog: undefined, formatter: undefined }),
      stripAnsi: false,
      captureMaxBytes: 0,
      onMessage: () => undefined,
      onChunk: undefined,
    };
    const stream = new OutputStream(spec);
    const fd = stream.open(undefined);
    const child = spawn("yes", [letter], { stdio: ["ignore", fd, "inherit"] });
    closeSync(fd);
    onTestFinished(() => {
      child.kill("SIGKILL");
      stream.close();
    });
  }
  const letters = ["a", "b", "c"];
  // The first of them has all the room until the others have been started.
  await until(() => letters.every((letter) => read().includes(letter)));
  const before = read().length;
  await until(() => read().length > before + 6_000_000);
  const since = read().slice(before);
  const shares = letters.map((letter) => since.split(letter).length - 1);
  expect(Math.min(...shares) / Math.max(...shares)).toBeGreaterThan(0.6);
});

test("what a log has no room for at the end is lost there, and is in the other log", async () => {
  const { sink, reports } = await streamIntoFullPipe();
  const folder = temporaryFolder();
  const file = new Sink({ path: path.join(folder, "log"), maxBytes: 0, backups: 0 }, reports);
  const fifo = path.join(folder, "channel");
  makeFifos([fifo]);
  const stream = new OutputStream({
    fifo,
    outputs: new Outputs({ sinks: [sink, file], toSyslog: undefined, formatter: undefined }),
    stripAnsi: false,
    captureMaxBytes: 0,
    onMessage: () => undefined,
    onChunk: undefined,
  });
  const child = stream.open(undefined);
  writeSync(child, "z".repeat(5_000));
  // It is as if the other one had room again: this one has none still.
  stream.resume();
  for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  expect(stream.lastLines()).toEqual([]);
  const lost = vi.spyOn(sink, "lose");
  stream.close();
  closeSync(child);
  expect(readFileSync(file.spec.path, "utf8")).toBe("z".repeat(5_000));
  expect(lost.mock.calls).toEqual([[5_000, { lost: 5_000 }]]);
});

const output = fc
  .array(
    fc.constantFrom(
      "<!--XSUPERVISOR:BEGIN-->",
      "<!--XSUPERVISOR:END-->",
      "\u001b[31m",
      "\u001b[",
      "\u001b",
      "1;",
      "m",
      "\n",
      "\r\n",
      "text",
      "\u00ff",
      "\u0000",
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

/** What is in a log, and which messages have come, of what is written to a channel piece by piece. */
function logged(chunks: readonly Buffer[], format: "text" | "json" | undefined) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "drover-"));
  const sink = new Sink({ path: path.join(folder, "log"), maxBytes: 0, backups: 0 }, spies());
  const fifo = path.join(folder, "channel");
  makeFifos([fifo]);
  const messages: string[] = [];
  const stream = new OutputStream({
    fifo,
    outputs: new Outputs({
      sinks: [sink],
      toSyslog: undefined,
      formatter: format && (() => formatterOf({ ...style, prefix: "> ", format }, moment)),
    }),
    stripAnsi: true,
    captureMaxBytes: 1_000,
    onMessage: (data) => messages.push(data.toString("latin1")),
    onChunk: undefined,
  });
  const child = stream.open(undefined);
  try {
    for (const chunk of chunks) {
      writeSync(child, chunk);
      stream.drain();
    }
    stream.close();
    return { log: readFileSync(sink.spec.path, "latin1"), messages };
  } finally {
    closeSync(child);
    rmSync(folder, { recursive: true });
  }
}

test.each([undefined, "text", "json"] as const)(
  "however a child's output comes, it is logged and captured the same, as %s",
  (format) => {
    fc.assert(
      fc.property(chunked(output), (chunks) => {
        expect(logged(chunks, format)).toEqual(logged([Buffer.concat(chunks)], format));
      }),
      { numRuns: 50 },
    );
  },
);

test("of several logs that cannot all be opened none is kept open", async () => {
  const { reports } = await streamIntoFullPipe();
  const folder = temporaryFolder();
  const spec = { maxBytes: 0, backups: 0 };
  const good = new Sink({ ...spec, path: path.join(folder, "log") }, reports);
  const bad = new Sink({ ...spec, path: path.join(folder, "missing/log") }, reports);
  const outputs = new Outputs({ sinks: [good, bad], toSyslog: undefined, formatter: undefined });
  const before = readdirSync("/proc/self/fd").length;
  expect(() => outputs.acquire()).toThrow("ENOENT");
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});
