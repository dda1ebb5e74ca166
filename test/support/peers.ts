import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { configText, eventually, type Finished, run, tempDir } from "./daemon.ts";

/** Whether a program of another package is there. In CI it must be: `.ci/run` installs it. */
export function available(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") throw new Error(`${program} must be installed in CI`);
    console.warn(`skipped: ${program} is not installed (see .ci/run for the package)`);
    return false;
  }
}

/** The real supervisorctl, on any server's configuration. */
export const supervisorctl = (config: string, ...words: string[]): Promise<Finished> =>
  run("supervisorctl", ["-c", config, ...words]);

/** A real supervisord on the same programs, to compare with. It is gone when the test is. */
export async function startSupervisord(
  programs: string,
  dir = tempDir(),
): Promise<{ config: string; dir: string; child: ChildProcess }> {
  const config = path.join(dir, "supervisord.conf");
  writeFileSync(config, configText(programs).replace(/^rundir=.*\n/m, ""));
  const child = spawn("supervisord", ["-n", "-s", "-c", config], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  });
  await eventually("supervisord answers", async () => {
    const { code } = await supervisorctl(config, "pid");
    return code === 0;
  });
  return { config, dir, child };
}
