import { closeSync, existsSync, fstatSync, lstatSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ChannelReader, makeFifos, openForChild, readChannel } from "../../src/os/channels.ts";
import { temporaryFolder } from "../support/temporary.ts";

function fifo(): string {
  const file = path.join(temporaryFolder(), "out");
  makeFifos([file]);
  return file;
}

/** A channel with both its ends open, and what has come through it. */
function open(file = fifo()) {
  const chunks: string[] = [];
  const ended = vi.fn();
  const take = (chunk: Buffer) => chunks.push(chunk.toString("latin1"));
  const reader: ChannelReader | undefined = readChannel(file, take, ended);
  if (!reader) throw new Error(`${file} is gone`);
  const fd = openForChild(file, undefined);
  let held = true;
  const hangUp = () => {
    if (held) closeSync(fd);
    held = false;
  };
  onTestFinished(() => {
    hangUp();
    reader.close();
  });
  return { reader, fd, hangUp, ended, read: () => chunks.join("") };
}

const until = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 10_000, interval: 2 });

describe("FIFOs", () => {
  test("are made for their owner alone, many at once", () => {
    const folder = temporaryFolder();
    const files = Array.from({ length: 1_100 }, (_, n) => path.join(folder, `-${n} 'x'`));
    makeFifos(files);
    for (const file of files) {
      expect(lstatSync(file).isFIFO()).toBe(true);
      expect(lstatSync(file).mode & 0o777).toBe(0o600);
    }
  });

  test("that are there stay, with what is in them", async () => {
    const file = fifo();
    const channel = open(file);
    const { ino } = lstatSync(file);
    writeSync(channel.fd, "kept");
    makeFifos([file, path.join(path.dirname(file), "other")]);
    expect(lstatSync(file).ino).toBe(ino);
    await until(() => channel.read() === "kept");
  });

  test("never take the place of a file", () => {
    const file = path.join(temporaryFolder(), "out");
    writeFileSync(file, "precious");
    expect(() => makeFifos([file])).toThrow();
    expect(lstatSync(file).size).toBe(8);
  });

  test("none are made of none", () => {
    expect(() => makeFifos([])).not.toThrow();
  });

  test.runIf(process.getuid?.() === 0)(
    "belong to the daemon, and are open to the group of the child's user (only as root)",
    () => {
      const file = fifo();
      const fd = openForChild(file, { gid: 65_534 });
      onTestFinished(() => closeSync(fd));
      const { uid, gid, mode } = fstatSync(fd);
      expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 0, gid: 65_534, mode: 0o660 });
    },
  );
});

describe("a channel", () => {
  test("brings what the child writes, byte by byte", async () => {
    const { fd, read } = open();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    writeSync(fd, bytes);
    await until(() => read().length === 256);
    writeSync(fd, "more");
    await until(() => read().length === 260);
    expect(read()).toBe(`${bytes.toString("latin1")}more`);
  });

  test("is read to its end before the end is told, and the end once", async () => {
    const { fd, hangUp, ended, read } = open();
    const text = "x".repeat(60_000);
    let atEnd = -1;
    ended.mockImplementation(() => {
      atEnd = read().length;
    });
    writeSync(fd, text);
    hangUp();
    await until(() => ended.mock.calls.length > 0);
    expect(atEnd).toBe(text.length);
    await new Promise(setImmediate);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  test("goes on as long as anybody holds the child's end", async () => {
    const file = fifo();
    const { hangUp, ended, read } = open(file);
    const grandchild = openForChild(file, undefined);
    hangUp();
    writeSync(grandchild, "still here");
    await until(() => read() === "still here");
    expect(ended).not.toHaveBeenCalled();
    closeSync(grandchild);
    await until(() => ended.mock.calls.length === 1);
  });

  test("keeps what the child writes while nobody reads", async () => {
    const file = fifo();
    const first = open(file);
    first.reader.close();
    writeSync(first.fd, "between two daemons");
    const second = open(file);
    await until(() => second.read() === "between two daemons");
    expect(first.read()).toBe("");
  });

  test("that is closed tells nothing any more, not even its end", async () => {
    const file = fifo();
    const { reader, fd, hangUp, ended, read } = open(file);
    const witness = open(file);
    reader.close();
    writeSync(fd, "late");
    await until(() => witness.read() === "late");
    hangUp();
    witness.hangUp();
    await until(() => witness.ended.mock.calls.length === 1);
    expect(read()).toBe("");
    expect(ended).not.toHaveBeenCalled();
  });
});

describe("draining", () => {
  test("takes in at once what is in the pipe, and nothing twice", async () => {
    const { reader, fd, hangUp, ended, read } = open();
    writeSync(fd, "last words");
    reader.drain();
    expect(read()).toBe("last words");
    reader.drain();
    hangUp();
    await until(() => ended.mock.calls.length === 1);
    expect(read()).toBe("last words");
  });

  test("takes more than one buffer's worth", () => {
    const { reader, fd, read } = open();
    const text = "ab".repeat(32_768);
    writeSync(fd, text);
    reader.drain();
    expect(read()).toBe(text);
  });

  test("stops where no more is wanted", () => {
    const { reader, fd, read } = open();
    writeSync(fd, "x");
    reader.drain(() => false);
    expect(read()).toBe("");
    reader.drain(() => read() === "");
    expect(read()).toBe("x");
  });

  test("does not wait where nothing is", () => {
    const { reader, read } = open();
    reader.drain();
    expect(read()).toBe("");
  });

  test("is over once the channel is closed", () => {
    const { reader, fd, read } = open();
    writeSync(fd, "late");
    reader.close();
    reader.drain();
    expect(read()).toBe("");
  });
});

describe("a channel that is paused", () => {
  const turns = async () => {
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
  };

  test("leaves everything in the pipe, and goes on where it was", async () => {
    const { reader, fd, read } = open();
    writeSync(fd, "one ");
    await until(() => read() === "one ");
    reader.pause();
    writeSync(fd, "two ");
    await turns();
    expect(read()).toBe("one ");
    reader.resume();
    writeSync(fd, "three");
    await until(() => read() === "one two three");
  });

  test("from its first byte on, or again at once", async () => {
    const { reader, fd, read } = open();
    reader.pause();
    writeSync(fd, "text");
    await turns();
    reader.resume();
    reader.pause();
    await turns();
    expect(read()).toBe("");
    reader.resume();
    await until(() => read() === "text");
  });

  test("by the one who takes what comes, takes no more", async () => {
    const file = fifo();
    let chunks = 0;
    const take = () => {
      chunks++;
      reader?.pause();
    };
    const reader = readChannel(file, take, () => undefined);
    onTestFinished(() => reader?.close());
    const fd = openForChild(file, undefined);
    onTestFinished(() => closeSync(fd));
    writeSync(fd, "first");
    await until(() => chunks === 1);
    writeSync(fd, "second");
    await turns();
    expect(chunks).toBe(1);
    reader?.resume();
    await until(() => chunks === 2);
  });

  test("is drained all the same, and once", async () => {
    const { reader, fd, read } = open();
    reader.pause();
    writeSync(fd, "one");
    reader.drain();
    expect(read()).toBe("one");
    reader.resume();
    writeSync(fd, "two");
    await until(() => read() === "onetwo");
  });

  test("tells its end when it goes on, after what was left", async () => {
    const { reader, fd, hangUp, ended, read } = open();
    reader.pause();
    writeSync(fd, "last words");
    hangUp();
    await turns();
    expect(ended).not.toHaveBeenCalled();
    reader.resume();
    await until(() => ended.mock.calls.length === 1);
    expect(read()).toBe("last words");
  });

  test("can be emptied without taking it in", async () => {
    const { reader, fd, read } = open();
    reader.pause();
    writeSync(fd, "x".repeat(5_000));
    expect(reader.discard()).toBe(5_000);
    expect(reader.discard()).toBe(0);
    reader.resume();
    writeSync(fd, "new");
    await until(() => read() === "new");
  });
});

test("a channel that is not there cannot be read", () => {
  const file = path.join(temporaryFolder(), "missing");
  const nothing = () => undefined;
  expect(readChannel(file, nothing, nothing)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
});
