import { transition } from "../../src/process/chart.ts";
import type { Exit } from "../../src/process/exit.ts";
import type { Policy } from "../../src/process/policy.ts";
import type { Effect, Event, Exited, State, Step } from "../../src/process/step.ts";
import { plainPolicy } from "./policy.ts";

type Stopping = Extract<State, { name: "STOPPING" }>;

export const stopped = (retries = 0): State => ({ name: "STOPPED", retries });
export const again = (retries = 0): State => ({ name: "STOPPED", retries, again: true });
export const launching = (retries = 0): State => ({ name: "STARTING", retries, spawned: false });
export const starting = (retries = 0): State => ({ name: "STARTING", retries, spawned: true });
export const running = (retries = 0): State => ({ name: "RUNNING", retries });
export const backoff = (retries: number): State => ({ name: "BACKOFF", retries });
export const stopping = (own: Partial<Stopping> = {}): State => ({
  name: "STOPPING",
  retries: 0,
  act: 0,
  after: "rest",
  ...own,
});
export const exited = (restarting: boolean, expected = false, retries = 0): State => ({
  name: "EXITED",
  retries,
  expected,
  restarting,
});
/** The same state of a process that will not be started again. */
export const over = (state: State, limit: "startretries" | "restart_limit" = "startretries") =>
  ({ ...state, over: limit }) as State;
export const fatal: State = { name: "FATAL", because: "startretries" };
export const limited: State = { name: "FATAL", because: "restart_limit" };
export const shutDown: State = { name: "FATAL", because: "shutdown" };
export const unknown: State = { name: "UNKNOWN" };

/** A child's end: its exit code, or how it ended. */
export const ended = (end: number | Exit, uptimeMs = 500, leftovers = 0): Exited => ({
  type: "exited",
  exit: typeof end === "number" ? { code: end } : end,
  uptimeMs,
  leftovers,
});
export const killed = ended({ signal: "SIGKILL" });
export const failed: Event = { type: "spawnFailed", error: "no" };
export const scarce: Event = { type: "spawnFailed", error: "no", scarce: true };
export const refused: Event = { type: "signalFailed", error: "EPERM" };
export const cleared: Event = { type: "cleared" };
export const timeout: Event = { type: "timeout" };

export const spawn: Effect[] = [{ type: "spawn", again: false }];
export const respawn: Effect[] = [{ type: "spawn", again: true }];
export const unspawn: Effect[] = [{ type: "unspawn" }];
export const runsCommand: Effect[] = [{ type: "stopcommand" }];
export const sends = (
  signal: NodeJS.Signals,
  to: "process" | "group" | "tree" = "process",
): Effect[] => [{ type: "signal", signal, to }];

/** What a program sets, and where the daemon stands. */
export type Given = Partial<Policy> & {
  closing?: boolean;
  random?: number;
  restarts?: number;
  quiet?: boolean;
};

/** One step of the chart by supervisord's defaults, but for what is given. */
export function step(state: State, event: Event, given: Given = {}): Step | undefined {
  const { closing = false, random = 0, restarts = 0, quiet = false, ...own } = given;
  return transition(state, event, {
    policy: { ...plainPolicy, ...own },
    closing,
    random,
    restarts,
    quiet,
  });
}
