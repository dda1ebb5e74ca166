import { user } from "../kinds/accounts.ts";
import { bytes, integer, integerFrom, octal } from "../kinds/numbers.ts";
import { anyPath, existingDir, filePath, mainLogfile, optionalFile } from "../kinds/paths.ts";
import { boolean, choice, keyValues, logLevel, text } from "../kinds/words.ts";
import { option, type Values } from "../table.ts";
import { logFileOptions } from "./logfiles.ts";
import { rundirOptions } from "./rundir.ts";

/** The daemon's own options. Those with a flag can be given on droverd's command line too. */
export const supervisordOptions = {
  logfile: option({
    kind: mainLogfile,
    default: "supervisord.log",
    flag: "l",
    doc: "The daemon's own log: a path, or syslog.",
  }),
  logfile_maxbytes: option({
    kind: bytes,
    default: "50MB",
    flag: "y",
    doc: "Size at which the daemon's log is rotated; 0 never rotates.",
  }),
  logfile_backups: option({
    kind: integer,
    default: "10",
    flag: "z",
    doc: "Rotated logs to keep; 0 empties the log instead.",
  }),
  loglevel: option({
    kind: logLevel,
    default: "info",
    flag: "e",
    doc: "The least important level that is logged.",
  }),
  log_format: option({
    kind: choice("text", "json"),
    default: "text",
    origin: "drover",
    doc: "Lines of the daemon's log: supervisord's text, or one JSON object each.",
  }),
  ...logFileOptions,
  pidfile: option({
    kind: filePath,
    default: "supervisord.pid",
    flag: "j",
    doc: "Where the daemon's pid is written.",
  }),
  ...rundirOptions,
  nodaemon: option({
    kind: boolean,
    default: "false",
    flag: "n",
    doc: "Stay in the foreground.",
  }),
  silent: option({
    kind: boolean,
    default: "false",
    flag: "s",
    doc: "In the foreground, do not echo the log to stdout.",
  }),
  umask: option({
    kind: octal,
    default: "022",
    flag: "m",
    doc: "umask of the daemon once in the background.",
  }),
  directory: option({
    kind: existingDir,
    default: undefined,
    flag: "d",
    example: "/srv/app",
    doc: "Working directory of the daemon once in the background.",
  }),
  user: option({
    kind: user,
    default: undefined,
    flag: "u",
    example: "www-data",
    doc: "User that the daemon becomes before it starts anything; needs root.",
  }),
  identifier: option({
    kind: text,
    default: "supervisor",
    flag: "i",
    doc: "Name of this daemon in the RPC and in the names of AUTO logs.",
  }),
  childlogdir: option({
    kind: existingDir,
    default: undefined,
    flag: "q",
    example: "/var/log/drover",
    doc: "Folder of AUTO logs; the system's temporary folder when not set.",
  }),
  nocleanup: option({
    kind: boolean,
    default: "false",
    flag: "k",
    doc: "Keep the AUTO logs of an earlier run of this daemon.",
  }),
  environment: option({
    kind: keyValues,
    default: "",
    names: "host",
    secret: true,
    doc: "KEY=value pairs for the environment of every child.",
  }),
  environment_file: option({
    kind: text,
    default: "",
    names: "host",
    origin: "drover",
    doc:
      "Files of KEY=value lines (dotenv) for the environment of every child, relative to the file " +
      "that names them; environment= wins. With - before its name a file may be missing.",
  }),
  strip_ansi: option({
    kind: boolean,
    default: "false",
    flag: "t",
    change: "live",
    doc:
      "Take terminal control sequences (ESC [ up to a letter) out of the children's logs. One that " +
      "is broken off takes nothing but its own beginning with it.",
  }),
  syslog_socket: option({
    kind: anyPath,
    default: "/dev/log",
    origin: "drover",
    doc:
      "Socket of the machine's syslog, for all that logs to syslog. Nobody waits for it: what it has " +
      "no room for waits up to 1 MB, and more than that is lost and counted.",
  }),
  syslog_ident: option({
    kind: text,
    default: "supervisord",
    origin: "drover",
    doc: "Name of the program in what is sent to syslog.",
  }),
  max_log_streams: option({
    kind: integerFrom(1, 100_000),
    default: "1024",
    origin: "drover",
    doc: "Most clients that read logs or events at once. Each has a log open, or several.",
  }),
  event_log: option({
    kind: optionalFile,
    default: "none",
    origin: "drover",
    example: "/var/log/drover/events.log",
    doc:
      "Journal of the events, one JSON object a line: with it who reads GET /events or `droverctl " +
      "events` misses none over a restart of the daemon. none: only the latest 1000 are kept, in memory.",
  }),
  event_log_maxbytes: option({
    kind: bytes,
    default: "10MB",
    origin: "drover",
    doc: "Size at which the journal of the events is rotated; 0 never rotates.",
  }),
  event_log_backups: option({
    kind: integer,
    default: "4",
    origin: "drover",
    doc: "Rotated journals to keep; 0 empties the journal instead.",
  }),
  watch_config: option({
    kind: choice("off", "plan", "update"),
    default: "off",
    origin: "drover",
    doc:
      "What is done when the configuration's files change: plan logs what an update would do, update does it. " +
      "A broken file changes nothing, and its mistakes are logged.",
  }),
  exit_on_fatal: option({
    kind: boolean,
    default: "false",
    origin: "drover",
    doc: "For containers: when a process becomes FATAL, stop all others and exit with 1.",
  }),
  exit_code_from: option({
    kind: text,
    default: undefined,
    names: "host",
    origin: "drover",
    example: "worker:worker_0",
    doc:
      "For containers: when this process, as name or group:name, has ended and will not start again, " +
      "stop all others and exit with its code; 128 and the signal's number for one that was killed.",
  }),
  minfds: option({
    kind: integer,
    default: "1024",
    flag: "a",
    doc: "Open files that the daemon must be allowed to have.",
  }),
  minprocs: option({
    kind: integer,
    default: "200",
    flag: "",
    doc: "Processes that the daemon must be allowed to have.",
  }),
};

export type SupervisordValues = Values<typeof supervisordOptions>;
