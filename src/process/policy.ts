import type { SignalName } from "./signals.ts";

/** One word of a stop: the signal, and how long to wait for the end before the next word. */
export interface StopStep {
  signal: SignalName;
  waitMs: number;
}

/** At most so many restarts within a window of time. */
export interface Rate {
  count: number;
  windowMs: number;
}

/** A length of time that is another one each time, within `jitter` (a part of 1) to both sides. */
export interface Jittered {
  ms: number;
  jitter: number;
}

/**
 * The part of a program's configuration that decides about its processes. supervisord's options are
 * in its seconds, drover's own in milliseconds.
 */
export interface Policy {
  startsecs: number;
  /** Infinity: never give up. */
  startretries: number;
  autorestart: boolean | "unexpected";
  exitcodes: readonly number[];
  stopsignal: SignalName;
  stopwaitsecs: number;
  stopasgroup: boolean;
  killasgroup: boolean;
  /** In place of stopsignal and stopwaitsecs; SIGKILL comes after the last of them. */
  stopsequence: readonly StopStep[] | undefined;
  /** Run in place of the first signal. */
  stopcommand: string | undefined;
  /** A process is down only when nothing that it started is left. */
  stoptree: boolean;
  backoff: "linear" | "exponential" | "fixed";
  backoff_min: number;
  backoff_max: number | undefined;
  /** Part of a wait, from 0 to 1, by which it may be shorter. */
  backoff_jitter: number;
  /** Uptime after which earlier failures are forgotten; undefined: at once, as in supervisord. */
  backoff_reset_after: number | undefined;
  restart_delay: number;
  restart_limit: Rate | undefined;
  max_lifetime: Jittered | undefined;
  /** By which a worker takes no more jobs, before it is stopped. */
  quietsignal: SignalName | undefined;
  /** How long it may take until it has none. */
  quiet_timeout: number;
  /** What else tells that is not for this; a time is. */
  quiet_ready: { by: "time"; ms: number } | { by: "status" | "log" } | undefined;
  /** By which one that is unhealthy tells where it hangs, before it is stopped. */
  unhealthy_signal: SignalName | undefined;
  unhealthy_wait: number;
}

type Backoff = Pick<Policy, "backoff" | "backoff_min" | "backoff_max" | "backoff_jitter">;

/** Doubling without an end would soon wait for days. */
const EXPONENTIAL_MAX_MS = 60_000;

/**
 * How long to wait after so many failed starts in a row. supervisord's rule is the default: 1, 2,
 * 3, ... seconds.
 * @param retries from 1
 * @param random from 0 to 1: how much of the jitter to take
 * @returns milliseconds
 */
export function backoffMs(retries: number, policy: Backoff, random: number): number {
  const { backoff, backoff_min, backoff_jitter } = policy;
  const most =
    policy.backoff_max ??
    (backoff === "exponential" ? Math.max(EXPONENTIAL_MAX_MS, backoff_min) : Infinity);
  const factor = { fixed: 1, linear: retries, exponential: 2 ** (retries - 1) }[backoff];
  return Math.round(Math.min(backoff_min * factor, most) * (1 - backoff_jitter * random));
}

/** One of the lengths that a jittered one stands for, in milliseconds. `random` from 0 to 1. */
export const pick = ({ ms, jitter }: Jittered, random: number): number =>
  Math.round(ms * (1 + jitter * (2 * random - 1)));

/** Whom a signal goes to: the child, the process group it leads, or all that it started. */
export type Target = "process" | "group" | "tree";

/** What a stop does next: run the stop command, or send a signal; and how long it then waits. */
export type StopAct = { command: true; waitMs: number } | (StopStep & { to: Target });

/** SIGKILL is repeated every stopwaitsecs; with stopwaitsecs=0 that would be a busy loop. */
const MIN_KILL_INTERVAL_MS = 1_000;

/** How a process wants to be stopped. */
export type Manners = Pick<
  Policy,
  | "stopsignal"
  | "stopwaitsecs"
  | "stopasgroup"
  | "killasgroup"
  | "stopsequence"
  | "stopcommand"
  | "stoptree"
  | "quietsignal"
  | "quiet_timeout"
  | "quiet_ready"
>;

/** What comes before a stop: the worker is to finish its jobs, or to tell where it hangs. */
export type Prelude = "quiet" | "dump";

function preludeAct(policy: Manners & Partial<Policy>, prelude: Prelude): StopAct | undefined {
  const { quietsignal, quiet_timeout, quiet_ready } = policy;
  if (prelude === "quiet" && quietsignal) {
    const ownMs = quiet_ready?.by === "time" ? quiet_ready.ms : quiet_timeout;
    return { signal: quietsignal, waitMs: Math.min(ownMs, quiet_timeout), to: "process" };
  }
  const { unhealthy_signal, unhealthy_wait = 0 } = policy;
  if (prelude === "dump" && unhealthy_signal) {
    return { signal: unhealthy_signal, waitMs: unhealthy_wait, to: "process" };
  }
  return undefined;
}

/** What a stop does before it comes to SIGKILL, in order. */
export function stopActs(policy: Manners): readonly StopAct[] {
  const { stopsequence, stopcommand, stopwaitsecs } = policy;
  const steps = stopsequence?.map((step): StopAct => {
    const asGroup = step.signal === "SIGKILL" ? policy.killasgroup : policy.stopasgroup;
    return { ...step, to: targetOf(policy, asGroup) };
  });
  if (stopcommand !== undefined) {
    return [{ command: true, waitMs: stopwaitsecs * 1_000 }, ...(steps ?? [])];
  }
  return steps ?? [plainStop(policy)];
}

/** supervisord's stop: one signal, and a time. */
export const plainStop = (policy: Manners): StopStep & { to: Target } => ({
  signal: policy.stopsignal,
  to: targetOf(policy, policy.stopasgroup),
  waitMs: policy.stopwaitsecs * 1_000,
});

/** The number of what comes before the first act of a stop. */
export const PRELUDE = -1;

/**
 * An act of a stop by its number, from 0, or its prelude. After those that are configured all are
 * SIGKILL.
 */
export function stopAct(policy: Manners, act: number, prelude?: Prelude): StopAct {
  if (act === PRELUDE) {
    const first = prelude && preludeAct(policy, prelude);
    return first ?? stopAct(policy, 0);
  }
  return (
    stopActs(policy)[act] ?? {
      signal: "SIGKILL",
      to: targetOf(policy, policy.killasgroup),
      waitMs: Math.max(policy.stopwaitsecs * 1_000, MIN_KILL_INTERVAL_MS),
    }
  );
}

const targetOf = ({ stoptree }: Pick<Policy, "stoptree">, asGroup: boolean): Target =>
  stoptree ? "tree" : asGroup ? "group" : "process";

/** How many of these moments, in milliseconds, lie within the window before `now`. */
export const countWithin = (moments: readonly number[], now: number, windowMs: number): number =>
  moments.filter((moment) => now - moment < windowMs).length;

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
] as const;

/** A length of time as one would write it in a configuration: `90s`, `2h`, `1500ms`. */
export function formatMs(ms: number): string {
  const [unit, name] = units.find(([size]) => ms % size === 0 && ms > 0) ?? [1, "ms"];
  return `${ms / unit}${name}`;
}

/** What a process that was given up by restart_limit has done. */
export const tooManyRestarts = ({ count, windowMs }: Rate): string =>
  `more than ${count} restarts in ${formatMs(windowMs)} (restart_limit)`;
