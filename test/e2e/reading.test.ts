import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";
import { call } from "../support/pythoncalls.ts";

const programs = `
[program:six]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/six.log
stderr_logfile=NONE
[program:silent]
command=sleep 1000
startsecs=0
stdout_logfile=NONE
[program:gone]
command=sleep 1000
autostart=false
stdout_logfile=%(here)s/gone.log
`;

const numbers = [0, 1, 3, 6, 7, 100, -1, -3, -6, -100, 2 ** 31 - 1, -(2 ** 31)];

describe.runIf(available("supervisord"))("beside the real supervisord", () => {
  test("logs are read with every offset and length as supervisord reads them", async () => {
    const peer = await startSupervisord(programs);
    const ours = await startDaemon(programs);
    const pairs = numbers.flatMap((offset) => numbers.map((length) => [offset, length]));
    const calls = [
      ...[
        "readProcessStdoutLog",
        "readProcessLog",
        "tailProcessStdoutLog",
        "tailProcessLog",
      ].flatMap((method) => pairs.map((pair) => [method, "six", ...pair])),
      ...["readProcessStderrLog", "tailProcessStderrLog"].map((method) => [method, "six", 0, 10]),
      ...["readProcessStdoutLog", "tailProcessStdoutLog"].flatMap((method) =>
        ["silent", "nosuch", "six:*", "six:nosuch", "gone"].map((name) => [method, name, 0, 10]),
      ),
      ["readProcessStdoutLog", "six", "2", "3"],
      ["readProcessStdoutLog", "six", 2],
      ["readLog", -1, 1],
      ["readMainLog", 1, -1],
    ];
    const answers = [];
    for (const { dir } of [peer, ours]) {
      await eventually(
        "its output",
        async () => (await call(dir, [["readProcessLog", "six", 0, 0]]))[0] === "hello\n",
      );
      answers.push((await call(dir, calls)).map((answer) => relative(answer, dir)));
    }
    const [theirs, mine] = answers;
    const named = (all: unknown[] = []) => calls.map((asked, at) => [...asked, all[at]]);
    expect(named(mine)).toEqual(named(theirs));
  }, 60_000);
});

/** An answer without the folder, and without drover's explanation of wrong parameters. */
function relative(answer: unknown, dir: string): unknown {
  if (!Array.isArray(answer) || typeof answer[1] !== "string") return answer;
  const [code, text] = answer as [number, string];
  return code === 2 ? [code] : [code, text.replaceAll(dir, "DIR")];
}

test("the daemon's own log is read by both of its names", async () => {
  const daemon = await startDaemon("");
  const [whole, alias, part] = await call(daemon.dir, [
    ["readLog", 0, 0],
    ["readMainLog", -10_000, 0],
    ["readLog", 0, 4],
  ]);
  expect(whole).toContain("supervisord started with pid");
  expect(alias).toContain("supervisord started with pid");
  expect(part).toBe(daemon.log().slice(0, 4));
});

test("what is no UTF-8 is replaced, also a character that the range cuts", async () => {
  const daemon = await startDaemon(programs);
  const file = path.join(daemon.dir, "gone.log");
  writeFileSync(file, Buffer.from([0x61, 0xff, 0x00, 0x62, 0xe2, 0x82, 0xac, 0x0a]));
  const read = (offset: number, length: number) =>
    daemon.client.call("supervisor.readProcessStdoutLog", { name: "gone", offset, length });
  expect(await read(0, 0)).toBe("a\ufffd\0b€\n");
  expect(await read(-3, 0)).toBe("\ufffd\ufffd\n");
  expect(await read(0, 6)).toBe("a\ufffd\0b\ufffd");
});

test("a large log answers with its last 4 MB, and a log that is no file with NO_FILE", async () => {
  const daemon = await startDaemon(`
[program:fifo]
command=true
autostart=false
stdout_logfile=%(here)s/fifo
[program:folder]
command=true
autostart=false
stdout_logfile=%(here)s/folder
[program:device]
command=true
autostart=false
stdout_logfile=/dev/zero
[program:large]
command=true
autostart=false
stdout_logfile=%(here)s/large.log
`);
  execFileSync("mkfifo", [path.join(daemon.dir, "fifo")]);
  mkdirSync(path.join(daemon.dir, "folder"));
  writeFileSync(path.join(daemon.dir, "large.log"), "");
  truncateSync(path.join(daemon.dir, "large.log"), 10 * 2 ** 30);
  const read = (name: string, offset = 0) =>
    daemon.client.call("supervisor.readProcessStdoutLog", { name, offset, length: 0 });
  const rejected = { code: 20, message: expect.stringMatching(/^NO_FILE: /) };
  for (const name of ["fifo", "folder", "device"]) {
    await expect(read(name)).rejects.toMatchObject(rejected);
    const tail = { name, offset: 0, length: 10 };
    expect(await daemon.client.call("supervisor.tailProcessStdoutLog", tail)).toEqual([
      "",
      0,
      false,
    ]);
  }
  expect(await read("large")).toHaveLength(4 * 2 ** 20);
  expect(await read("large", -(2 ** 53 - 1))).toHaveLength(4 * 2 ** 20);
});
