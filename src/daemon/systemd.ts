import { type Clock, systemClock } from "../os/clock.ts";
import { type Notifier, openNotifier } from "../os/notify.ts";
import type { StateName } from "../process/states.ts";
import { summarize } from "../process/summary.ts";
import type { Log } from "./log.ts";
import type { World } from "./world.ts";

/** What a service manager such as systemd says in the environment. */
export interface ServiceEnvironment {
  /** The socket that it listens on; undefined when there is no one to tell. */
  NOTIFY_SOCKET?: string;
  /** How long it may not hear of this process, in microseconds. */
  WATCHDOG_USEC?: string;
  /** The process that it has started; older versions do not say. */
  SYSTEMD_EXEC_PID?: string;
}

/**
 * Takes out of the environment what is for droverd alone: a child that inherited it could speak for it.
 * @param pid of this process; the watchdog of another one is not its to calm
 */
export function takeServiceEnvironment(env: NodeJS.ProcessEnv, pid: number): ServiceEnvironment {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, SYSTEMD_EXEC_PID } = env;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
  if (!NOTIFY_SOCKET) return {};
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  return {
    NOTIFY_SOCKET,
    ...(isOurs && WATCHDOG_USEC && { WATCHDOG_USEC }),
    ...(SYSTEMD_EXEC_PID && { SYSTEMD_EXEC_PID }),
  };
}

/**
 * Whether the service manager has started this very process and listens to it. It must not go into the
 * background then, -n or not: systemd would take the one there for a process of somebody else, and
 * kill it at a stop without waiting for its end.
 */
export const isMainProcess = (
  { NOTIFY_SOCKET, SYSTEMD_EXEC_PID = "" }: ServiceEnvironment,
  pid: number,
): boolean => NOTIFY_SOCKET !== undefined && ["", String(pid)].includes(SYSTEMD_EXEC_PID);

/** Changes of the fleet are told together, at most so often. */
const COALESCE_MS = 100;

/** How often what found no room is told again, each time after twice as long: for 3 minutes in all. */
const RETRIES = 10;

/** The manager's limits for a stop know nothing of stopwaitsecs: droverd says that it still waits. */
const EXTENSION_MS = 30_000;
const EXTENSION = `EXTEND_TIMEOUT_USEC=${EXTENSION_MS * 1_000}`;

export interface ServiceParts {
  notifier: Notifier;
  clock: Clock;
  /** Tell so often that the loop turns; undefined: nobody wants to know. */
  watchdogMs: number | undefined;
}

/** What is told of, in one life of the daemon. */
interface Watched {
  watchers: World["watchers"];
  states(): Iterable<StateName>;
  log: Log;
}

/** What droverd tells the service manager that runs it, over all of its lives. */
export class ServiceManager {
  readonly #parts: ServiceParts;
  #log: Log = () => undefined;
  #states: () => Iterable<StateName> = () => [];
  /** To be told with the next message, beside a new status. */
  #news: readonly string[] = [];
  /** As it was told last. */
  #status = "";
  #retries = 0;
  readonly #faults = new Set<string>();
  #cancelTell: (() => void) | undefined;
  #endExtending: (() => void) | undefined;
  #endWatchdog: (() => void) | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** From here on the status is that of these processes. */
  watch({ watchers, states, log }: Watched): void {
    this.#states = states;
    this.#log = log;
    watchers.add(() => {
      this.#cancelTell ??= this.#tellAfter(COALESCE_MS);
    });
  }

  /** The fleet has been started, for the first time or anew. */
  ready(): void {
    const { watchdogMs } = this.#parts;
    if (watchdogMs) this.#endWatchdog ??= this.#repeat(watchdogMs, "WATCHDOG=1");
    this.#announce(["READY=1", `MAINPID=${process.pid}`]);
  }

  /** A restart has begun, or the attempt at one. */
  reloading(): void {
    // CLOCK_MONOTONIC: by the time of it the manager tells this restart from an earlier one.
    const now = process.hrtime.bigint() / 1_000n;
    this.#announce(["RELOADING=1", `MONOTONIC_USEC=${now}`, EXTENSION]);
    this.#endExtending = this.#repeat(EXTENSION_MS / 3, EXTENSION);
  }

  stopping(): void {
    this.#announce(["STOPPING=1", EXTENSION]);
    this.#endExtending = this.#repeat(EXTENSION_MS / 3, EXTENSION);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#cancelTell?.();
    this.#endExtending?.();
    this.#endWatchdog?.();
  }

  #announce(news: readonly string[]): void {
    this.#endExtending?.();
    this.#news = news;
    this.#retries = 0;
    this.#tell();
  }

  #tell(): void {
    this.#cancelTell?.();
    this.#cancelTell = undefined;
    const status = summarize(this.#states());
    const lines = [...this.#news, ...(status === this.#status ? [] : [`STATUS=${status}`])];
    if (lines.length === 0) return;
    const errno = this.#parts.notifier.send(lines.join("\n"));
    if (errno !== undefined) this.#logOnce(errno);
    if (errno === "EAGAIN" && this.#retries < RETRIES) {
      this.#cancelTell = this.#tellAfter(COALESCE_MS * 2 ** ++this.#retries);
      return;
    }
    this.#news = [];
    this.#retries = 0;
    if (errno === undefined) this.#status = status;
  }

  #tellAfter(ms: number): () => void {
    return this.#parts.clock.after(ms, () => this.#tell());
  }

  /** @returns the way to end it */
  #repeat(ms: number, text: string): () => void {
    const { notifier, clock } = this.#parts;
    const next = () =>
      clock.after(ms, () => {
        cancel = next();
        notifier.send(text);
      });
    let cancel = next();
    return () => cancel();
  }

  #logOnce(errno: string): void {
    if (this.#faults.has(errno)) return;
    this.#faults.add(errno);
    this.#log("warn", `cannot tell the service manager how it goes: ${errno}`);
  }
}

export const staysInForeground =
  "NOTIFY_SOCKET is set: staying in the foreground, for the service manager that has started this process";

const cannotNotify =
  "NOTIFY_SOCKET is set, and the service manager cannot be told anything: " +
  "the optional package koffi is missing";

/**
 * @param notes for the log, when there is one
 * @returns undefined when there is no service manager, or no way to tell it something
 */
export function openServiceManager(
  { NOTIFY_SOCKET, WATCHDOG_USEC = "" }: ServiceEnvironment,
  notes: string[],
): ServiceManager | undefined {
  if (NOTIFY_SOCKET === undefined) return undefined;
  const notifier = openNotifier(NOTIFY_SOCKET);
  if (!notifier) {
    notes.push(cannotNotify);
    return undefined;
  }
  // Half of what it allows, as sd_watchdog_enabled(3) recommends.
  const watchdogMs = /^\d+$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 2_000 : undefined;
  return new ServiceManager({ notifier, clock: systemClock, watchdogMs });
}
