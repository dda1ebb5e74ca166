import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { complete } from "../../src/ctl/completion.ts";
import { droverctl, eventually, run, startDaemon } from "../support/daemon.ts";
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
  const mine = await run(process.execPath, [droverctl, "--plain", "-c", daemon.config], input);
  const normal = (text: string) => text.replaceAll(/uptime \d:\d\d:\d\d/g, "uptime T");
  expect(normal(mine.stdout)).toBe(normal(theirs.stdout));
  expect(mine.code).toBe(theirs.code);
});

/** Types into a program, each line when the one before has had its effect. */
async function type(words: readonly string[], steps: readonly [line: string, shows: string][]) {
  const child = spawn(process.execPath, [droverctl, ...words]);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let shown = "";
  child.stdout.on("data", (chunk) => {
    shown += chunk;
  });
  for (const [line, shows] of steps) {
    child.stdin.write(line);
    await eventually(`it shows ${shows}`, () => shown.includes(shows));
  }
  return { child, ended, shown: () => shown };
}

const echo = `
[program:echo]
command=cat
startsecs=0
stdout_logfile=%(here)s/echo.log
`;

test("fg shows what a process says and passes on what is typed, until Ctrl-C", async () => {
  const { config } = await startDaemon(echo);
  const { child, ended, shown } = await type(
    ["-c", config, "fg", "echo"],
    [
      ["", "==> Press Ctrl-C to exit <==\n"],
      ["hello\n", "hello\n"],
      ["again\n", "again\n"],
    ],
  );
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(shown()).toMatch(/Exiting foreground\n$/);
});

test("in the shell fg ends with its process, and the shell goes on, also on another server", async () => {
  const { config, client } = await startDaemon(echo);
  const other = await startDaemon(echo.replace("[program:echo]", "[program:other]"));
  const fg = await type(
    ["-c", config],
    [
      ["fg echo\n", "==> Press Ctrl-C to exit <==\n"],
      ["hello\n", "hello\n"],
    ],
  );
  await client.call("supervisor.stopProcess", { name: "echo", wait: true });
  fg.child.stdin.write("more\n");
  await eventually("it is told", () => fg.shown().includes("Process got killed\n"));
  fg.child.stdin.write(`open unix://${other.socket}\n`);
  await eventually("the other's status", () => /other +RUNNING/.test(fg.shown()));
  fg.child.stdin.write("stop other\n");
  await eventually("it is stopped", () => fg.shown().includes("other: stopped\n"));
  fg.child.stdin.end();
  expect(await fg.ended).toBe(0);
});

test("the daemon's own log is shown by maintail, and followed", async () => {
  const { config, client } = await startDaemon(echo);
  const { child, ended, shown } = await type(["-c", config, "maintail", "-f"], [["", "spawned"]]);
  await client.call("supervisor.stopProcess", { name: "echo", wait: true });
  await eventually("what came", () => shown().includes("stopped: echo"));
  child.kill("SIGINT");
  expect(await ended).toBe(0);
});

test.each([
  ["st", ["start ", "status ", "stop "]],
  ["update w", ["worker "]],
  ["start w", ["worker:* ", "worker:worker_0 "]],
  ["start cat w", ["worker:* ", "worker:worker_0 "]],
  ["help ta", ["tail "]],
  ["shutdown x", []],
  ["signal WIN", ["WINCH "]],
  ["signal HUP w", ["worker:* ", "worker:worker_0 "]],
  ["events TICK_5", ["TICK_5 "]],
  ["wait c", ["cat "]],
])("completes %j", (line, expected) => {
  expect(
    complete(line, {
      processes: ["cat", "worker:*", "worker:worker_0"],
      groups: ["cat", "worker"],
    })[0],
  ).toEqual(expected);
});
