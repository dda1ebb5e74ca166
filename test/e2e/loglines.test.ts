import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { eventually, launch, startDaemon, tempDir } from "../support/daemon.ts";

const BEGIN = "<!--XSUPERVISOR:BEGIN-->";
const END = "<!--XSUPERVISOR:END-->";

/** A program that writes what printf(1) makes of a text, and ends. */
const printing = (output: string, name = "p") => `
[program:${name}]
command=printf '${output}'
startsecs=0
autorestart=false
stdout_logfile=%(here)s/out.log
stderr_logfile=NONE
`;

interface Line {
  time: string;
  process: string;
  group: string;
  stream: string;
  pid: number | null;
  line: string;
  mark?: string;
  uptime?: number;
  cause?: string;
}

const objects = (text: string): Line[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

const started = Date.now();

describe("lines of a log", () => {
  const two = printing("one\\ntwo\\n");
  test.each<[string, RegExp]>([
    ["", /^one\ntwo\n$/],
    ["log_timestamps=iso", /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) one\n\1 two\n$/],
    ["log_timestamps=unix\nlog_prefix=p:", /^(\d{10}\.\d{3}) p: one\n\1 p: two\n$/],
    ["log_timestamps=elapsed", /^(0\.\d{3}) one\n\1 two\n$/],
  ])("with %j", async (options, expected) => {
    const daemon = await startDaemon(`${two}${options}\n`);
    await daemon.state("p", "EXITED");
    await daemon.stop();
    expect(daemon.file("out.log")).toMatch(expected);
    const time = /^(?:\d{10}|\d{4}-\S+)/.exec(daemon.file("out.log"))?.[0];
    if (!time) return;
    const ms = time.includes("T") ? Date.parse(time) : Number(time) * 1_000;
    expect(Math.abs(ms - started)).toBeLessThan(120_000);
  });

  test("as JSON, with the child they are of", async () => {
    const daemon = await startDaemon(`
[program:web]
command=sh -c 'echo $$; echo err >&2; printf "\\\\377 \\"x\\"\\r\\n no end"'
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
autorestart=false
redirect_stderr=false
log_format=json
log_prefix=ignored
log_timestamps=unix
stdout_logfile=%(here)s/all.log
stderr_logfile=%(here)s/all.log
`);
    for (const name of ["web:web_0", "web:web_1"]) await daemon.state(name, "EXITED");
    await daemon.stop();
    const all = objects(daemon.file("all.log"));
    for (const process of ["web_0", "web_1"]) {
      const own = all.filter((line) => line.process === process);
      const out = own.filter(({ stream }) => stream === "stdout");
      const pid = Number(out[0]?.line);
      expect(pid).toBeGreaterThan(1);
      expect(own.filter(({ stream }) => stream === "stderr")).toMatchObject([
        { group: "web", pid, line: "err" },
      ]);
      expect(out.slice(1)).toMatchObject([
        { group: "web", pid, line: '\ufffd "x"', invalid_utf8: true },
        { group: "web", pid, line: " no end" },
      ]);
    }
  });

  test("of a grandchild that outlives its parent are nobody's", async () => {
    const go = path.join(tempDir(), "go");
    makeFifos([go]);
    const daemon = await startDaemon(`
[program:parent]
command=sh -c '(read x < ${go}; echo late) & echo $$; exit 3'
startsecs=0
autorestart=false
log_format=json
log_marks=true
stdout_logfile=%(here)s/out.log
`);
    await daemon.state("parent", "EXITED");
    writeFileSync(go, "\n");
    await eventually("its words", () => daemon.file("out.log").includes("late"));
    const [start, parent, end, late] = objects(daemon.file("out.log"));
    const pid = Number(parent?.line);
    expect(start).toMatchObject({ pid, line: `started, pid ${pid}`, mark: "started" });
    expect(end).toMatchObject({ pid, mark: "ended", cause: "exit status 3" });
    expect(end?.uptime).toBeGreaterThanOrEqual(0);
    expect(late).toMatchObject({ pid: null, line: "late" });
  });
});

describe("marks of starts and ends", () => {
  test("stand between the lines of each child, and end a line that it has left open", async () => {
    const daemon = await startDaemon(`
[program:brief]
command=sh -c 'echo $$; printf unfinished; kill -9 $$'
startsecs=0
autorestart=true
log_marks=true
log_prefix=>
stdout_logfile=%(here)s/out.log
stderr_logfile=%(here)s/err.log
`);
    await eventually(
      "three",
      () => (daemon.file("out.log").match(/ended after/g)?.length ?? 0) >= 3,
    );
    await daemon.stop();
    const [, pid = ""] = /pid (\d+)/.exec(daemon.file("out.log")) ?? [];
    expect(daemon.file("out.log").split("\n").slice(0, 4)).toEqual([
      `> [drover: started, pid ${pid}]`,
      `> ${pid}`,
      "> unfinished",
      expect.stringMatching(
        new RegExp(`^> \\[drover: ended after 0\\.\\d{3} s, pid ${pid}: terminated by SIGKILL\\]$`),
      ),
    ]);
    // Its other log tells of them too.
    expect(daemon.file("err.log").split("\n").slice(0, 2)).toEqual([
      `> [drover: started, pid ${pid}]`,
      expect.stringMatching(/^> \[drover: ended after .*SIGKILL\]$/),
    ]);
  });

  test("tell of a child that an earlier daemon has left, and whose its last lines are", async () => {
    const daemon = await startDaemon(`
[program:p]
command=sh -c 'trap "echo bye; exit 0" TERM; echo $$; while :; do sleep 0.05; done'
log_format=json
log_marks=true
stdout_logfile=%(here)s/out.log
stderr_logfile=NONE
`);
    const { pid } = await daemon.state("p", "RUNNING");
    const killed = new Promise((resolve) => daemon.child.on("exit", resolve));
    daemon.child.kill("SIGKILL");
    await killed;
    const next = await launch(daemon.dir, daemon.config);
    const { pid: newPid } = await next.state("p", "RUNNING");
    await next.stop();
    const lines = objects(daemon.file("out.log")).map(({ pid: own, mark, line }) => [
      own,
      mark ?? line,
    ]);
    expect(lines).toEqual([
      [pid, "started"],
      [pid, String(pid)],
      [pid, "bye"],
      [pid, "ended"],
      [newPid, "started"],
      [newPid, String(newPid)],
      [newPid, "bye"],
      [newPid, "ended"],
    ]);
  });

  test("stand once in a log that both streams share", async () => {
    const daemon = await startDaemon(`
[program:p]
command=sh -c 'echo out; echo err >&2'
startsecs=0
autorestart=false
log_marks=true
stdout_logfile=%(here)s/all.log
stderr_logfile=%(here)s/all.log
`);
    await daemon.state("p", "EXITED");
    await daemon.stop();
    const lines = daemon.file("all.log").trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines.slice(1, 3).toSorted()).toEqual(["err", "out"]);
    expect(lines[3]).toMatch(/^\[drover: ended after \d+\.\d{3} s, pid \d+: exit status 0\]$/);
  });

  test("say by whom a child was stopped, also when it has closed its output", async () => {
    const daemon = await startDaemon(`
[program:quiet]
command=sh -c 'exec >&- 2>&-; exec sleep 100'
log_marks=true
stdout_logfile=%(here)s/out.log
stderr_logfile=NONE
`);
    await daemon.state("quiet", "RUNNING");
    await daemon.client.call("supervisor.stopProcess", { name: "quiet", wait: true });
    expect(daemon.file("out.log")).toMatch(
      /^\[drover: started, pid (\d+)\]\n\[drover: ended after 1\.\d{3} s, pid \1: stopped by a request \(terminated by SIGTERM\)\]\n$/,
    );
  });
});

describe("strip_ansi", () => {
  const colours = "a \\033[1;31mred\\033[0m b\\n\\033[2K\\033[1Gdone\\033[";
  test("takes the sequences out of logs, whatever else is done to their lines", async () => {
    const daemon = await startDaemon(
      `${printing(colours)}stderr_logfile=NONE\nstdout_syslog=false\n` +
        `${printing(colours, "j").replace("out.log", "json.log")}log_format=json\n`,
      "strip_ansi=true",
    );
    for (const name of ["p", "j"]) await daemon.state(name, "EXITED");
    const details = await daemon.client.call("supervisor.getProcessInfo", { name: "p" });
    await daemon.stop();
    expect(daemon.file("out.log")).toBe("a red b\ndone");
    expect(objects(daemon.file("json.log")).map(({ line }) => line)).toEqual(["a red b", "done"]);
    expect(daemon.log()).toContain("'p' stdout output:\na red b\ndone\n");
    expect(daemon.log()).not.toContain("\u001b");
    expect(details.exits.at(-1)?.last_output.stdout).toEqual(["a red b", "done"]);
  });

  test("is off unless it is set", async () => {
    const daemon = await startDaemon(printing(colours));
    await daemon.state("p", "EXITED");
    await daemon.stop();
    expect(daemon.file("out.log")).toBe(
      "a \u001b[1;31mred\u001b[0m b\n\u001b[2K\u001b[1Gdone\u001b[",
    );
  });

  test("a sequence that is cut over two writes goes too, and what is behind it does not", async () => {
    const daemon = await startDaemon(
      `
[program:p]
command=sh -c 'printf "a\\\\033[3"; sleep 0.2; printf "1mb\\\\033"; sleep 0.2; printf "[0mc\\n"'
startsecs=0
autorestart=false
stdout_logfile=%(here)s/out.log
`,
      "strip_ansi=true",
    );
    await daemon.state("p", "EXITED");
    await daemon.stop();
    expect(daemon.file("out.log")).toBe("abc\n");
  });
});

test("captured messages are in no log, with every feature on", async () => {
  const output = `a\\033[1m1 ${BEGIN}secret${END}2\\n${BEGIN}more\\n${END}b${BEGIN.slice(0, 9)}`;
  const daemon = await startDaemon(
    `${printing(output)}stdout_capture_maxbytes=1MB
log_format=json
log_marks=true
${printing(output, "q").replace("out.log", "text.log")}stdout_capture_maxbytes=1MB
log_timestamps=elapsed
log_prefix=|
`,
    "strip_ansi=true\nloglevel=info",
  );
  for (const name of ["p", "q"]) await daemon.state(name, "EXITED");
  await daemon.stop();
  const lines = objects(daemon.file("out.log")).filter(({ mark }) => mark === undefined);
  expect(lines.map(({ line }) => line)).toEqual(["a1 2", "b<!--XSUPE"]);
  expect(daemon.file("text.log")).toMatch(/^0\.\d{3} \| a1 2\n0\.\d{3} \| b<!--XSUPE\n$/);
});

test("a child begins a line, whatever the last one has left while another holds the channel", async () => {
  const daemon = await startDaemon(`
[program:p]
command=sh -c 'sleep 1.5 & echo $$ says; printf "half a line${BEGIN}lost"'
startsecs=0
autorestart=true
log_prefix=>
stdout_capture_maxbytes=1MB
stdout_logfile=%(here)s/out.log
stderr_logfile=NONE
`);
  const halves = () => daemon.file("out.log").match(/^> half a line$/gm)?.length ?? 0;
  await eventually("four children", () => halves() >= 4);
  await daemon.stop();
  const lines = daemon.file("out.log").trimEnd().split("\n");
  const each = lines.map((line, n) => /^> \d+ says$/.test(line) || (n % 2 === 1 && line));
  expect(new Set(each)).toEqual(new Set([true, "> half a line"]));
});

test("a line of 100 MB is logged with every feature on, in little memory", async () => {
  const daemon = await startDaemon(`
[program:long]
command=sh -c 'head -c 100000000 /dev/zero | tr "\\\\000" x; echo'
startsecs=0
autorestart=false
log_format=json
stdout_logfile=%(here)s/out.log
stdout_logfile_maxbytes=0
`);
  await daemon.state("long", "EXITED");
  const all = objects(daemon.file("out.log"));
  expect(all.reduce((sum, { line }) => sum + line.length, 0)).toBe(100_000_000);
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]);
  expect(peakKb).toBeLessThan(250_000);
});
