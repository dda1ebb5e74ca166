import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { CommanderError } from "commander";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import { searchPaths } from "../config/search.ts";
import { glob } from "../os/glob.ts";
import { machine, readText } from "../os/machine.ts";
import { version } from "../version.ts";
import { reportToForeground, startInBackground, takeBackgroundMark } from "./background.ts";
import type { Daemon } from "./daemon.ts";
import { describeBug, StartError } from "./errors.ts";
import { parseFlags } from "./flags.ts";
import { type DaemonOptions, openDaemon } from "./open.ts";

/**
 * Reading a large configuration would make V8 grow its young generation to 2 x 16 MB and keep it,
 * and every fork pays for the daemon's memory. With a factor of 1 it stays at its first size.
 */
const KEEP_YOUNG_GENERATION_SMALL = "--semi-space-growth-factor=1";

async function main(argv: readonly string[]): Promise<number> {
  setFlagsFromString(KEEP_YOUNG_GENERATION_SMALL);
  const inBackground = takeBackgroundMark();
  try {
    const flags = parseFlags(argv, version());
    const file = findConfig(flags.configuration);
    const config = load(file);
    const foreground = flags.nodaemon ?? config.supervisord.nodaemon;
    if (!foreground && !inBackground) return await startInBackground(argv, config.supervisord);
    becomeUser(config);
    const silent = inBackground || (flags.silent ?? config.supervisord.silent);
    await runUntilShutdown(file, config, !silent);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    await reportToForeground({ error: error.message, exitCode: error.exitCode });
    return error.exitCode;
  }
}

/** @throws StartError naming where was looked */
function findConfig(given: string | undefined): string {
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new StartError(`Error: could not find config file ${given}`, 2);
  }
  const paths = searchPaths(process.cwd());
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new StartError(
    `Error: No config file found at default paths (${paths.join(", ")}); ` +
      "use the -c option to specify a config file at a different path\n" +
      "For help, use droverd -h",
    2,
  );
}

/** @throws StartError with every problem of the configuration */
function load(file: string): Config {
  try {
    return loadConfig(file, { read: readText, glob }, machine());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new StartError(`Error: ${error.message}`, 2, { cause: error });
  }
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

/** Lives again with each new configuration, in the same process. */
async function runUntilShutdown(file: string, first: Config, echo: boolean): Promise<void> {
  let current = first;
  let next: Config | undefined;
  const prepareRestart = () => {
    next = load(file);
  };
  for (;;) {
    const life = await open({ file, echo, prepareRestart }, next, current);
    const { daemon } = life;
    current = life.config;
    next = undefined;
    const handlers = signalHandlers(daemon);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    await reportToForeground({ started: true });
    const outcome = await daemon.run();
    for (const [signal, handler] of handlers) process.off(signal, handler);
    if (outcome === "shutdown") return;
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
    if (!(error instanceof StartError)) throw error;
    const life = await openWith(current);
    const why = `cannot run the new configuration, the old one is back: ${error.message}`;
    life.daemon.log("error", why);
    return life;
  }
}

type Handler = (signal: NodeJS.Signals) => void;

function signalHandlers(daemon: Daemon): Map<NodeJS.Signals | "uncaughtException", Handler> {
  const { log } = daemon;
  const shutdown: Handler = (signal) => {
    log("warn", `received ${signal} indicating exit request`);
    daemon.shutdown();
  };
  const restart: Handler = (signal) => {
    if (daemon.ending === "shutdown") {
      log("warn", `ignored ${signal} indicating restart request (shutdown in progress)`);
      return;
    }
    log("warn", `received ${signal} indicating restart request`);
    try {
      daemon.restart();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      log("error", `cannot use the new configuration, the old one stays: ${error.message}`);
    }
  };
  const reopen: Handler = (signal) => {
    log("info", `received ${signal} indicating log reopen request`);
    log("info", "supervisord logreopen");
    daemon.reopenLogs();
  };
  const ignore: Handler = (signal) => log("info", `ignored ${signal}`);
  // A bug in one place must not take the fleet down, nor leave it without a supervisor.
  const survive = (error: unknown) => log("critical", `unexpected error: ${describeBug(error)}`);
  return new Map<NodeJS.Signals | "uncaughtException", Handler>([
    ["SIGTERM", shutdown],
    ["SIGINT", shutdown],
    ["SIGQUIT", shutdown],
    ["SIGHUP", restart],
    ["SIGUSR1", ignore],
    ["SIGUSR2", reopen],
    ["uncaughtException", survive as Handler],
  ]);
}

process.exitCode = await main(process.argv.slice(2));
