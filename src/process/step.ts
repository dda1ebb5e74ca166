import type { Exit } from "./exit.ts";
import type { Policy, Prelude, Target } from "./policy.ts";
import type { SignalName } from "./signals.ts";

/**
 * What a process that is being brought down will be then: at rest, started anew, or whatever follows
 * from its own end, which was a failed start or an exit.
 */
export type After = "rest" | "start" | "failedStart" | "exit";

/** What has been reached when a process is given up. */
export type Limit = "startretries" | "restart_limit";

/**
 * A process's state, with what is true only in it. `retries` counts failed starts in a row; as in
 * supervisord a stop does not reset it, so it travels through STOPPING and STOPPED.
 */
export type State =
  /** `again`: it is about to start anew by itself. */
  | { name: "STOPPED"; retries: number; again?: true }
  | { name: "STARTING"; retries: number; spawned: boolean }
  | { name: "RUNNING"; retries: number }
  /** `scarce`: the latest start has failed for want of room, which does not count. */
  | { name: "BACKOFF"; retries: number; scarce?: true; over?: Limit }
  /**
   * `act`: which of the stop's acts is waited for, from PRELUDE on. `ended`: the child is gone, what it started is not.
   * `unwell`: it is stopped for the nth time in a row because it works no more.
   */
  | {
      name: "STOPPING";
      retries: number;
      act: number;
      after: After;
      prelude?: Prelude;
      ended?: Exited;
      unwell?: number;
    }
  /** `over`, here and in BACKOFF: it will not be started again but be FATAL, and why. */
  | { name: "EXITED"; retries: number; expected: boolean; restarting: boolean; over?: Limit }
  | { name: "FATAL"; because: Limit | "shutdown" }
  | { name: "UNKNOWN" };

/** The child has ended. `leftovers`: how many processes of its tree are not gone yet. */
export interface Exited {
  type: "exited";
  exit: Exit;
  uptimeMs: number;
  leftovers: number;
}

export type Event =
  | { type: "start" }
  /** A child of an earlier daemon has been found: it is to go before one of ours can come. */
  | { type: "found"; after: "start" | "rest" }
  | { type: "stop" }
  /** A running process is to be replaced by a fresh one. */
  | { type: "recycle" }
  /** It runs and works no more; `inARow`: as its predecessors, so many with it. */
  | { type: "unhealthy"; inARow: number }
  /** It has been asked to take no more jobs, and has none. */
  | { type: "quieted" }
  /** The state's own timer ran out. */
  | { type: "timeout" }
  /** The spawn that the state asked for: the child is there, or why it is not. */
  | { type: "spawned" }
  /** `scarce`: the machine had no descriptor or process left; the program is not to blame. */
  | { type: "spawnFailed"; error: string; scarce?: boolean }
  | Exited
  /** Nothing of the child's tree is left. */
  | { type: "cleared" }
  /** The stop command could not be run, or has failed. */
  | { type: "commandFailed"; error: string }
  /** The kernel refused a signal for another reason than that the process is gone. */
  | { type: "signalFailed"; error: string }
  /** The daemon is going down: what waits to restart gives up. */
  | { type: "close" };

export type Effect =
  /** `again`: a restart that nobody asked for, which counts for restart_limit. */
  | { type: "spawn"; again: boolean }
  /** Forget a spawn that has not happened yet. */
  | { type: "unspawn" }
  | { type: "signal"; signal: SignalName; to: Target }
  | { type: "stopcommand" }
  /** It has lived as long as it may: recycle it when its group allows. */
  | { type: "expire" };

/** What one event leads to. */
export interface Step {
  next: State;
  effects?: Effect[];
  /** Send `timeout` after that many milliseconds unless another step comes first; `keep`: as before. */
  wakeMs?: number | "keep";
}

export interface Context {
  policy: Policy;
  /** The daemon is shutting down: nothing starts by itself any more. */
  closing: boolean;
  /** From 0 to 1, another one each time. */
  random: number;
  /** Restarts that nobody asked for, within the window of restart_limit. */
  restarts: number;
  /** It takes no jobs any more, and has none. */
  quiet: boolean;
}
