import { isDeepStrictEqual } from "node:util";
import type { Owner } from "../config/kinds/accounts.ts";
import type { Schedule } from "../logs/schedule.ts";

/** What is done with the files of a log beside rotating it by size. */
export interface LogCare {
  schedule: Schedule;
  compress: boolean;
  /** How long rotated logs are kept after their last write; undefined: as long as their number allows. */
  keepMs: number | undefined;
  mode: number | undefined;
  owner: Owner | undefined;
}

/** The options of a program or of the daemon that say so. */
interface LogFileValues {
  log_rotate_every: number | undefined;
  log_rotate_at: readonly number[] | undefined;
  log_compress: "none" | "gzip";
  log_keep: number | undefined;
  log_mode: number | undefined;
  log_owner: Owner | undefined;
}

/** What the options of a log say; one object for all that say nothing. */
export function careOf(values: LogFileValues): LogCare {
  const { log_rotate_every: everyMs, log_rotate_at: atMs = [], log_compress } = values;
  const { log_keep: keepMs, log_mode: mode, log_owner: owner } = values;
  const care = {
    schedule: { everyMs, atMs },
    compress: log_compress === "gzip",
    keepMs,
    mode,
    owner,
  };
  return isDeepStrictEqual(care, noCare) ? noCare : care;
}

export const noCare: LogCare = {
  schedule: { everyMs: undefined, atMs: [] },
  compress: false,
  keepMs: undefined,
  mode: undefined,
  owner: undefined,
};

/** Whether a log is rotated by the clock. */
export const isScheduled = ({ schedule: { everyMs, atMs } }: LogCare): boolean =>
  everyMs !== undefined || atMs.length > 0;

/** Whether anything is to be done at other times than when something is written. */
export const needsKeeper = (care: LogCare): boolean =>
  isScheduled(care) || care.compress || care.keepMs !== undefined;
