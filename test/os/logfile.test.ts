import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Creation, LogFile, WriteError } from "../../src/os/logfile.ts";
import { fifoTarget } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary.ts";

function open(file = path.join(temporaryFolder(), "web.log"), creation?: Creation) {
  const log = new LogFile(file, creation);
  onTestFinished(() => log.close());
  return { log, file, text: () => readFileSync(file, "utf8") };
}

const bytes = (text: string): Buffer => Buffer.from(text);

test("what is appended is in the file, at its end", () => {
  const { log, text } = open();
  log.append(bytes("one\n"));
  log.append(bytes(""));
  log.append(bytes("zwö\n"));
  expect(text()).toBe("one\nzwö\n");
  expect(log.size).toBe(9);
});

test("a log that is there is continued, and its size counts", () => {
  const file = path.join(temporaryFolder(), "web.log");
  writeFileSync(file, "before\n");
  const { log, text } = open(file);
  expect(log.size).toBe(7);
  log.append(bytes("after\n"));
  expect(text()).toBe("before\nafter\n");
  expect(log.size).toBe(13);
});

test("two writers of one file do not overwrite each other", () => {
  const first = open();
  const second = open(first.file);
  first.log.append(bytes("1\n"));
  second.log.append(bytes("2\n"));
  first.log.append(bytes("3\n"));
  expect(first.text()).toBe("1\n2\n3\n");
});

test("an emptied log goes on at its start", () => {
  const { log, text } = open();
  log.append(bytes("old"));
  log.truncate();
  expect(text()).toBe("");
  expect(log.size).toBe(0);
  log.append(bytes("new"));
  expect(text()).toBe("new");
  expect(log.size).toBe(3);
});

test("a new log has the mode that is asked for", () => {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  expect(lstatSync(open().file).mode & 0o777).toBe(0o666);
  const secret = open(path.join(temporaryFolder(), "auto.log"), { mode: 0o600, owner: undefined });
  expect(lstatSync(secret.file).mode & 0o777).toBe(0o600);
});

test("a log that is there keeps its mode and owner, also behind a link", () => {
  const folder = temporaryFolder();
  const [file, link] = ["file", "link"].map((name) => path.join(folder, name)) as [string, string];
  writeFileSync(file, "");
  chmodSync(file, 0o644);
  symlinkSync("file", link);
  for (const name of [file, link]) {
    const { log } = open(name, { mode: 0o666, owner: { uid: 1_234, gid: 4_321 } });
    expect(log.trouble).toBeUndefined();
    expect(statSync(file)).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
    expect(statSync(file).mode & 0o777).toBe(0o644);
  }
});

test("a new log behind a link that leads nowhere yet has the mode that is asked for", () => {
  const folder = temporaryFolder();
  symlinkSync("file", path.join(folder, "link"));
  open(path.join(folder, "link"), { mode: 0o604, owner: undefined });
  expect(statSync(path.join(folder, "file")).mode & 0o777).toBe(0o604);
  expect(lstatSync(path.join(folder, "link")).isSymbolicLink()).toBe(true);
});

describe("a target without a size", () => {
  test.each([["/dev/null"], ["/dev/full"]])("%s", (file) => {
    expect(open(file).log.size).toBeUndefined();
  });

  test("takes writes and has none afterwards", () => {
    const { log } = open("/dev/null");
    log.append(bytes("x"));
    expect(log.size).toBeUndefined();
  });

  test("may be a FIFO", () => {
    const file = path.join(temporaryFolder(), "fifo");
    execFileSync("mkfifo", [file]);
    const reader = openSync(file, constants.O_RDWR);
    onTestFinished(() => closeSync(reader));
    const { log } = open(file);
    log.append(bytes("hello"));
    const read = Buffer.alloc(10);
    expect(readSync(reader, read)).toBe(5);
    expect(read.toString("utf8", 0, 5)).toBe("hello");
    expect(log.size).toBeUndefined();
  });
});

test("a pipe that is full takes what it has room for, and the rest later", async () => {
  const target = await fifoTarget();
  const { log } = open(target.path);
  const filled = log.append(Buffer.alloc(1_000_000, "x"));
  expect(filled).toBeGreaterThan(0);
  expect(filled).toBeLessThan(1_000_000);
  expect(log.append(bytes("y"))).toBe(0);
  const events = { emptied: vi.fn(), failed: vi.fn() };
  const outlet = log.openOutlet(events);
  outlet.push(bytes("y"), undefined);
  let text = "";
  target.read((chunk) => {
    text += chunk.toString("latin1");
  });
  await vi.waitFor(() => expect(text.length).toBe(filled + 1), 10_000);
  expect(text.at(-1)).toBe("y");
  expect(outlet.bytes).toBe(0);
});

test("a disk that is full is told, with what went before it", () => {
  const { log } = open("/dev/full");
  try {
    log.append(bytes("x"));
    expect.unreachable("there is no room on /dev/full");
  } catch (error) {
    expect(error).toBeInstanceOf(WriteError);
    expect(error).toMatchObject({ errno: "ENOSPC", written: 0, cause: { code: "ENOSPC" } });
  }
});

test.each<[string, string]>([
  ["a folder", "."],
  ["a folder that is missing", "no/web.log"],
])("%s cannot be a log", (_, name) => {
  expect(() => new LogFile(path.join(temporaryFolder(), name))).toThrow(/EISDIR|ENOENT/);
});

test("what may not be rotated has no size", () => {
  const folder = temporaryFolder();
  const link = path.join(folder, "link");
  const file = path.join(folder, "file");
  writeFileSync(file, "before\n");
  const fd = openSync(file, "a");
  onTestFinished(() => closeSync(fd));
  symlinkSync(`/proc/self/fd/${fd}`, link);
  const { log } = open(link);
  expect(log.size).toBeUndefined();
  expect(log.append(bytes("after\n"))).toBe(6);
  expect(readFileSync(file, "utf8")).toBe("before\nafter\n");
});

test("closing a log on /dev/stderr leaves the daemon its stderr", () => {
  new LogFile("/dev/stderr").close();
  expect(fstatSync(2).ino).toBeGreaterThanOrEqual(0);
});
