import type { State } from "./chart.ts";
import { type Exit, exitStatus, isExpected } from "./exit.ts";

/** What is remembered of a child's end. */
export interface Ending {
  exitstatus: number;
  /** undefined: what was there before stays. */
  spawnerr: string | undefined;
}

/** supervisord's bookkeeping of an exit; a child that never counted as started has no exit status. */
export function recordExit(from: State, exit: Exit, exitcodes: readonly number[]): Ending {
  if (from.name === "STARTING") {
    return { exitstatus: 0, spawnerr: "Exited too quickly (process log may have details)" };
  }
  const exitstatus = exitStatus(exit);
  const good = from.name !== "RUNNING" || isExpected(exit, exitcodes);
  return { exitstatus, spawnerr: good ? undefined : `Bad exit code ${exitstatus}` };
}
