import { expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";

const programs = '[program:a]\ncommand=sleep 1000\nstartsecs=0\nenvironment=TOKEN="hidden-token"\n';

test("the daemon's log has supervisord's lines", async () => {
  const daemon = await startDaemon(programs);
  const { pid } = await daemon.state("a", "RUNNING");
  const lines = daemon.log().trimEnd().split("\n");
  const form = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (CRIT|ERRO|WARN|INFO|DEBG|TRAC|BLAT) \S/;
  expect(lines.filter((line) => !form.test(line))).toEqual([]);
  expect(lines.map((line) => line.slice(24))).toContain(`INFO spawned: 'a' with pid ${pid}`);
  expect(daemon.log()).not.toContain("hidden-token");
});

test("log_format=json makes each line an object, and loglevel leaves out what is below it", async () => {
  const daemon = await startDaemon(programs, "log_format=json\nloglevel=warn");
  const { pid } = await daemon.state("a", "RUNNING");
  process.kill(pid, "SIGKILL");
  await eventually("the exit", () => daemon.log().includes("exited: a"));
  const entries = daemon
    .log()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(entries).toContainEqual({
    level: 30,
    time: expect.any(Number),
    pid: daemon.pid,
    event: "PROCESS_EXIT",
    process: "a",
    group: "a",
    exit: expect.objectContaining({ pid, signal: "SIGKILL", cause: "terminated by SIGKILL" }),
    msg: "exited: a (terminated by SIGKILL; not expected)",
  });
  expect(entries.filter(({ level }) => level < 30)).toEqual([]);
  expect(daemon.log()).not.toContain("hidden-token");
});
