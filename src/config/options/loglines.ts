import { boolean, choice, linePrefix } from "../kinds/words.ts";
import { option } from "../table.ts";

/** How the lines of a process look in its logs; with none of these they are written as they come. */
export const logLineOptions = {
  log_prefix: option({
    kind: linePrefix,
    default: "",
    names: "process",
    origin: "drover",
    doc:
      "What to put before each line of its logs, with a space after it, where several log to one " +
      "place; for example [%(program_name)s_%(process_num)d].",
  }),
  log_timestamps: option({
    kind: choice("off", "iso", "unix", "elapsed"),
    default: "off",
    names: "process",
    origin: "drover",
    doc:
      "When each line of its logs came, before the prefix: in UTC (2026-11-26T01:02:03.004Z), as " +
      "seconds since 1970, or as seconds since the child started.",
  }),
  log_format: option({
    kind: choice("text", "json"),
    default: "text",
    names: "process",
    origin: "drover",
    doc:
      "json makes an object of each line: time, process, group, stream, pid and line; it needs no " +
      "log_prefix and no log_timestamps, and ignores them. Bytes that are no UTF-8 are replaced, with " +
      "invalid_utf8; a line over 64 KB is several objects, with partial in all but the last.",
  }),
  log_marks: option({
    kind: boolean,
    default: "false",
    names: "process",
    origin: "drover",
    doc:
      "Say in its logs, on lines of their own, when a child has started (its pid), and when it has " +
      "ended (after how long, and why).",
  }),
};
