import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { connect } from "../../src/rpc/client.ts";
import type { ProcessInfo } from "../../src/rpc/results.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const droverd = path.join(root, "bin/droverd.js");
export const droverctl = path.join(root, "bin/droverctl.js");

/**
 * A folder of the test's own, gone when the test is.
 * @param whenFinished the hook of the test's own context: a concurrent test must give it
 */
export function tempDir(whenFinished: typeof onTestFinished = onTestFinished): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), "drover-test-"));
  whenFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

const LONGEST_RUN_MS = 25_000;

/** Runs a command to its end; a failure is an answer here, not an exception. */
export function run(
  file: string,
  args: readonly string[],
  input = "",
  timeout = LONGEST_RUN_MS,
): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { timeout, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
    const child = execFile(file, [...args], options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Resolves as soon as `condition` gives something; asked often, and never for ever. */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = 20_000,
  everyMs = 10,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    // A zombie is dead: it only waits to be told of.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

export interface TestDaemon {
  dir: string;
  pid: number;
  child: ChildProcess;
  config: string;
  socket: string;
  client: ReturnType<typeof connect>;
  /** Runs droverctl on this daemon. */
  ctl(...words: string[]): Promise<Finished>;
  info(name: string): Promise<ProcessInfo>;
  all(): Promise<ProcessInfo[]>;
  /** Waits until a process is in a state. */
  state(name: string, wanted: string): Promise<ProcessInfo>;
  log(): string;
  /** What the daemon has written to its stderr. */
  stderr(): string;
  /** A file of the test's folder, as text; empty when it is not there. */
  file(name: string): string;
  /** Asks the daemon to end and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A configuration for a daemon in `dir`; `%(here)s` is that folder. */
export const configText = (programs: string, supervisord = ""): string => `
[supervisord]
rundir=%(here)s/run
logfile=%(here)s/droverd.log
pidfile=%(here)s/droverd.pid
childlogdir=%(here)s
loglevel=debug
${supervisord}
[unix_http_server]
file=%(here)s/d.sock
[supervisorctl]
serverurl=unix://%(here)s/d.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
${programs}
`;

export interface LaunchOptions {
  socketName?: string;
  /** Beside the test's own environment. */
  env?: Readonly<Record<string, string>>;
  /**
   * A descriptor that becomes the daemon's stdout, or "pipe" for what is a socket, and `child.stdout`
   * here; it then says its log there too, unless it is silent.
   */
  stdout?: number | "pipe";
  /** A command that becomes the daemon, such as `["prlimit", "--nofile=64"]`. */
  through?: readonly string[];
}

/** Starts a droverd on `programs` and waits until it answers. It is gone when the test is. */
export async function startDaemon(
  programs: string,
  supervisord = "",
  options: LaunchOptions & { dir?: string } = {},
): Promise<TestDaemon> {
  const { dir = tempDir() } = options;
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs, supervisord));
  return launch(dir, config, options);
}

/** Starts a droverd on a configuration that is there. */
export async function launch(
  dir: string,
  config: string,
  { socketName = "d.sock", env = {}, stdout, through = [] }: LaunchOptions = {},
): Promise<TestDaemon> {
  const flags = stdout === undefined ? ["-n", "-s"] : ["-n"];
  const command = [...through, process.execPath, droverd, ...flags, "-c", config];
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", stdout ?? "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const socket = path.join(dir, socketName);
  const client = connect({ url: `unix://${socket}` });
  const read = (name: string) => {
    try {
      return readFileSync(path.join(dir, name), "utf8");
    } catch {
      return "";
    }
  };
  const daemon: TestDaemon = {
    dir,
    pid: child.pid ?? 0,
    child,
    config,
    socket,
    client,
    ctl: (...words) => run(process.execPath, [droverctl, "-c", config, ...words]),
    info: (name) => client.call("supervisor.getProcessInfo", { name }),
    all: () => client.call("supervisor.getAllProcessInfo", {}),
    state: (name, wanted) =>
      eventually(`${name} is ${wanted}`, async () => {
        const info = await daemon.info(name);
        return info.statename === wanted ? info : undefined;
      }),
    log: () => read("droverd.log"),
    stderr: () => stderr,
    file: read,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const stuck = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(stuck);
  });
  await eventually("the daemon answers", async () => {
    if (child.exitCode !== null) throw new Error(`droverd ended: ${stderr}`);
    try {
      return await client.call("supervisor.getPID", {});
    } catch {
      return undefined;
    }
  });
  return daemon;
}

/** The pids of all that run, by the names of the processes. */
export async function pidsOf(daemon: TestDaemon): Promise<Record<string, number>> {
  const running = (await daemon.all()).filter(({ statename }) => statename === "RUNNING");
  return Object.fromEntries(running.map(({ name, pid }) => [name, pid]));
}
