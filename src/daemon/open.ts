import { unlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import path from "node:path";
import type { Config, GroupConfig, ServerConfig } from "../config/config.ts";
import { formatProblem } from "../config/problems.ts";
import { defaultServer, urlOf } from "../config/servers.ts";
import { Bus } from "../events/bus.ts";
import { Recent } from "../events/recent.ts";
import { Fault } from "../faults.ts";
import { systemClock } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import { LockHeld, lockFolder } from "../os/lock.ts";
import { machine } from "../os/machine.ts";
import { Meeting } from "../os/meeting.ts";
import { OomWatch } from "../os/oom.ts";
import { defaultRundir, makePrivateDir, removeFolder } from "../os/rundir.ts";
import { Bodies } from "../rpc/body.ts";
import type { Door } from "../rpc/door.ts";
import { createListener, type EventService, type LogService } from "../rpc/http.ts";
import { createDoor, credentialsOf } from "./admission.ts";
import { createAudit } from "./audit.ts";
import { clearAutoLogs, withLogs } from "./autologs.ts";
import { Clearing } from "./clearing.ts";
import { ConfigWatch } from "./configwatch.ts";
import { endOfDaemon } from "./container.ts";
import { Daemon } from "./daemon.ts";
import { describeBug, StartError } from "./errors.ts";
import { createEventService, keepEvents } from "./eventservice.ts";
import { Fleet } from "./fleet.ts";
import { Freezer } from "./freezer.ts";
import { createHandlers } from "./handlers.ts";
import { Hooks } from "./hooks.ts";
import { Launcher } from "./launcher.ts";
import { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import { createLogService } from "./logservice.ts";
import { Needs } from "./needs.ts";
import { openJournal, openLog, type Undo } from "./openlogs.ts";
import { adoptOrphans } from "./orphans.ts";
import { Rollouts } from "./rollouts.ts";
import { Roster } from "./roster.ts";
import { openServer } from "./serve.ts";
import { SharedSockets } from "./sharedsockets.ts";
import type { Sinks } from "./sinks.ts";
import { type HowToRead, instanceOf, scaleFileOf } from "./source.ts";
import { StreamLimits } from "./streamlimits.ts";
import type { ServiceManager } from "./systemd.ts";
import type { World } from "./world.ts";

export interface DaemonOptions {
  config: Config;
  /** The configuration's file: it tells this daemon's channels from those of others. */
  file: string;
  /** Echo the log to stdout. */
  echo: boolean;
  /** Soft limit of open files that this process was started with. */
  softFiles: number;
  /** What was done before there was a log. */
  notes: readonly string[];
  /** Undefined when there is none. */
  manager: ServiceManager | undefined;
  /** Reads the configuration anew. @throws StartError */
  reread(how?: HowToRead): Config;
  /** Reads the configuration for the next life. @throws StartError when it cannot be used */
  prepareRestart(): void;
}

/** Of all events that this process sends, also when the daemon begins anew in it. */
const serials = { next: 0 };
/** Without a journal numbers are those of no other process either: begun with the microsecond. */
const recent = new Recent(systemClock.wallMs() * 1_000);

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
  const { config, file, manager, prepareRestart } = options;
  const { supervisord } = config;
  const rundir = supervisord.rundir ?? defaultRundir();
  makeFolder(rundir, () => machine().isDirectory(rundir) || makePrivateDir(rundir));
  const events = new Bus(serials);
  const { log, sinks, syslog, mainLog } = openLog(options, { rundir, events, undo });
  const journal = await openJournal(supervisord, { sinks, recent, undo });
  const eventPlaces = { events, recent, journal, clock: systemClock };
  undo.push(keepEvents(eventPlaces));
  for (const warning of config.warnings) log("warn", formatProblem(warning));
  warnAboutRoot(config, log);
  for (const note of options.notes) log("info", note);

  const servers =
    config.servers.length > 0
      ? config.servers
      : [defaultServer(path.join(rundir, "drover.sock"), machine())];
  const channels = path.join(rundir, instanceOf(file));
  const fresh = !machine().isDirectory(channels);
  makeFolder(channels, () => makePrivateDir(channels));
  await lock(channels, file, undo);
  // What a start that fails has made goes with it; what stood there is the ledger of living children.
  // Not before the lock: the folder may be that of another daemon, which started a moment earlier.
  const meeting = new Meeting(rundir, channels);
  const discard = () => {
    removeFolder(channels);
    meeting.remove();
  };
  if (fresh) undo.push(discard);
  const audit = createAudit(log, systemClock);
  const doors = new Map(servers.map((server) => [server, createDoor(server, audit)]));
  const listeners = await openServers(servers, log, undo);
  const ledger = new Ledger(channels);
  const oom = new OomWatch();
  const clearing = new Clearing(systemClock);
  clearAutoLogs(config, log);
  const groups = withLogs(config.groups, config, log);
  const sockets = new SharedSockets(log);
  await sockets.lookUp(groups.flatMap(({ processes }) => processes));
  const watchers: World["watchers"] = new Set([sockets.follow]);
  const world: World = {
    clock: systemClock,
    log,
    launcher: new Launcher(),
    sinks,
    syslog,
    sockets,
    ledger,
    clearing,
    needs: new Needs(log),
    freezer: new Freezer({ clock: systemClock, log }),
    rollouts: new Rollouts({ clock: systemClock, log, events, file: `${channels}.rollouts` }),
    events,
    identifier: supervisord.identifier,
    channels,
    meeting,
    inherited: { ...process.env },
    environment: supervisord.environment,
    serverUrl: serverUrlOf(config.servers),
    echoOutput: ["debug", "trace", "blather"].includes(supervisord.loglevel),
    stripAnsi: supervisord.strip_ansi,
    softFiles: Math.max(options.softFiles, supervisord.minfds),
    oomStruck: () => oom.struck(),
    random: Math.random,
    watchers,
  };
  const fleet = createFleet(groups, world);
  const hooks = new Hooks(config.hooks, { world, recent });
  adoptOrphans(
    { log, clearing },
    { stoptree: fleet.listed.some(({ config: { stoptree } }) => stoptree) },
  );
  manager?.watch({ watchers, log, states: () => fleet.listed.map(({ state }) => state.name) });
  writePidfile(supervisord.pidfile, log, undo);
  const release = () => {
    discard();
    unwind(undo);
  };
  const daemon = new Daemon({
    log,
    fleet,
    sinks,
    manager,
    prepareRestart,
    release,
    settle: () => hooks.close(),
  });
  undo.push(() => world.freezer.close());
  watchers.add((process) => {
    const end = endOfDaemon(process, supervisord);
    if (end) daemon.endBecause(end);
  });
  const limits = new StreamLimits(log, supervisord.max_log_streams);
  const logs = createLogService({ fleet, sinks, mainLog, limits });
  const eventService = createEventService(eventPlaces, limits);
  const { reread } = options;
  const scaleFile = scaleFileOf(file, rundir);
  const roster = new Roster({ config, groups, fleet, sockets, clearing, log, reread, scaleFile });
  world.rollouts.connect({
    members: (name) => fleet.listed.filter(({ config: { group } }) => group === name),
    surge: (process, extra) => roster.surge(process, extra),
  });
  const { watch_config: mode } = supervisord;
  if (mode !== "off") {
    const watching = new ConfigWatch(mode, { file: path.resolve(file), roster, hooks, world });
    undo.push(() => watching.close());
  }
  for (const [server, door] of doors) {
    const served = {
      config,
      daemon,
      events,
      eventService,
      roster,
      hooks,
      freezer: world.freezer,
      rollouts: world.rollouts,
      fleet,
      sinks,
      logs,
      mainLog,
    };
    listeners.set(server, createService(server, door, served));
  }
  log("info", `supervisord started with pid ${process.pid}`);
  return daemon;
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
  events: Bus;
  eventService: EventService;
  roster: Roster;
  hooks: Hooks;
  freezer: Freezer;
  rollouts: Rollouts;
  fleet: Fleet;
  logs: LogService;
  sinks: Sinks;
  /** undefined: it goes to syslog. */
  mainLog: string | undefined;
}

function createService(server: ServerConfig, door: Door, served: Served): RequestListener {
  const { config, daemon, events, eventService, roster, hooks, freezer, rollouts } = served;
  const { fleet, sinks, logs, mainLog } = served;
  const { log } = daemon;
  const { identifier } = config.supervisord;
  const handlers = createHandlers({
    ...{ fleet, events, roster, hooks, freezer, rollouts, logs, sinks, mainLog, log, identifier },
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
  return createListener({
    handlers,
    logs,
    events: eventService,
    door,
    bodies: new Bodies(server.body_maxbytes),
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

function makeFolder(folder: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    throw new StartError(`Error: cannot use the run folder ${folder}: ${error}`, 2, {
      cause: error,
    });
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
