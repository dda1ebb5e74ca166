import { bytes, integer } from "../kinds/numbers.ts";
import { logfile } from "../kinds/paths.ts";
import { boolean } from "../kinds/words.ts";
import { option } from "../table.ts";

/** Options of each of a child's two output streams, by the stream's name. */
export const streamOptions = <S extends "stdout" | "stderr">(stream: S) => {
  const rows = {
    logfile: option({
      kind: logfile,
      default: "AUTO",
      names: "process",
      twice: true,
      doc:
        `Log of the child's ${stream}: a path, AUTO for one in childlogdir, syslog, or NONE; or ` +
        "several with commas between them, such as /var/log/a.log, /dev/stdout, syslog, where paths " +
        "are absolute. Each gets all of it, and the slowest sets the pace; the first that is a file " +
        "is the one that is read, shown and cleared.",
    }),
    logfile_maxbytes: option({
      kind: bytes,
      default: "50MB",
      names: "process",
      change: "live",
      doc: "Size at which this log is rotated; 0 never rotates.",
    }),
    logfile_backups: option({
      kind: integer,
      default: "10",
      names: "process",
      change: "live",
      doc: "Rotated logs to keep; 0 empties the log instead.",
    }),
    capture_maxbytes: option({
      kind: bytes,
      default: "0",
      names: "program",
      doc: `Most bytes of one message that the child sends on ${stream} between capture tokens; 0: off.`,
    }),
    events_enabled: option({
      kind: boolean,
      default: "false",
      names: "program",
      change: "live",
      doc: `Send what the child writes to ${stream} as PROCESS_LOG events.`,
    }),
    syslog: option({
      kind: boolean,
      default: "false",
      names: "process",
      change: "live",
      doc:
        `Send each line of ${stream} to syslog too, as the child writes it, with the name of the ` +
        "process before it.",
    }),
  };
  type Rows = { [K in keyof typeof rows as `${S}_${K}`]: (typeof rows)[K] };
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [`${stream}_${name}`, row]),
  ) as Rows;
};
