import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

describe("rotating-stream", () => {
  test.each<[string[], string[]]>([
    [["stdout_logfile=/dev/stdout"], ["rotating-stream stdout_logfile"]],
    [["stderr_logfile=/dev/stderr"], ["rotating-stream stderr_logfile"]],
    [
      ["stdout_logfile=/dev/fd/1", "stdout_logfile_maxbytes=1MB"],
      ["rotating-stream stdout_logfile_maxbytes"],
    ],
    [["stdout_logfile=/proc/self/fd/1"], ["rotating-stream stdout_logfile"]],
    [["stdout_logfile=/proc/1/fd/1"], ["rotating-stream stdout_logfile"]],
    [["stdout_logfile=/dev/stdout", "stdout_logfile_maxbytes=0"], []],
    [["stderr_logfile=/dev/stderr", "redirect_stderr=true"], []],
    [["stdout_logfile=/dev/null"], []],
    [["stdout_logfile=/var/log/stdout"], []],
    [["stdout_logfile=NONE", "stderr_logfile=AUTO"], []],
  ])("%j", (lines, expected) => {
    expect(rulesFor(program("/bin/x", ...lines))).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ["logfile=/dev/stdout", ["rotating-stream logfile"]],
    ["logfile=/dev/fd/1\nlogfile_maxbytes=50MB", ["rotating-stream logfile_maxbytes"]],
    ["logfile=/dev/stdout\nlogfile_maxbytes=0", []],
    ["logfile=/dev/null", []],
  ])("the daemon's own: %j", (lines, expected) => {
    expect(rulesFor(`[supervisord]\n${lines}\n`)).toEqual(expected);
  });
});

describe("log-not-writable", () => {
  const log = program("/bin/x", "stdout_logfile=/var/log/app/a.log");
  const folder = { mode: (path: string) => (path === "/var/log/app" ? 0o755 : undefined) };
  const both = { mode: () => 0o644 };
  const except = (...paths: string[]) => ({
    isWritable: (path: string) => !paths.includes(path),
  });

  test.each([
    ["the folder", { ...folder, ...except("/var/log/app") }, ["log-not-writable stdout_logfile"]],
    ["the file", { ...both, ...except("/var/log/app/a.log") }, ["log-not-writable stdout_logfile"]],
    ["neither", { ...both, ...except() }, []],
    ["a folder that is missing", except("/var/log/app"), []],
  ])("%s may not be written", (_, facts, expected) => {
    expect(rulesFor(log, facts)).toEqual(expected);
  });

  test("a file that is there needs its folder only for rotation", () => {
    const facts = { ...both, ...except("/var/log/app") };
    expect(rulesFor(log, facts)).toEqual(["log-not-writable stdout_logfile"]);
    expect(rulesFor(`${log}stdout_logfile_maxbytes=0\n`, facts)).not.toContain(
      "log-not-writable stdout_logfile",
    );
  });

  test("it is the user of [supervisord] who must be allowed to, not that of the program", () => {
    const asked: (number | undefined)[] = [];
    const facts = {
      mode: () => 0o644,
      isWritable: (_: string, as?: { uid: number }) => asked.push(as?.uid) < 0,
    };
    const body = `[supervisord]\nuser=web\nlogfile=/dev/null\n${log}`;
    expect(problemsOf(body, facts)[0]).toMatchObject({
      message: "web, as whom the daemon runs, may not write /var/log/app/a.log",
      instead: "chown web /var/log/app/a.log",
    });
    expect(new Set(asked)).toEqual(new Set([1001]));
  });

  test("a folder of the whole machine is not given away", () => {
    const body = program("/bin/x", "stdout_logfile=/var/log/a.log");
    const facts = {
      mode: (path: string) => (path === "/var/log" ? 0o755 : undefined),
      ...except("/var/log"),
    };
    expect(problemsOf(body, facts)[0]?.instead).toBe(
      "install -d -o 1001 /var/log/a\nstdout_logfile=/var/log/a/a.log",
    );
  });

  test("once for all copies", () => {
    const copies = ["numprocs=3", "process_name=a%(process_num)d"];
    const body = program("/bin/x", ...copies, "stdout_logfile=/var/log/app/%(process_num)d.log");
    expect(rulesFor(body, { ...folder, ...except("/var/log/app") })).toHaveLength(1);
  });
});

describe("unbounded-log", () => {
  const out = "unbounded-log stdout_logfile_maxbytes";
  test.each<[string[], string[]]>([
    [["stdout_logfile=/var/log/a.log", "stdout_logfile_maxbytes=0"], [out]],
    [["stdout_logfile_maxbytes=0"], [out]],
    [["stderr_logfile_maxbytes=0"], ["unbounded-log stderr_logfile_maxbytes"]],
    [["stdout_logfile_maxbytes=0", "stderr_logfile_maxbytes=0"], [out]],
    [["stderr_logfile_maxbytes=0", "redirect_stderr=true"], []],
    [["stdout_logfile=/dev/stdout", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=/dev/null", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=/proc/self/fd/2", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=NONE", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=syslog", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=/dev/stdout, /var/log/a.log", "stdout_logfile_maxbytes=0"], [out]],
    [["stdout_logfile=/dev/stdout, syslog", "stdout_logfile_maxbytes=0"], []],
    [["stdout_logfile=/var/log/a.log"], []],
    [["stdout_logfile_maxbytes=0", "log_rotate_every=1d"], []],
    [["stdout_logfile_maxbytes=0", "log_rotate_at=00:00"], []],
    [["stdout_logfile_maxbytes=0", "log_keep=14d"], [out]],
    [["stdout_logfile=/var/log/a.log", "stdout_logfile_maxbytes=1GB"], []],
  ])("%j", (lines, expected) => {
    expect(rulesFor(program("/bin/x", ...lines))).toEqual(expected);
  });

  test("names both logs where both grow, and is told once for all copies", () => {
    const copies = ["numprocs=3", "process_name=a%(process_num)d"];
    const lines = ["stdout_logfile_maxbytes=0", "stderr_logfile_maxbytes=0"];
    expect(problemsOf(program("/bin/x", ...copies, ...lines))).toMatchObject([
      { instead: "stdout_logfile_maxbytes=50MB\nstderr_logfile_maxbytes=50MB" },
    ]);
  });
});
