import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readText } from "../../src/os/text.ts";
import { root } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const LIMIT = 1_000;
const built = JSON.stringify(path.join(root, "dist/os/text.js"));

/** A file of the test's own with this in it. */
function fileWith(content: string | readonly number[]): string {
  const file = path.join(temporaryFolder(), "file");
  writeFileSync(file, typeof content === "string" ? content : Buffer.from(content));
  return file;
}

/**
 * Reads in a process of its own, started by a line of shell in which `"$@"` is that process: what
 * would hang there ends in a failure here. `before` is run first.
 */
function readInChild(file: string, { shell = '"$@"', before = "", limit = LIMIT } = {}): unknown {
  const script =
    `import { readText } from ${built}; ${before}; ` +
    `process.stdout.write(JSON.stringify(readText(${JSON.stringify(file)}, ${limit})));`;
  const node = [process.execPath, "--input-type=module", "-e", script];
  const { stdout, stderr, signal } = spawnSync("sh", ["-c", shell, "sh", ...node], {
    encoding: "utf8",
    timeout: 15_000,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(signal, "it hangs").toBeNull();
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("text comes as it is", () => {
  test.each([
    ["plain", "[supervisord]\nlogfile=/x\n"],
    ["empty", ""],
    ["other than ASCII", "größer €, 𝄞\n"],
    ["with a byte order mark", "\uFEFF[supervisord]\n"],
    ["with line ends of other systems and a NUL", "a\r\nb\rc\0\n"],
    ["with a replacement character that is in the file", "a\uFFFDb"],
  ])("%s", (_, text) => {
    expect(readText(fileWith(text), LIMIT)).toEqual({ text });
  });

  test("through a symbolic link", () => {
    const file = fileWith("x\n");
    symlinkSync(file, `${file}.link`);
    expect(readText(`${file}.link`, LIMIT)).toEqual({ text: "x\n" });
  });
});

const missing = { missing: "there is no such file" };
const unreadable = (why: RegExp) => ({ unreadable: expect.stringMatching(why) });

describe("what is not there is told apart from what is there and cannot be read", () => {
  test.each<[string, (dir: string) => string, object]>([
    ["nothing", (dir) => path.join(dir, "none"), missing],
    ["nothing, below a file", (dir) => `${make(dir, "f")}/x`, missing],
    ["a folder", (dir) => dir, unreadable(/^this is a directory$/)],
    ["a link to itself", (dir) => link("loop", path.join(dir, "loop")), unreadable(/ELOOP/)],
    ["a link to nothing", (dir) => link("none", path.join(dir, "to-none")), missing],
    [
      "a link to a folder",
      (dir) => link(dir, path.join(dir, "to-dir")),
      unreadable(/^this is a directory$/),
    ],
    [
      "a name that is too long",
      (dir) => path.join(dir, "x".repeat(300)),
      unreadable(/ENAMETOOLONG/),
    ],
  ])("%s", (_, prepare, expected) => {
    expect(readText(prepare(temporaryFolder()), LIMIT)).toEqual(expected);
  });

  test("a file that may not be read", () => {
    const file = fileWith("secret");
    chmodSync(path.dirname(file), 0o755);
    chmodSync(file, 0);
    // Root may read everything, so a child of root becomes somebody who may not.
    const before = "if (process.getuid() === 0) process.setuid(65534)";
    expect(readInChild(file, { before })).toEqual(unreadable(/permission/));
  });

  test("a FIFO, which would wait for a writer for ever", () => {
    const fifo = path.join(temporaryFolder(), "fifo");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    expect(readInChild(fifo)).toEqual(unreadable(/no regular file/));
  });
});

const make = (dir: string, name: string): string => {
  writeFileSync(path.join(dir, name), "");
  return path.join(dir, name);
};

const link = (target: string, file: string): string => {
  symlinkSync(target, file);
  return file;
};

const tooLong = { tooLong: true };

describe("the limit, in bytes", () => {
  test.each<[string, string, object]>([
    ["exactly as much", "x".repeat(LIMIT), { text: "x".repeat(LIMIT) }],
    ["one byte more", "x".repeat(LIMIT + 1), tooLong],
    ["fewer characters but more bytes", "é".repeat(LIMIT / 2 + 1), tooLong],
  ])("%s", (_, content, expected) => {
    const file = fileWith(content);
    expect(readText(file, LIMIT)).toEqual(expected);
    // A pipe does not say how long it is.
    const shell = `cat ${file} | "$@"`;
    expect(readInChild("/dev/stdin", { shell })).toEqual(expected);
  });

  test("a file that is far too long is not read into memory", () => {
    const file = fileWith("");
    truncateSync(file, 2 ** 40); // a hole: it takes no room on the disk, and would in memory
    expect(readText(file, LIMIT)).toEqual(tooLong);
  });

  test("a file that says it is empty and is not", () => {
    const cmdline = readFileSync("/proc/self/cmdline", "utf8");
    expect(readText("/proc/self/cmdline", cmdline.length)).toEqual({ text: cmdline });
    expect(readText("/proc/self/cmdline", cmdline.length - 1)).toEqual(tooLong);
  });
});

describe("what a shell hands over below /dev", () => {
  test.each<[string, string, string, object]>([
    ["stdin", "/dev/stdin", 'printf "a\\nb" | "$@"', { text: "a\nb" }],
    ["another descriptor", "/dev/fd/7", '{ echo x | "$@" 7<&0 </dev/null; }', { text: "x\n" }],
    ["by its name in /proc", "/proc/self/fd/0", 'echo x | "$@"', { text: "x\n" }],
    ["a slow writer", "/dev/stdin", '{ printf a; sleep 0.1; printf b; } | "$@"', { text: "ab" }],
    ["a writer that says nothing", "/dev/stdin", 'true | "$@"', { text: "" }],
    ["a writer that never ends", "/dev/stdin", 'yes | "$@"', tooLong],
    ["a descriptor that is closed", "/dev/fd/900", '"$@"', missing],
    ["a device that never ends", "/dev/stdin", '"$@" </dev/zero', tooLong],
    ["a device that is empty", "/dev/stdin", '"$@" </dev/null', { text: "" }],
  ])("%s", (_, file, shell, expected) => {
    expect(readInChild(file, { shell })).toEqual(expected);
  });

  test("more than a pipe holds at once", () => {
    const file = fileWith("line of text\n".repeat(50_000));
    const read = readInChild("/dev/stdin", { shell: `cat ${file} | "$@"`, limit: 2 ** 20 });
    expect(read).toEqual({ text: readFileSync(file, "utf8") });
  });

  test.each(["/dev/zero", "/dev/null", "/dev/ptmx"])("%s by its name is no text", (device) => {
    expect(readInChild(device)).toEqual(unreadable(/no regular file/));
  });
});

test("a file that somebody appends to is read up to some moment", () => {
  const file = fileWith("");
  const line = "a whole line\n";
  const writing = `i=0; while [ $i -lt 20000 ]; do echo 'a whole line'; i=$((i+1)); done >>${file}`;
  // The writer is a process of its own: reading holds up everything that is in this one.
  const shell = `(${writing}) & while [ ! -s ${file} ]; do :; done; "$@"; wait`;
  const read = readInChild(file, { shell, limit: 2 ** 20 }) as { text: string };
  expect(read.text).toMatch(/^a whole line\n/);
  expect((line.repeat(20_000) + line).startsWith(read.text)).toBe(true);
  expect(readText(file, 2 ** 20)).toEqual({ text: line.repeat(20_000) });
});

describe("what is not UTF-8 is told by its line and its first wrong byte", () => {
  const bytes = (text: string, ...more: number[]) => [...Buffer.from(text), ...more];
  test.each<[string, number[], string, number]>([
    ["at the beginning", bytes("", 0xff), "ff", 1],
    ["in a later line", bytes("a\nbé\nc", 0xe9, 0x0a), "e9", 3],
    ["in several lines: the first", [...bytes("a\n", 0x80, 0x0a), ...bytes("b\n", 0xfe)], "80", 2],
    ["at the end of the last line", bytes("a\nb\n", 0xfe), "fe", 3],
    ["a sequence cut off by the end", bytes("a\n€", 0xe2, 0x82), "e2", 2],
    ["a sequence cut off by a line end", bytes("", 0xc3, 0x0a, 0x61), "c3", 1],
    ["an overlong slash", bytes("x\n", 0xc0, 0xaf), "c0", 2],
    ["half of a surrogate pair", bytes("\n\n", 0xed, 0xa0, 0x80), "ed", 3],
    ["beyond the last character", bytes("", 0xf4, 0x90, 0x80, 0x80), "f4", 1],
    ["after a byte order mark", bytes("\uFEFFa\n", 0xff), "ff", 2],
    ["UTF-16", [...Buffer.from("\uFEFFa\n", "utf16le")], "ff", 1],
    ["a replacement character that is in the file comes before", bytes("\uFFFD\n", 0xff), "ff", 2],
  ])("%s", (_, content, byte, line) => {
    const unusable = `not UTF-8 text: byte 0x${byte} in line ${line}`;
    expect(readText(fileWith(content), LIMIT)).toEqual({ unusable });
  });

  // The replacement character begins with 0xef too.
  test.each<[string, number[], string, number]>([
    ["0xef at the end", bytes("a\n", 0xef), "ef", 2],
    ["0xef before a line end", bytes("", 0xef, 0x0a, 0x61), "ef", 1],
    ["0xef 0xbf cut off", bytes("a", 0xef, 0xbf, 0x41), "ef", 1],
  ])("%s", (_, content, byte, line) => {
    const unusable = `not UTF-8 text: byte 0x${byte} in line ${line}`;
    expect(readText(fileWith(content), LIMIT)).toEqual({ unusable });
  });
});

test("reading leaves no descriptor open", () => {
  const open = () =>
    spawnSync("ls", [`/proc/${process.pid}/fd`])
      .stdout.toString()
      .split("\n");
  const file = fileWith("x".repeat(LIMIT));
  const bad = fileWith([0xff]);
  const before = open().length;
  for (let round = 0; round < 50; round++) {
    for (const at of [file, bad, path.dirname(file)]) readText(at, LIMIT - (round % 2));
  }
  expect(open().length).toBeLessThan(before + 50);
});
