import type { State } from "./chart.ts";
import { type Exit, exitStatus, isExpected } from "./exit.ts";

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
