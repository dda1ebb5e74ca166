import { CommanderError } from "commander";
import type { Config } from "../config/config.ts";
import { withholdInherited } from "../os/descriptors.ts";
import { prepareHeap } from "../os/heap.ts";
import { leaveWithin } from "../os/leave.ts";
import { inheritedSoftFiles } from "../os/limits.ts";
import { withoutNative } from "../os/native.ts";
import { writeAll } from "../os/output.ts";
import { version } from "../version.ts";
import { reportToForeground, startInBackground, takeBackgroundMark } from "./background.ts";
import type { Daemon } from "./daemon.ts";
import { describeBug, StartError } from "./errors.ts";
import { parseCommandLine } from "./flags.ts";
import { ensureLimits } from "./limits.ts";
import { type DaemonOptions, openDaemon } from "./open.ts";
import { expectPlaces } from "./serve.ts";
import { Signals } from "./signals.ts";
import { findSource, loadSource, type Source } from "./source.ts";
import {
  isMainProcess,
  openServiceManager,
  type ServiceEnvironment,
  staysInForeground,
  takeServiceEnvironment,
} from "./systemd.ts";

async function main(argv: readonly string[]): Promise<number> {
  prepareHeap();
  const background = takeBackgroundMark();
  const service = takeServiceEnvironment(process.env, process.pid);
  // For machines on which the optional package does harm.
  if (process.env.DROVER_NATIVE === "off") withoutNative();
  try {
    const commandLine = parseCommandLine(argv, version());
    // What only looks is loaded only by those who look.
    if (commandLine.action === "sample") {
      const { sampleConfig } = await import("../config/sample.ts");
      return print(sampleConfig(), 0);
    }
    if (commandLine.action === "check") {
      const { check } = await import("./check.ts");
      const { output, exitCode } = check(commandLine);
      return print(output, exitCode);
    }
    if (commandLine.action === "hash-password") {
      const { hashFromStdin } = await import("./hashpassword.ts");
      return print(await hashFromStdin(), 0);
    }
    const source = findSource(commandLine.configuration, commandLine.overrides);
    return await supervise(source, argv, { background, service });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const { message, exitCode } =
      error instanceof StartError ? error : { message: describeBug(error), exitCode: 1 };
    console.error(message);
    await reportToForeground({ error: message, exitCode });
    return exitCode;
  }
}

/** @returns the exit code, which is 2 when the output could not be written */
function print(text: string, exitCode: number): number {
  try {
    // Whoever reads no further, as `| head` does, has what he wanted.
    writeAll(1, text);
    return exitCode;
  } catch (error) {
    throw new StartError(`Error: cannot write to stdout: ${error}`, 2, { cause: error });
  }
}

const readOnce =
  "Error: a configuration from a pipe can be read only once, and the background reads it again: " +
  "write it to a file, or stay in the foreground with -n";

/** In the foreground, or by another process in the background. */
async function supervise(
  source: Source,
  argv: readonly string[],
  {
    background,
    service,
  }: { background: ReturnType<typeof takeBackgroundMark>; service: ServiceEnvironment },
): Promise<number> {
  const config = loadSource(source);
  const { directory, nodaemon, silent, umask } = config.supervisord;
  const isService = isMainProcess(service, process.pid);
  if (!nodaemon && !background && !isService) {
    if (/^\/(?:dev|proc)\//.test(source.file)) throw new StartError(readOnce, 2);
    return await startInBackground(argv, umask);
  }
  withholdInherited(descriptorOf(source.file));
  becomeUser(config);
  const notes = ensureLimits(config.supervisord);
  if (background && directory !== undefined) process.chdir(directory);
  // Asked now: the parent, by which it is told, may be gone when a new configuration comes.
  const { softFiles } = background ?? { softFiles: inheritedSoftFiles() };
  const manager = openServiceManager(service, notes);
  if (isService && !nodaemon) notes.push(staysInForeground);
  const echo = !background && !silent;
  try {
    return await runUntilShutdown(source, config, { notes, manager, echo, softFiles });
  } finally {
    manager?.close();
  }
}

/** A configuration that a shell hands over by descriptor may be read once more, on SIGHUP. */
function descriptorOf(file: string): number | undefined {
  const fd = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(file)?.[1];
  return fd === undefined ? undefined : Number(fd);
}

/** Before anything is opened, so that it all belongs to that user. */
function becomeUser({ supervisord: { user } }: Config): void {
  const uid = process.getuid?.();
  if (!user || user.uid === uid) return;
  if (uid !== 0) {
    throw new StartError(
      `Error: [supervisord] user=${user.name}: can't drop privilege as nonroot user`,
      2,
    );
  }
  // Missing from the type declarations of Node 20, not from Node.
  const { initgroups } = process as { initgroups?: (user: string, group: number) => void };
  initgroups?.(user.name, user.gid);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
}

/** Lives again with each new configuration, in the same process. @returns the exit code */
async function runUntilShutdown(
  source: Source,
  first: Config,
  {
    notes,
    ...lasting
  }: Pick<DaemonOptions, "echo" | "softFiles" | "manager"> & { notes: string[] },
): Promise<number> {
  const { file } = source;
  let current = first;
  let next: Config | undefined;
  const prepareRestart = () => {
    const config = loadSource(source);
    expectPlaces(config);
    next = config;
  };
  const reread: DaemonOptions["reread"] = (how) => loadSource(source, how);
  const signals = new Signals();
  for (;;) {
    const given = { ...lasting, file, notes: notes.splice(0), reread, prepareRestart };
    const life = await open(given, next, current);
    const { daemon } = life;
    current = life.config;
    next = undefined;
    await reportToForeground({ started: true });
    signals.deliverTo(daemon);
    const { ending, exitCode } = await daemon.run();
    signals.hold();
    if (ending === "shutdown") return exitCode;
  }
}

/** A new configuration that reads well and cannot be run must not end in an outage either. */
async function open(
  options: Omit<DaemonOptions, "config">,
  next: Config | undefined,
  current: Config,
): Promise<{ daemon: Daemon; config: Config }> {
  const openWith = async (config: Config) => ({
    daemon: await openDaemon({ ...options, config }),
    config,
  });
  if (!next) return openWith(current);
  try {
    return await openWith(next);
  } catch (error) {
    const life = await openWith(current);
    const why = error instanceof StartError ? error.message : describeBug(error);
    life.daemon.log("error", `cannot run the new configuration, the old one is back: ${why}`);
    return life;
  }
}

/** So long what is under way in threads has to end. */
const LEAVE_WITHIN_MS = 5_000;

main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
  leaveWithin(LEAVE_WITHIN_MS, exitCode);
});
