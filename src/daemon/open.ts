import { createHash } from "node:crypto";
import { rmSync, unlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import path from "node:path";
import type { Config, GroupConfig, ProcessConfig, ServerConfig } from "../config/config.ts";
import { formatProblem } from "../config/problems.ts";
import { urlOf } from "../config/servers.ts";
import { Fault } from "../faults.ts";
import { systemClock } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import { LockHeld, lockFolder } from "../os/lock.ts";
import { machine } from "../os/machine.ts";
import { defaultRundir, makePrivateDir } from "../os/rundir.ts";
import { createListener } from "../rpc/http.ts";
import { type AutoLogs, removeAutoLogs, withAutoLogs } from "./autologs.ts";
import { Daemon } from "./daemon.ts";
import { describeBug, StartError } from "./errors.ts";
import { Fleet } from "./fleet.ts";
import { Follow } from "./follow.ts";
import { createHandlers } from "./handlers.ts";
import { Launcher } from "./launcher.ts";
import { Ledger } from "./ledger.ts";
import { createLog, type Log } from "./log.ts";
import { credentialsOf, openServer } from "./serve.ts";
import { Sinks } from "./sinks.ts";
import type { World } from "./world.ts";

export interface DaemonOptions {
  config: Config;
  /** The configuration's file: it tells this daemon's channels from those of others. */
  file: string;
  /** Echo the log to stdout. */
  echo: boolean;
  /** What was done before there was a log. */
  notes: readonly string[];
  /** Reads the configuration for the next life. @throws StartError when it cannot be used */
  prepareRestart(): void;
}

/** What has been opened so far, to be given back in reverse. */
type Undo = (() => void)[];

function unwind(undo: Undo): void {
  for (let act = undo.pop(); act; act = undo.pop()) act();
}

/**
 * Opens everything that a daemon needs, and starts nothing yet.
 * @throws StartError; what had been opened is closed again
 */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  const undo: Undo = [];
  try {
    return await openAll(options, undo);
  } catch (error) {
    unwind(undo);
    throw error;
  }
}

async function openAll(options: DaemonOptions, undo: Undo): Promise<Daemon> {
  const { config, file, prepareRestart } = options;
  const { supervisord } = config;
  const rundir = supervisord.rundir ?? defaultRundir();
  makeFolder(rundir, () => machine().isDirectory(rundir) || makePrivateDir(rundir));
  const { log, sinks, mainLog } = openLog(options, undo);
  for (const warning of config.warnings) log("warn", formatProblem(warning));
  warnAboutRoot(config, log);
  for (const note of options.notes) log("info", note);

  const servers = config.servers.length > 0 ? config.servers : [defaultServer(rundir)];
  const channels = path.join(rundir, instanceOf(file));
  const fresh = !machine().isDirectory(channels);
  makeFolder(channels, () => makePrivateDir(channels));
  await lock(channels, file, undo);
  // What a start that fails has made goes with it; what stood there is the ledger of living children.
  // Not before the lock: the folder may be that of another daemon, which started a moment earlier.
  const discard = () => rmSync(channels, { recursive: true, force: true });
  if (fresh) undo.push(discard);
  const listeners = await openServers(servers, log, undo);
  const ledger = new Ledger(channels);
  const fleet = createFleet(withLogs(config, log), {
    clock: systemClock,
    log,
    launcher: new Launcher(),
    sinks,
    ledger,
    channels,
    inherited: { ...process.env },
    environment: supervisord.environment,
    serverUrl: serverUrlOf(config.servers),
  });
  writePidfile(supervisord.pidfile, log, undo);
  const release = () => {
    discard();
    unwind(undo);
  };
  const daemon = new Daemon({ log, fleet, sinks, prepareRestart, release });
  for (const server of servers) {
    listeners.set(server, createService(server, { config, daemon, fleet, sinks, mainLog }));
  }
  log("info", `supervisord started with pid ${process.pid}`);
  return daemon;
}

function openLog({ config: { supervisord }, echo }: DaemonOptions, undo: Undo) {
  const sinks = new Sinks({
    failing: (file, errno) => later("error", `cannot write to ${file}: ${errno}`),
    disputed: (file) =>
      later("warn", `${file} is named with different sizes or backups; the first one counts`),
    abandoned: (file, lost) =>
      later("error", `${lost} bytes of output for ${file} were lost: it could not be written`),
    recovered: (file, lost) =>
      later("warn", `writing to ${file} again; ${lost} bytes of output were lost`),
  });
  const { logfile } = supervisord;
  // The log of one who asked for syslog is where it is without being asked for.
  const mainLog = logfile.to === "file" ? logfile.path : path.resolve("supervisord.log");
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
  const log = createLog({ level, format, sinks: [...used] });
  // A sink reports in the middle of a write, and the write may be the log's own.
  const later: Log = (at, text) => queueMicrotask(() => log(at, text));
  return { log, sinks, mainLog };
}

/** One daemon for one configuration, also when its socket has been removed or renamed. */
async function lock(channels: string, file: string, undo: Undo): Promise<void> {
  try {
    undo.push(await lockFolder(channels));
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    const message = `Error: another droverd is already running ${file}: shut it down first`;
    throw new StartError(message, 2, { cause: error });
  }
}

/** The sockets are taken first, and answer once there is something to answer. */
async function openServers(servers: readonly ServerConfig[], log: Log, undo: Undo) {
  const listeners = new Map<ServerConfig, RequestListener>();
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
        `Server '${server.section.name}' running without any HTTP authentication checking`,
      );
    }
  }
  return listeners;
}

interface Served {
  config: Config;
  daemon: Daemon;
  fleet: Fleet;
  sinks: Sinks;
  mainLog: string;
}

function createService(server: ServerConfig, served: Served): RequestListener {
  const { config, daemon, fleet, sinks, mainLog } = served;
  const { log } = daemon;
  const handlers = createHandlers({
    fleet,
    identifier: config.supervisord.identifier,
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
  const follow = (file: string | undefined) => {
    const sink = file === undefined ? undefined : sinks.get(file);
    return sink && Follow.open(sink);
  };
  return createListener({
    handlers,
    openLog: (name, stream) => follow(fleet.logOf(name, stream)),
    openMainLog: () => follow(mainLog),
    credentials: credentialsOf(server),
    onBug: (where, error) => log("critical", `${where}: ${describeBug(error)}`),
  });
}

function createFleet(groups: readonly GroupConfig[], world: World): Fleet {
  try {
    return new Fleet(groups, world);
  } catch (error) {
    const message = `Error: cannot make the channels in ${world.channels}: ${error}`;
    throw new StartError(message, 1, { cause: error });
  }
}

/** SUPERVISOR_SERVER_URL: the first Unix socket, else the last of the TCP servers. */
function serverUrlOf(servers: readonly ServerConfig[]): string | undefined {
  const server = servers.find(({ kind }) => kind === "unix") ?? servers.at(-1);
  return server && urlOf(server);
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

const defaultServer = (rundir: string): ServerConfig => ({
  kind: "unix",
  section: { name: "unix_http_server", file: "", line: 0, values: new Map() },
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
    processes: group.processes
      .filter(({ kind }) => kind === "program")
      .map((config) => openAutoLogs(config, auto)),
  }));
}

function openAutoLogs(config: ProcessConfig, auto: AutoLogs): ProcessConfig {
  try {
    return withAutoLogs(config, auto);
  } catch (error) {
    const message = `Error: cannot make the AUTO logs of ${config.name} in ${auto.dir}: ${error}`;
    throw new StartError(message, 1, { cause: error });
  }
}

function writePidfile(pidfile: string, log: Log, undo: Undo): void {
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
