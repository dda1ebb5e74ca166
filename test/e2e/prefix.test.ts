import { closeSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFifos, openForChild, readChannel } from "../../src/os/channels.ts";
import { configText, eventually, launch, startDaemon, tempDir } from "../support/daemon.ts";

/** Starts a droverd with a pipe for its stdout; `output` gives what has come through it. */
async function startOnPipe(programs: string, supervisord = "") {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  // At debug the daemon would echo all that the children write into its own log.
  writeFileSync(config, configText(programs, `loglevel=info\n${supervisord}`));
  const pipe = path.join(dir, "stdout");
  makeFifos([pipe]);
  let output = "";
  const take = (chunk: Buffer) => {
    output += chunk.toString("latin1");
  };
  const reader = readChannel(pipe, take, () => undefined);
  onTestFinished(() => reader?.close());
  const fd = openForChild(pipe, undefined);
  try {
    const daemon = await launch(dir, config, { stdout: fd });
    return { daemon, output: () => output };
  } finally {
    closeSync(fd);
  }
}

// Each line comes in two pieces, and all of them fit into a pipe that is not read for a while.
const speaking = (stream: string) =>
  `sh -c 'for n in $(seq 60); do printf "line $n, "; sleep 0.005; printf "whole\\n"; done >&${stream}'`;

const programs = `
[program-default]
startsecs=0
autorestart=false
stdout_logfile=/dev/stdout
[program:web]
command=${speaking("1")}
process_name=%(program_name)s_%(process_num)d
numprocs=2
log_prefix=[%(program_name)s_%(process_num)d]
[program:mail]
command=${speaking("2")}
redirect_stderr=true
log_prefix=mail |
[program:bare]
command=${speaking("1")}
`;
const names = ["web:web_0", "web:web_1", "mail", "bare"];
const daemonsOwn = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]{4} ./;

test.each([["false"], ["true"]])(
  "programs that log to the daemon's stdout, a pipe, tell their lines apart: silent=%s",
  async (silent) => {
    const { daemon, output } = await startOnPipe(programs, `silent=${silent}`);
    for (const name of names) await daemon.state(name, "EXITED");
    await daemon.stop();
    await eventually(
      "the last lines",
      () => (output().match(/line 60, whole\n/g) ?? []).length === 4,
    );
    const lines = output().trimEnd().split("\n");

    const wanted = Array.from({ length: 60 }, (_, n) => `line ${n + 1}, whole`);
    for (const prefix of ["[web_0] ", "[web_1] ", "mail | "]) {
      const own = lines.filter((line) => line.startsWith(prefix));
      expect(own).toEqual(wanted.map((line) => prefix + line));
    }
    expect(lines.filter((line) => line.startsWith("line "))).toEqual(wanted);

    const others = lines.filter(
      (line) => !/^(?:\[web_[01]\] |mail \| )?line \d+, whole$/.test(line),
    );
    expect(others.filter((line) => !daemonsOwn.test(line))).toEqual([]);
    if (silent === "true") expect(others).toEqual([]);
    else expect(others.join("\n")).toContain("INFO spawned: 'mail' with pid ");
  },
);

test("a log of one's own has prefixes too, whatever the lines are, and no byte is lost", async () => {
  const daemon = await startDaemon(`
[program:odd]
command=sh -c 'printf "par"; sleep 0.05; printf "tial\\n\\n\\377\\r\\n"; head -c 1500000 /dev/zero; printf "\\nto stderr" >&2; printf "\\nno end"'
startsecs=0
autorestart=false
log_prefix=[%(program_name)s]
stdout_logfile=%(here)s/out.log
stdout_logfile_maxbytes=0
stderr_logfile=%(here)s/err.log
`);
  await daemon.state("odd", "EXITED");
  await daemon.stop();
  expect(daemon.file("err.log")).toBe("[odd] \n[odd] to stderr\n");
  const lines = daemon.file("out.log").split("\n");
  const zeros = lines[3]?.replace(/\0+$/, "") ?? "";
  expect((lines[3]?.length ?? 0) - zeros.length).toBe(1_500_000);
  expect(lines.toSpliced(3, 1, zeros)).toEqual([
    "[odd] partial",
    "[odd] ",
    "[odd] \ufffd\r",
    "[odd] ",
    "[odd] no end",
    "",
  ]);
});
