import { describeExit, type Exit, exitStatus, isExpected } from "./exit.ts";
import { type Policy, tooManyRestarts } from "./policy.ts";
import type { State } from "./step.ts";

/** What is remembered of a child's end. */
export interface Ending {
  exitstatus: number;
  /** undefined: what was there before stays. */
  spawnerr: string | undefined;
}

/**
 * supervisord's bookkeeping of an exit; a child that never counted as started has no exit status.
 * @param to the state that the exit has led to
 */
export function recordExit(to: State, exit: Exit, exitcodes: readonly number[]): Ending {
  if (to.name === "BACKOFF" || to.name === "FATAL") {
    return { exitstatus: 0, spawnerr: "Exited too quickly (process log may have details)" };
  }
  const exitstatus = exitStatus(exit);
  const good = to.name !== "EXITED" || isExpected(exit, exitcodes);
  return { exitstatus, spawnerr: good ? undefined : `Bad exit code ${exitstatus}` };
}

/** Why a process that was given up is not started again, where supervisord's words do not tell. */
export const whyGivenUp = (to: State, { restart_limit }: Policy): string | undefined =>
  to.name === "FATAL" && to.because === "restart_limit" && restart_limit
    ? tooManyRestarts(restart_limit)
    : undefined;

/** The end of one child and its cause, as clients see it. Times in seconds, sizes in bytes. */
export interface ExitRecord {
  /** When it ended, since the Epoch. */
  time: number;
  pid: number;
  /** null: a signal ended it, or nobody knows. */
  code: number | null;
  signal: string | null;
  core_dumped: boolean;
  expected: boolean;
  uptime: number;
  /** With the children it waited for; null: not known. */
  cpu_seconds: number | null;
  /** The most that one process of it held; null: not known, or less than the daemon itself. */
  peak_memory: number | null;
  /** The kernel ended it for want of memory. */
  oom_killed: boolean;
  /** In words. */
  cause: string;
  /** The last lines that it wrote, by stream. */
  last_output: { stdout: string[]; stderr: string[] };
}

/** What droverd itself did to the child, and why: `request`, `max_lifetime of 1h`, ... */
export interface Stop {
  reason: string;
  /** It had to be killed: it had not ended when it was asked to. */
  killed: boolean;
  /** It worked no more, so that its end is a failure of its own. */
  unhealthy?: boolean;
}

/** Why a child has ended, in words. */
export function describeCause(exit: Exit, stop: Stop | undefined, oomKilled: boolean): string {
  const how = describeExit(exit);
  if (stop) {
    const killed = stop.killed ? ", killed as it did not end when asked" : "";
    return stop.unhealthy
      ? `unhealthy: ${stop.reason} (stopped, ${how}${killed})`
      : `stopped by ${stop.reason} (${how}${killed})`;
  }
  if (oomKilled) return `out of memory: the kernel killed it (${how})`;
  if ("code" in exit && exit.code === 127) return `${how}: the command could not be run`;
  return how;
}
