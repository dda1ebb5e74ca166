import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { droverctl, eventually, launch, startDaemon } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

const programs = `
[program:cat]
command=cat
startsecs=0
stdout_logfile=%(here)s/cat.log
[program:slow]
command=sleep 1000
startsecs=600
autostart=false
`;

/** A terminal for a program, whose keys and screen are pipes. */
const onTerminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

/** droverctl's shell on a terminal. */
function openShell(config: string, state: string) {
  const words = ["-c", onTerminal, process.execPath, droverctl, "-c", config];
  const env = { ...process.env, XDG_STATE_HOME: state, TERM: "xterm" };
  const child = spawn("python3", words, { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let screen = "";
  child.stdout.on("data", (chunk) => {
    screen += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    ended,
    /** Presses keys, and waits for what they bring on the screen. */
    async type(keys: string, shows: string | RegExp) {
      const before = screen.length;
      child.stdin.write(keys);
      await eventually(`${shows} on ${JSON.stringify(screen.slice(before))}`, () =>
        new RegExp(shows).test(screen.slice(before)),
      );
    },
  };
}

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const UP = "\u001b[A";
const PROMPT = "supervisor> ";

test.runIf(available("python3"))(
  "on a terminal the shell completes, remembers, and outlives Ctrl-C and its daemon",
  async () => {
    const daemon = await startDaemon(programs);
    const state = path.join(daemon.dir, "state");
    const shell = openShell(daemon.config, state);
    await shell.type("", PROMPT);
    await shell.type("pid ca\t", "pid cat ");
    await shell.type("\r", new RegExp(`\\d+\\r\\n.*${PROMPT}`, "s"));
    await shell.type("signal WIN\t", "WINCH ");
    await shell.type(`cat\r`, "cat: signalled");
    // What has been typed is gone, and not the shell.
    await shell.type(`stop cat${CTRL_C}`, new RegExp(`\\^C.*${PROMPT}`, "s"));
    await shell.type("status cat\r", /cat .*running/);
    await shell.type("statsu\r", 'statsu; did you mean "status"\\?');
    await shell.type("stop slwo\r", 'slwo; did you mean "slow"\\?');
    await shell.type("tail -f cat\r", "Press Ctrl-C to exit");
    await shell.type(CTRL_C, PROMPT);
    // It would take ten minutes.
    await shell.type("start slow\r", "start slow");
    await eventually("it is asked for", async () => {
      return (await daemon.info("slow")).statename === "STARTING";
    });
    await shell.type(CTRL_C, /interrupted: droverd goes on.*supervisor> /s);
    await shell.type(`${UP}${UP}\r`, "Press Ctrl-C to exit");
    await shell.type(CTRL_C, PROMPT);

    await daemon.stop();
    await shell.type("pid\r", /no such file[\s\S]*supervisor> /);
    const next = await launch(daemon.dir, daemon.config);
    await shell.type("pid\r", new RegExp(`started again: its pid is ${next.pid}[^]*${PROMPT}`));
    await shell.type(CTRL_D, "");
    expect(await shell.ended).toBe(0);
    const kept = readFileSync(path.join(state, "drover/history"), "utf8").split("\n");
    expect(kept.slice(0, 4)).toEqual(["pid cat ", "signal WINCH cat", "status cat", "statsu"]);
    expect(kept).not.toContain("stop cat");
  },
  60_000,
);
