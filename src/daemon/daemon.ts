import { createHash } from "node:crypto";
import { rmSync, unlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import path from "node:path";
import type { Config, GroupConfig, UnixServerConfig } from "../config/config.ts";
import { formatProblem } from "../config/problems.ts";
import { Fault } from "../faults.ts";
import { systemClock } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import { machine } from "../os/machine.ts";
import { defaultRundir, makePrivateDir } from "../os/rundir.ts";
import { createListener } from "../rpc/http.ts";
import { type AutoLogs, removeAutoLogs, withAutoLogs } from "./autologs.ts";
import { StartError } from "./errors.ts";
import { Fleet } from "./fleet.ts";
import { Follow } from "./follow.ts";
import { createHandlers } from "./handlers.ts";
import { Launcher } from "./launcher.ts";
import { Ledger } from "./ledger.ts";
import { createLog, type Log } from "./log.ts";
import { credentialsOf, openServer } from "./serve.ts";
import type { Sink } from "./sink.ts";
import { Sinks } from "./sinks.ts";
import { endSurvivors } from "./survivors.ts";

export interface DaemonOptions {
  config: Config;
  /** The configuration's file: it tells this daemon's channels from those of others. */
  file: string;
  /** Echo the log to stdout. */
  echo: boolean;
  /** Reads the configuration for the next life. @throws StartError when it cannot be used */
  prepareRestart(): void;
}

/** Why a daemon went down: for good, or to come up again with a new configuration. */
type Outcome = "shutdown" | "restart";

/** One life of the daemon, from a configuration until everything it started is gone again. */
export class Daemon {
  readonly log: Log;
  readonly #fleet: Fleet;
  readonly #sinks: Sinks;
  readonly #undo: (() => void)[];
  readonly #prepareRestart: () => void;
  #end: (outcome: Outcome) => void = () => undefined;
  #outcome: Outcome | undefined;
  readonly #ended: Promise<void>;

  /**
   * Opens everything and starts nothing yet.
   * @throws StartError; what had been opened is closed again
   */
  static async open(options: DaemonOptions): Promise<Daemon> {
    const undo: (() => void)[] = [];
    try {
      return await openDaemon(options, undo);
    } catch (error) {
      unwind(undo);
      throw error;
    }
  }

  constructor(
    { prepareRestart }: DaemonOptions,
    parts: { log: Log; fleet: Fleet; sinks: Sinks; undo: (() => void)[] },
  ) {
    this.log = parts.log;
    this.#prepareRestart = prepareRestart;
    this.#fleet = parts.fleet;
    this.#sinks = parts.sinks;
    this.#undo = parts.undo;
    this.#ended = new Promise((resolve) => {
      this.#end = (outcome) => {
        // A shutdown during a restart wins; a restart during a shutdown does not.
        if (this.#outcome !== "shutdown") this.#outcome = outcome;
        resolve();
      };
    });
  }

  /** Starts the fleet, and resolves when it has been asked to end and is down. */
  async run(): Promise<Outcome> {
    this.#fleet.autostart();
    await this.#ended;
    await this.#fleet.close();
    return this.#outcome ?? "shutdown";
  }

  /** Gives back everything that `open` opened: sockets, the pidfile, the channels, the log. */
  release(): void {
    unwind(this.#undo);
  }

  get ending(): Outcome | undefined {
    return this.#outcome;
  }

  shutdown(): void {
    this.#end("shutdown");
  }

  /** @throws StartError when there is no usable configuration; then nothing changes */
  restart(): void {
    this.#prepareRestart();
    this.#end("restart");
  }

  reopenLogs(): void {
    this.#sinks.reopenAll();
  }
}

function unwind(undo: (() => void)[]): void {
  for (let act = undo.pop(); act; act = undo.pop()) act();
}

async function openDaemon(options: DaemonOptions, undo: (() => void)[]): Promise<Daemon> {
  const { config, file } = options;
  const { supervisord } = config;
  const rundir = supervisord.rundir ?? defaultRundir();
  const channels = path.join(rundir, instanceOf(file));
  makeFolder(rundir, () => machine().isDirectory(rundir) || makePrivateDir(rundir));
  const reports = {
    failing: (path: string, errno: string) => say("error", `cannot write to ${path}: ${errno}`),
    recovered: (path: string, lost: number) =>
      say("warn", `writing to ${path} again; ${lost} bytes of output were lost`),
  };
  const sinks = new Sinks(reports);
  const mainLog = path.resolve(supervisord.logfile ?? "supervisord.log");
  const log = openLog(options, mainLog, sinks, undo);
  // What a sink reports about the log itself cannot go into it at that moment; it is not lost:
  // the sink counts it and leaves a mark.
  const say: Log = (level, text) => queueMicrotask(() => log(level, text));
  for (const warning of config.warnings) log("warn", formatProblem(warning));
  warnAboutRoot(config, log);

  const servers = config.servers.length > 0 ? config.servers : [defaultServer(rundir)];
  const listeners = new Map<UnixServerConfig, RequestListener>();
  for (const server of servers) {
    const opened = await openServer(server, (request, response) => {
      const listener = listeners.get(server);
      if (listener) listener(request, response);
      else response.writeHead(503).end("droverd is starting\n");
    });
    undo.push(() => opened.close());
    log("info", "RPC interface 'supervisor' initialized");
    if (!credentialsOf(server)) {
      log(
        "critical",
        `Server '${server.section}' running without any HTTP authentication checking`,
      );
    }
  }

  // Only now: the channels of this configuration are in use as long as its socket is.
  makeFolder(channels, () => makePrivateDir(channels));
  const ledger = new Ledger(channels);
  const fleet = new Fleet(withLogs(config, log), {
    clock: systemClock,
    log,
    launcher: new Launcher(),
    sinks,
    ledger,
    channels,
    inherited: { ...process.env },
    environment: supervisord.environment,
    serverUrl: servers[0] && `unix://${servers[0].file}`,
  });
  await endSurvivors(ledger, fleet, log);
  // Not before: a start that fails must leave the ledger of those who still live.
  undo.push(() => rmSync(channels, { recursive: true, force: true }));
  const daemon = new Daemon(options, { log, fleet, sinks, undo });
  const handlers = createHandlers({
    fleet,
    identifier: supervisord.identifier,
    log,
    shutdown: () => daemon.shutdown(),
    restart() {
      try {
        daemon.restart();
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        throw new Fault("CANT_REREAD", error.message, { cause: error });
      }
    },
  });
  const follow = (path: string | undefined) => {
    const sink: Sink | undefined = path === undefined ? undefined : sinks.get(path);
    return sink && Follow.open(sink);
  };
  for (const server of servers) {
    const listener = createListener({
      handlers,
      openLog: (name, stream) => follow(fleet.logOf(name, stream)),
      openMainLog: () => follow(mainLog),
      credentials: credentialsOf(server),
      onBug: (where, error) => log("critical", `${where}: ${describeBug(error)}`),
    });
    listeners.set(server, listener);
  }
  writePidfile(supervisord.pidfile ?? "supervisord.pid", log, undo);
  log("info", `supervisord started with pid ${process.pid}`);
  return daemon;
}

function openLog(
  { config: { supervisord }, echo }: DaemonOptions,
  mainLog: string,
  sinks: Sinks,
  undo: (() => void)[],
): Log {
  const main = sinks.open({
    path: mainLog,
    maxBytes: supervisord.logfile_maxbytes,
    backups: supervisord.logfile_backups,
  });
  const stdout = sinks.open({ path: "/dev/stdout", maxBytes: 0, backups: 0 });
  const used = new Set(echo ? [main, stdout] : [main]);
  for (const sink of used) {
    try {
      sink.acquire();
    } catch (error) {
      throw new StartError(`Error: cannot open the log ${sink.spec.path}: ${error}`, 1);
    }
    undo.push(() => sink.release());
  }
  const { loglevel: level, log_format: format } = supervisord;
  return createLog({ level, format, sinks: [...used] });
}

/** Distinguishes daemons that share a run folder. */
const instanceOf = (file: string): string =>
  createHash("sha256").update(path.resolve(file)).digest("hex").slice(0, 12);

function makeFolder(folder: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    throw new StartError(`Error: cannot use the run folder ${folder}: ${error}`, 2, {
      cause: error,
    });
  }
}

const defaultServer = (rundir: string): UnixServerConfig => ({
  section: "unix_http_server",
  file: path.join(rundir, "drover.sock"),
  chmod: 0o700,
  chown: undefined,
  username: undefined,
  password: undefined,
});

function withLogs({ supervisord, groups }: Config, log: Log): GroupConfig[] {
  const { identifier, childlogdir, nocleanup } = supervisord;
  const auto: AutoLogs = { dir: childlogdir ?? machine().tempDir, identifier };
  if (!nocleanup) removeAutoLogs(auto, log);
  return groups.map((group) => ({
    ...group,
    processes: group.processes.map((config) => withAutoLogs(config, auto)),
  }));
}

function writePidfile(file: string, log: Log, undo: (() => void)[]): void {
  const pidfile = path.resolve(file);
  try {
    writeFileSync(pidfile, `${process.pid}\n`);
    undo.push(() => unless(["ENOENT"], () => unlinkSync(pidfile)));
  } catch (error) {
    log("critical", `could not write pidfile ${pidfile}: ${error}`);
  }
}

function warnAboutRoot({ supervisord }: Config, log: Log): void {
  if (process.getuid?.() !== 0 || supervisord.user) return;
  log(
    "critical",
    "Supervisor is running as root.  Privileges were not dropped because no user is specified " +
      "in the config file.  If you intend to run as root, you can set user=root in the config " +
      "file to avoid this message.",
  );
}

export const describeBug = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
