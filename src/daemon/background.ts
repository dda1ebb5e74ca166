import { type ChildProcess, spawn } from "node:child_process";
import { inheritedSoftFiles } from "../os/limits.ts";

/**
 * Set for a daemon that another droverd has put into the background, to the soft limit of open files
 * that the other one was started with: its own cannot be told from outside, as Node has raised it.
 */
const MARK = "DROVER_BACKGROUND";

/** How a start in the background went. */
type Report = { started: true } | { error: string; exitCode: number };

/**
 * What the process in the background was told; undefined in another one. Asked once, as the mark is
 * not passed on.
 */
export function takeBackgroundMark(): { softFiles: number } | undefined {
  const mark = process.env[MARK];
  delete process.env[MARK];
  return mark === undefined ? undefined : { softFiles: Number(mark) };
}

/**
 * Runs droverd again, in a session of its own and without a terminal, and waits until it is up.
 * supervisord forks before it knows; here what goes wrong still reaches the one who started it.
 * @param umask of the daemon to be
 * @returns the exit code for this process
 */
export function startInBackground(argv: readonly string[], umask: number): Promise<number> {
  process.umask(umask);
  const [node, script = ""] = process.argv as [string, string];
  const child = spawn(node, [...process.execArgv, script, ...argv], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [MARK]: String(inheritedSoftFiles()) },
  });
  return new Promise((resolve) => {
    child.on("message", (report: Report) => resolve(settle(child, report)));
    child.on("exit", (code, signal) => {
      console.error(`droverd ended before it was up (${signal ?? `exit status ${code}`})`);
      resolve(1);
    });
    child.on("error", (error) => {
      console.error(`droverd could not be put into the background: ${error.message}`);
      resolve(1);
    });
  });
}

function settle(child: ChildProcess, report: Report): number {
  child.removeAllListeners("exit");
  child.unref();
  if (child.connected) child.disconnect();
  if ("started" in report) return 0;
  console.error(report.error);
  return report.exitCode;
}

/** Tells the waiting droverd, if there is one, how the start went. */
export async function reportToForeground(report: Report): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => {
    process.send?.(report, undefined, undefined, () => resolve());
  });
  if (process.connected) process.disconnect();
}
