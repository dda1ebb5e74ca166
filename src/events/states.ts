import type { ExitRecord } from "../process/record.ts";
import type { State } from "../process/step.ts";
import type { Bus } from "./bus.ts";

interface Happened {
  process: string;
  group: string;
  from: State;
  to: State;
  /** Of the child that it has or has just had; 0: none. */
  pid: number;
  restarts: number;
  /** By whose wish, where it is a stop; else empty. */
  reason: string;
  /** Who has asked for it, where somebody did. */
  by: string | undefined;
  /** What went wrong with the latest start; empty when nothing did. */
  error: string;
  /** How its child has just ended. */
  exit: ExitRecord | undefined;
}

/** Tells of a step of the chart what supervisord tells of it; a step inside a state is none. */
export function emitChange(bus: Bus, happened: Happened): void {
  const { process, group, from: before, to, pid, restarts, exit, by } = happened;
  const from = before.name;
  if (from === to.name) return;
  const error = happened.error === "" ? undefined : happened.error;
  // Each written out: a thousand of these are remembered, and by spreads each would have its own layout.
  switch (to.name) {
    case "STARTING":
      bus.emit("PROCESS_STATE_STARTING", { process, group, from, restarts, tries: to.retries, by });
      break;
    case "BACKOFF": {
      const tries = to.retries;
      bus.emit("PROCESS_STATE_BACKOFF", { process, group, from, restarts, tries, error, exit });
      break;
    }
    case "EXITED": {
      const { expected } = to;
      // Who exits as it should before startsecs are over was running, says supervisord.
      const was = from === "STARTING" ? "RUNNING" : from;
      if (from === "STARTING") {
        bus.emit("PROCESS_STATE_RUNNING", { process, group, from, restarts, pid });
      }
      const data = { process, group, from: was, restarts, expected, pid, exit } as const;
      bus.emit("PROCESS_STATE_EXITED", data);
      break;
    }
    case "RUNNING":
      bus.emit("PROCESS_STATE_RUNNING", { process, group, from, restarts, pid });
      break;
    case "STOPPING": {
      const reason = happened.reason === "" ? undefined : happened.reason;
      bus.emit("PROCESS_STATE_STOPPING", { process, group, from, restarts, pid, reason, by });
      break;
    }
    case "STOPPED":
      bus.emit("PROCESS_STATE_STOPPED", { process, group, from, restarts, pid, exit });
      break;
    case "FATAL":
    case "UNKNOWN":
      bus.emit(`PROCESS_STATE_${to.name}`, { process, group, from, restarts, error, exit });
      break;
  }
}
