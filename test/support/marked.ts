import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { eventually } from "./daemon.ts";
import { temporaryFolder } from "./temporary.ts";

export interface StartedChild {
  pid: number;
  /** Where it runs. */
  dir: string;
  exited: Promise<void>;
  /** The pid that it writes into a file of its folder. */
  noted(name: string): Promise<number>;
}

/**
 * Starts a program in a session and a folder of its own. It and all that come from it, wherever
 * they go, are killed when the test is over.
 */
export function startChild(
  file: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): StartedChild {
  const mark = `TEST_CHILD=${randomUUID()}`;
  // First, so that it is cleared away after the processes that write into it.
  const dir = temporaryFolder();
  onTestFinished(async () => void (await killMarked(mark)));
  const [name = "", value] = mark.split("=");
  const options = {
    cwd: dir,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, ...env, [name]: value },
  } as const;
  const child = spawn(file, args, options);
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  if (child.pid === undefined) throw new Error(`cannot start ${file}`);
  const noted = (name: string) =>
    eventually(`${name} is written`, () => {
      try {
        return Number(readFileSync(path.join(dir, name), "utf8"));
      } catch {
        return undefined;
      }
    });
  return { pid: child.pid, dir, exited, noted };
}

/** Not by what is tested. Until none is left: they may fork meanwhile. */
const killMarked = (mark: string) =>
  eventually("all that the test has started are gone", () => {
    const marked = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 1 && isMarked(pid, mark));
    for (const pid of marked) killOne(pid);
    return marked.length === 0;
  });

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark);
  } catch {
    return false;
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ESRCH") throw error;
  }
}

/**
 * A perl program that goes from process to process: each forks the next, which lives on, and ends.
 * @param lifeMs how long each waits before that
 * @param most after so many it gives up
 * @param act what each does first
 */
export const hopper = (lifeMs: number, most: number, act = ""): string[] => [
  "-MPOSIX",
  "-e",
  `for (1..${most}) { exit if fork; ${act}; select(undef, undef, undef, ${lifeMs / 1_000}) }`,
];
