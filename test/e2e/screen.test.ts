import path from "node:path";
import { describe, expect, test } from "vitest";
import { droverctl, eventually, startDaemon } from "../support/daemon.ts";
import { available } from "../support/peers.ts";
import { openScreen } from "../support/screen.ts";

const programs = `
[program:worker]
command=sleep 1000
numprocs=3
process_name=%(program_name)s_%(process_num)d
startsecs=0
[program:bad]
command=sh -c 'exit 3'
autostart=false
startsecs=60
startretries=0
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 1; done'
numprocs=2
process_name=%(program_name)s_%(process_num)d
startsecs=0
stopwaitsecs=4
[program:nasty]
command=sh -c 'printf "\\033]0;owned\\007say \\033[31mred\\033[2J\\n"; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/nasty.log
`;

describe.runIf(available("tmux"))("on a terminal", () => {
  const open = (config: string, words: readonly string[], options = {}) =>
    openScreen([process.execPath, droverctl, "-c", config, ...words], options);

  test("status is a table of the fleet, supervisorctl's lines with --plain, NO_COLOR and on a dumb terminal", async () => {
    const daemon = await startDaemon(programs);
    await daemon.ctl("start", "bad");
    const screen = await open(daemon.config, ["status"]).shows("LAST EXIT");
    expect(screen).toMatch(/^NAME +STATE +PID +UPTIME +RESTARTS +CPU +MEMORY +LAST EXIT$/m);
    expect(screen).toMatch(/^bad +fatal +0 +exit status 3, \d+s ago$/m);
    expect(screen).toMatch(/^worker +3\/3 running +\d+s +0 +[\d.]+% +[\d.]+[KM]$/m);
    expect(screen).not.toContain("worker_1");
    const unfolded = await open(daemon.config, ["status", "-v"]).shows("worker:worker_2");
    expect(unfolded).toMatch(/^worker:worker_1 +running +\d+ /m);
    await open(daemon.config, ["status", "worker:*"]).shows("worker:worker_2");
    const plain = /^worker:worker_0 {18}RUNNING {3}pid \d+, uptime 0:00:\d\d$/m;
    await open(daemon.config, ["--plain", "status"]).shows(plain);
    await open(daemon.config, ["status", "--plain"]).shows(plain);
    await open(daemon.config, ["status"], { env: { NO_COLOR: "1" } }).shows(plain);
    const narrow = await open(daemon.config, ["status"], { columns: 20 }).shows("nasty");
    expect(narrow).toMatch(/^NAME +STATE$/m);
    expect(narrow).toMatch(/^worker +3\/3 running$/m);
  });

  test("status --watch and top are drawn again as things change, and fit the terminal", async () => {
    const daemon = await startDaemon(programs);
    const state = path.join(daemon.dir, "state");
    const screen = open(daemon.config, [], { env: { XDG_STATE_HOME: state } });
    await screen.shows("supervisor>");
    screen.press("status --watch", "Enter");
    await screen.shows("6 of 7 running; v unfolds, q leaves");
    await daemon.ctl("stop", "worker:worker_1");
    await screen.shows(/^worker +2\/3 running.*\n {2}worker_1 +stopped/m);
    screen.press("v");
    await screen.shows(/^worker:worker_0 +running/m);
    screen.resize(40, 5);
    await screen.shows(/^\.\.\. and \d+ more$/m);
    expect(screen.text().split("\n").length).toBeLessThanOrEqual(5);
    screen.resize(100, 24);
    await screen.shows(/^worker:worker_2 +running/m);
    screen.press("C-c");
    // The other screen is back as it was, and the shell goes on.
    await screen.shows(/supervisor> status --watch\s+supervisor>$/);
    screen.press("top", "Enter");
    await screen.shows("c m r u n sort, v unfolds, q leaves");
    screen.press("n");
    await screen.shows(/^bad .*\n(?:.*\n)*worker:worker_2/m);
    await daemon.stop();
    await screen.shows("no such file; trying again");
    screen.press("q");
    await screen.shows(/supervisor> top\s+supervisor>$/);
    screen.press("quit", "Enter");
  });

  test("whatever ends it, the terminal is as it was", async () => {
    const daemon = await startDaemon(programs);
    const words = [process.execPath, droverctl, "-c", daemon.config, "status", "--watch"];
    const screen = openScreen(["timeout", "--foreground", "3", ...words]);
    await screen.shows("v unfolds, q leaves");
    await eventually("it is gone", () => screen.text() === "");
  });

  test("who waits long is told how far it is, and for whom", async () => {
    const daemon = await startDaemon(programs);
    const screen = open(daemon.config, ["stop", "stubborn:*"]);
    await screen.shows(
      /^stopping 0\/2 \.\.\. waiting for stubborn:stubborn_0, stubborn:stubborn_1/,
    );
    const after = await screen.shows("stubborn:stubborn_1: stopped");
    expect(after).not.toContain("waiting");
    const waiting = open(daemon.config, ["wait", "bad", "--timeout", "3s"]);
    await waiting.shows("waiting: 0/1 ... waiting for bad,");
    expect(await waiting.shows("not running")).toBe("bad: ERROR (STOPPED, not running within 3s)");
  });

  test("fg attaches to a process, and Ctrl-C leads back to the shell", async () => {
    const daemon = await startDaemon(
      "[program:cat]\ncommand=cat\nstartsecs=0\nstdout_logfile=%(here)s/cat.log\n",
    );
    const screen = open(daemon.config, ["-r", path.join(daemon.dir, "history")]);
    await screen.shows("supervisor>");
    screen.press("fg cat", "Enter");
    await screen.shows("==> Press Ctrl-C to exit <==");
    screen.press("hello", "Enter");
    await screen.shows(/hello\s+hello/);
    screen.resize(50, 12);
    screen.press("C-c");
    await screen.shows(/Exiting foreground\s+supervisor>$/);
    screen.press("pid cat", "Enter");
    await screen.shows(/\d+\s+supervisor>$/);
    // What was typed for the process is no command.
    screen.press("Up");
    await screen.shows(/supervisor> pid cat$/);
    screen.press("C-c", "Up", "Up");
    await screen.shows(/supervisor> fg cat$/);
    screen.press("C-c", "C-d");
    expect(daemon.file("history")).toBe("fg cat\npid cat\n");
  });

  test("names of all kinds can be shown and given", async () => {
    const daemon = await startDaemon(
      ["-x", "größe", "日本", "a.b;c"]
        .map((name) => `[program:${name}]\ncommand=sleep 1000\nstartsecs=0\n`)
        .join(""),
    );
    const table = await open(daemon.config, ["status"]).shows("日本");
    for (const name of ["-x", "größe", "日本", "a.b;c"]) {
      expect(table).toMatch(new RegExp(`^${name} +running`, "m"));
      expect((await daemon.ctl("stop", name)).stdout).toBe(`${name}: stopped\n`);
      expect((await daemon.ctl("status", name)).stdout).toMatch(/STOPPED/);
    }
    expect((await daemon.ctl("wait", "--for", "stopped", "--", "-x")).stdout).toBe("-x: stopped\n");
  });

  test("what workers write is harmless there, and raw in a pipe", async () => {
    const daemon = await startDaemon(programs);
    for (const words of [
      ["tail", "nasty"],
      ["logs", "nasty"],
      ["tail", "-n", "5", "nasty"],
    ]) {
      await open(daemon.config, words).shows("^[]0;owned^Gsay red^[[2J");
    }
    const { stdout } = await daemon.ctl("tail", "nasty");
    expect(stdout).toBe("\x1b]0;owned\x07say \x1b[31mred\x1b[2J\n\n");
  });
});
