import type { Bus } from "../events/bus.ts";
import type { Clock } from "../os/clock.ts";
import type { Meeting } from "../os/meeting.ts";
import type { Clearing } from "./clearing.ts";
import type { Freezer } from "./freezer.ts";
import type { Launcher } from "./launcher.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { Needs } from "./needs.ts";
import type { Rollouts } from "./rollouts.ts";
import type { SharedSockets } from "./sharedsockets.ts";
import type { Sinks } from "./sinks.ts";
import type { Supervised } from "./supervised.ts";
import type { Syslog } from "./syslog.ts";

/** What every process of the fleet shares. */
export interface World {
  clock: Clock;
  log: Log;
  launcher: Launcher;
  sinks: Sinks;
  syslog: Syslog;
  sockets: SharedSockets;
  ledger: Ledger;
  freezer: Freezer;
  rollouts: Rollouts;
  clearing: Clearing;
  needs: Needs;
  events: Bus;
  /** What the daemon is called in its events. */
  identifier: string;
  /** Folder of the children's channels. */
  channels: string;
  /** Folder for what children of any user may reach by its name. */
  meeting: Meeting;
  /** The daemon's own environment, as it was at its start. */
  inherited: Readonly<Record<string, string | undefined>>;
  /** The daemon's log has the children's output as well. */
  echoOutput: boolean;
  /** Terminal control sequences are taken out of the children's output. */
  stripAnsi: boolean;
  /** Soft limit of open files for the children; undefined: the daemon's own. */
  softFiles: number | undefined;
  /** Whether the kernel's OOM killer has struck since it was asked last. */
  oomStruck(): boolean;
  /** From 0 to 1, another one each time: for whatever is to happen at different times. */
  random(): number;
  /** Told after each change of a process's state. */
  readonly watchers: Set<(process: Supervised) => void>;
  /** `[supervisord] environment=`, for every child. */
  environment: Readonly<Record<string, string>>;
  /** SUPERVISOR_SERVER_URL of the children; undefined when there is no server. */
  serverUrl: string | undefined;
}
