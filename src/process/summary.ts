import type { StateName } from "./states.ts";

/** What each state is called in a summary, in the order in which it names them. */
const words: Record<StateName, string> = {
  RUNNING: "running",
  STARTING: "starting",
  STOPPING: "stopping",
  BACKOFF: "backoff",
  FATAL: "fatal",
  EXITED: "exited",
  STOPPED: "stopped",
  UNKNOWN: "unknown",
};

/** `12 running, 1 backoff`: how many processes are in which state; `no processes` for none. */
export function summarize(states: Iterable<StateName>): string {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = Object.entries(words).flatMap(([state, word]) => {
    const count = counts.get(state);
    return count === undefined ? [] : [`${count} ${word}`];
  });
  return parts.join(", ") || "no processes";
}
