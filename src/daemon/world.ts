import type { Clock } from "../os/clock.ts";
import type { Launcher } from "./launcher.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { Sinks } from "./sinks.ts";

/** What every process of the fleet shares. */
export interface World {
  clock: Clock;
  log: Log;
  launcher: Launcher;
  sinks: Sinks;
  ledger: Ledger;
  /** Folder of the children's channels. */
  channels: string;
  /** The daemon's own environment, as it was at its start. */
  inherited: Readonly<Record<string, string | undefined>>;
  /** `[supervisord] environment=`, for every child. */
  environment: Readonly<Record<string, string>>;
  /** SUPERVISOR_SERVER_URL of the children; undefined when there is no server. */
  serverUrl: string | undefined;
}
