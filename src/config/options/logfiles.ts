import { owner } from "../kinds/accounts.ts";
import { logMode, rotationPeriod, timesOfDay } from "../kinds/logfiles.ts";
import { someTime } from "../kinds/policies.ts";
import { choice } from "../kinds/words.ts";
import { option } from "../table.ts";

/** What is done with the files of logs beside supervisord's rotation by size. */
export const logFileOptions = {
  log_rotate_every: option({
    kind: rotationPeriod,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "1d",
    doc:
      "Also rotate the logs so often, by the clock: parts of a day count from midnight, days from a " +
      "Monday. An empty log is not rotated.",
  }),
  log_rotate_at: option({
    kind: timesOfDay,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "00:00, 12:00",
    doc:
      "Also rotate the logs at these times of day, local time. An empty log is not rotated; what was " +
      "due while the daemon was down is done when the log is opened.",
  }),
  log_compress: option({
    kind: choice("none", "gzip"),
    default: "none",
    change: "live",
    origin: "drover",
    doc:
      "Compress rotated logs, one at a time and beside the daemon's work. The newest, .1, stays as " +
      "it is unless it is the only one that is kept.",
  }),
  log_keep: option({
    kind: someTime,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "14d",
    doc: "Remove rotated logs so long after their last write, however many there are.",
  }),
  log_mode: option({
    kind: logMode,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "0640",
    doc:
      "Mode of the logs that the daemon makes; by its umask when not set. One that is there " +
      "already stays as it is.",
  }),
  log_owner: option({
    kind: owner,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "www-data:adm",
    doc:
      "Owner of the logs that the daemon makes, as user[:group]; needs root. One that is there " +
      "already stays as it is.",
  }),
};
