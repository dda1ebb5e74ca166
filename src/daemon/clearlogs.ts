import { Fault, SUCCESS } from "../faults.ts";
import { exists } from "../os/logplace.ts";
import { namespec } from "../process/order.ts";
import type { Handlers } from "../rpc/methods.ts";
import type { ProcessStatus } from "../rpc/results.ts";
import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import type { Sinks } from "./sinks.ts";
import type { Supervised } from "./supervised.ts";

type Clearing = Pick<
  Handlers,
  "supervisor.clearLog" | "supervisor.clearProcessLogs" | "supervisor.clearAllProcessLogs"
>;

export interface ClearableLogs {
  fleet: Fleet;
  sinks: Sinks;
  /** Path of the daemon's own log; undefined: it goes to syslog. */
  mainLog: string | undefined;
  log: Log;
}

/**
 * The calls that begin logs anew. Rotated logs stay, and so do pipes, terminals and devices, which
 * supervisord removes.
 */
export const clearHandlers = ({ fleet, sinks, mainLog, log }: ClearableLogs): Clearing => ({
  "supervisor.clearLog": async () => {
    if (mainLog === undefined) throw new Fault("NO_FILE");
    await sinks.expectAnswer(mainLog);
    if (!exists(mainLog)) throw new Fault("NO_FILE");
    // As in supervisord it is the last line of the log that goes.
    log("info", "reopening log file");
    return cleared(() => sinks.get(mainLog)?.clear(), mainLog);
  },
  "supervisor.clearProcessLogs": ({ name }) => {
    const found = fleet.find(name);
    if (Array.isArray(found)) throw new Fault("BAD_NAME", name);
    return clearOne(found, name);
  },
  "supervisor.clearAllProcessLogs": () => fleet.listed.map(statusOf),
});

const clearOne = (process: Supervised, name: string): true =>
  cleared(() => process.clearLogs(), name);

function cleared(act: () => void, name: string): true {
  try {
    act();
    return true;
  } catch (error) {
    throw new Fault("FAILED", name, { cause: error });
  }
}

function statusOf(process: Supervised): ProcessStatus {
  const { name, group } = process.config;
  try {
    clearOne(process, namespec(process.config));
    return { name, group, status: SUCCESS, description: "OK" };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name, group, status: error.code, description: error.message };
  }
}
