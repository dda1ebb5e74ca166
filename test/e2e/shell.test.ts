import { expect, test } from "vitest";
import { complete } from "../../src/ctl/shell.ts";
import { droverctl, run, startDaemon } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

const programs = "[program:cat]\ncommand=cat\nstartsecs=0\n";

test("the shell starts with the status, runs commands and leaves at the end of its input", async () => {
  const daemon = await startDaemon(programs);
  const shell = (input: string) => run(process.execPath, [droverctl, "-c", daemon.config], input);
  const { stdout, code } = await shell("pid cat\nnonsense\n\nstop cat\nstatus cat\n? pid\n");
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^cat +RUNNING +pid \d+, uptime/);
  expect(lines[1]).toMatch(/^supervisor> \d+$/);
  expect(lines[2]).toBe("supervisor> *** Unknown syntax: nonsense");
  expect(lines[3]).toBe("supervisor> supervisor> cat: stopped");
  expect(lines[4]).toMatch(/^supervisor> cat +STOPPED/);
  expect(lines[5]).toBe("supervisor> pid\t\t\tGet the PID of supervisord.");
  expect(stdout.endsWith("supervisor> \n")).toBe(true);
  expect(await shell("shutdown\nn\nquit\nstatus\n")).toMatchObject({ code: 0 });
  expect((await daemon.info("cat")).statename).toBe("STOPPED");
  const yes = await shell("shutdown\ny\nquit\n");
  expect(yes.stdout).toContain("Really shut the remote supervisord process down y/N? ");
  expect(yes.stdout).toContain("Shut down\n");
});

test.runIf(available("supervisorctl"))("prints what supervisorctl's shell prints", async () => {
  const daemon = await startDaemon(programs);
  const input = "status\nstart\nhelp stop\nnonsense\nquit\n";
  const theirs = await run("supervisorctl", ["-c", daemon.config], input);
  const mine = await run(process.execPath, [droverctl, "-c", daemon.config], input);
  const normal = (text: string) => text.replaceAll(/uptime \d:\d\d:\d\d/g, "uptime T");
  expect(normal(mine.stdout)).toBe(normal(theirs.stdout));
  expect(mine.code).toBe(theirs.code);
});

test.each([
  ["st", ["start ", "status ", "stop "]],
  ["start w", ["worker:* ", "worker:worker_0 "]],
  ["start cat w", ["worker:* ", "worker:worker_0 "]],
  ["help ta", ["tail "]],
  ["shutdown x", []],
])("completes %j", (line, expected) => {
  expect(complete(line, ["cat", "worker:*", "worker:worker_0"])[0]).toEqual(expected);
});
