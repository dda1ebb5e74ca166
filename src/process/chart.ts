import { type Exit, isExpected } from "./exit.ts";
import type { SignalName } from "./signals.ts";
import { isRunning, isStopped, type StateName } from "./states.ts";

/**
 * A process's state, with what is true only in it. `retries` counts failed starts in a row; as in
 * supervisord a stop does not reset it, so it travels through STOPPING and STOPPED.
 */
export type State =
  | { name: "STOPPED"; retries: number }
  | { name: "STARTING"; retries: number; spawned: boolean }
  | { name: "RUNNING" }
  | { name: "BACKOFF"; retries: number }
  | { name: "STOPPING"; retries: number }
  | { name: "EXITED"; expected: boolean; restarting: boolean }
  | { name: "FATAL" }
  | { name: "UNKNOWN" };

export type Event =
  | { type: "start" }
  /** A child of an earlier daemon has been found: it is to go before one of ours can come. */
  | { type: "found" }
  | { type: "stop" }
  /** The state's own timer ran out. */
  | { type: "timeout" }
  /** The spawn that the state asked for: the child is there, or why it is not. */
  | { type: "spawned" }
  | { type: "spawnFailed"; error: string }
  | { type: "exited"; exit: Exit; uptimeMs: number }
  /** The kernel refused a signal for another reason than that the process is gone. */
  | { type: "signalFailed"; error: string }
  /** The daemon is going down: what waits to restart gives up. */
  | { type: "close" };

export type Effect =
  | { type: "spawn" }
  /** Forget a spawn that has not happened yet. */
  | { type: "unspawn" }
  | { type: "signal"; signal: SignalName; group: boolean };

/** What one event leads to. `wakeMs`: send `timeout` after that long, unless another step comes first. */
export interface Step {
  next: State;
  effects?: Effect[];
  wakeMs?: number;
}

/** The part of a program's configuration that decides about its processes. Times in seconds. */
export interface Policy {
  startsecs: number;
  startretries: number;
  autorestart: boolean | "unexpected";
  exitcodes: readonly number[];
  stopsignal: SignalName;
  stopwaitsecs: number;
  stopasgroup: boolean;
  killasgroup: boolean;
}

export interface Context {
  policy: Policy;
  /** The daemon is shutting down: nothing starts by itself any more. */
  closing: boolean;
}

type Row<S extends State> = {
  [E in Event["type"]]?: (
    state: S,
    event: Extract<Event, { type: E }>,
    context: Context,
  ) => Step | undefined;
};
type Chart = { [N in StateName]: Row<Extract<State, { name: N }>> };

/**
 * A process that needs no startsecs and dies at once would restart as fast as the machine forks.
 * Between two starts of one process lies at least this; supervisord's tick spaces them by 1 s.
 */
const MIN_START_INTERVAL_MS = 100;

/** SIGKILL is repeated every stopwaitsecs; with stopwaitsecs=0 that would be a busy loop. */
const MIN_KILL_INTERVAL_MS = 1_000;

const chart: Chart = {
  STOPPED: {
    start: ({ retries }) => launch(retries),
    found: ({ retries }, _, { policy }) => terminate(retries, policy),
  },
  STARTING: {
    spawned: (state, _, { policy }) =>
      policy.startsecs > 0
        ? { next: { ...state, spawned: true }, wakeMs: policy.startsecs * 1_000 }
        : { next: { name: "RUNNING" } },
    spawnFailed: ({ retries }, _, context) => backOff(retries + 1, context),
    timeout: () => ({ next: { name: "RUNNING" } }),
    // The timer may be due and not have been heard yet.
    exited: ({ retries }, event, context) =>
      event.uptimeMs >= context.policy.startsecs * 1_000
        ? finish(event, context)
        : backOff(retries + 1, context),
    stop: ({ retries, spawned }, _, { policy }) =>
      spawned
        ? terminate(retries, policy)
        : { next: { name: "STOPPED", retries }, effects: [{ type: "unspawn" }] },
    close: ({ retries, spawned }) =>
      spawned ? undefined : { next: { name: "STOPPED", retries }, effects: [{ type: "unspawn" }] },
    signalFailed: () => ({ next: { name: "UNKNOWN" } }),
  },
  RUNNING: {
    exited: (_, event, context) => finish(event, context),
    stop: (_, __, { policy }) => terminate(0, policy),
    signalFailed: () => ({ next: { name: "UNKNOWN" } }),
  },
  BACKOFF: {
    timeout: ({ retries }, _, { policy }) =>
      retries > policy.startretries ? { next: { name: "FATAL" } } : launch(retries),
    stop: ({ retries }) => ({ next: { name: "STOPPED", retries } }),
    close: () => ({ next: { name: "FATAL" } }),
  },
  STOPPING: {
    exited: ({ retries }) => ({ next: { name: "STOPPED", retries } }),
    timeout: (state, _, { policy }) => ({
      next: state,
      effects: [{ type: "signal", signal: "SIGKILL", group: policy.killasgroup }],
      wakeMs: Math.max(policy.stopwaitsecs * 1_000, MIN_KILL_INTERVAL_MS),
    }),
    signalFailed: () => ({ next: { name: "UNKNOWN" } }),
  },
  EXITED: {
    timeout: ({ restarting }) => (restarting ? launch(0) : undefined),
    start: () => launch(0),
    stop: ({ restarting }) => (restarting ? { next: { name: "STOPPED", retries: 0 } } : undefined),
    close: (state) => ({ next: { ...state, restarting: false } }),
  },
  FATAL: { start: () => launch(0) },
  UNKNOWN: { exited: () => ({ next: { name: "STOPPED", retries: 0 } }) },
};

const launch = (retries: number): Step => ({
  next: { name: "STARTING", retries, spawned: false },
  effects: [{ type: "spawn" }],
});

/** startretries=N means N+1 attempts with 1, 2, 3, ... seconds between them, then FATAL. */
function backOff(retries: number, { policy, closing }: Context): Step {
  if (closing) return { next: { name: "FATAL" } };
  const last = retries > policy.startretries;
  return { next: { name: "BACKOFF", retries }, wakeMs: last ? 0 : retries * 1_000 };
}

const terminate = (retries: number, policy: Policy): Step => ({
  next: { name: "STOPPING", retries },
  effects: [{ type: "signal", signal: policy.stopsignal, group: policy.stopasgroup }],
  wakeMs: policy.stopwaitsecs * 1_000,
});

function finish(event: Extract<Event, { type: "exited" }>, { policy, closing }: Context): Step {
  const expected = isExpected(event.exit, policy.exitcodes);
  const wanted = policy.autorestart === "unexpected" ? !expected : policy.autorestart;
  const restarting = wanted && !closing;
  const next: State = { name: "EXITED", expected, restarting };
  if (!restarting) return { next };
  return { next, wakeMs: Math.max(0, MIN_START_INTERVAL_MS - event.uptimeMs) };
}

/**
 * Whether a stop has something to do: the process runs, or will by itself. An exited process whose
 * restart is due counts too, or that restart would undo a stop that was answered.
 */
export const isStoppable = (state: State): boolean =>
  isRunning(state.name) || (state.name === "EXITED" && state.restarting);

/** At rest: nothing happens until somebody asks. */
export const isAtRest = (state: State): boolean => isStopped(state.name) && !isStoppable(state);

/** Pure: no clock, no I/O. `undefined`: the event changes nothing in this state. */
export function transition(state: State, event: Event, context: Context): Step | undefined {
  // The table's row for this very state takes this very event: that is what its type says, and
  // what TypeScript cannot follow through two look-ups.
  const row = chart[state.name] as Row<State>;
  const cell = row[event.type] as
    | ((state: State, event: Event, context: Context) => Step | undefined)
    | undefined;
  return cell?.(state, event, context);
}
