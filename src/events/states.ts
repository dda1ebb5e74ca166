import type { State } from "../process/chart.ts";
import type { Bus } from "./bus.ts";

interface Happened {
  process: string;
  group: string;
  from: State;
  to: State;
  /** Of the child that it has or has just had; 0: none. */
  pid: number;
}

/** Tells of a step of the chart what supervisord tells of it; a step inside a state is none. */
export function emitChange(bus: Bus, { process, group, from: before, to, pid }: Happened): void {
  const from = before.name;
  if (from === to.name) return;
  const named = { process, group, from };
  switch (to.name) {
    case "STARTING":
    case "BACKOFF":
      bus.emit(`PROCESS_STATE_${to.name}`, { ...named, tries: to.retries });
      break;
    case "EXITED": {
      const { expected } = to;
      // Who exits as it should before startsecs are over was running, says supervisord.
      const was = from === "STARTING" ? "RUNNING" : from;
      if (from === "STARTING") bus.emit("PROCESS_STATE_RUNNING", { ...named, pid });
      bus.emit("PROCESS_STATE_EXITED", { ...named, from: was, expected, pid });
      break;
    }
    case "RUNNING":
    case "STOPPING":
    case "STOPPED":
      bus.emit(`PROCESS_STATE_${to.name}`, { ...named, pid });
      break;
    case "FATAL":
    case "UNKNOWN":
      bus.emit(`PROCESS_STATE_${to.name}`, named);
      break;
  }
}
