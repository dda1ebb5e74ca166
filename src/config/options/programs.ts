import { owner, user } from "../kinds/accounts.ts";
import { events } from "../kinds/events.ts";
import { needs } from "../kinds/needs.ts";
import { serverUrl, socketAddress } from "../kinds/network.ts";
import { duration, integer, integerFrom, octal } from "../kinds/numbers.ts";
import { plainPath } from "../kinds/paths.ts";
import { boolean, choice, command, keyValues, names, text } from "../kinds/words.ts";
import { option, required, type Values } from "../table.ts";
import { healthOptions } from "./health.ts";
import { logFileOptions } from "./logfiles.ts";
import { logLineOptions } from "./loglines.ts";
import { readinessOptions } from "./readiness.ts";
import { resourceOptions } from "./resources.ts";
import { restartingOptions } from "./restarting.ts";
import { stopCommandOption, stoppingOptions } from "./stopping.ts";
import { streamOptions } from "./streams.ts";
import { watchingOptions } from "./watching.ts";

const priority = option({
  kind: integer,
  default: "999",
  change: "live",
  doc: "Lower starts earlier and stops later.",
});

/** Options of a program: one value for all its processes. */
export const programOptions = {
  numprocs: option({
    kind: integer,
    default: "1",
    change: "live",
    doc: "How many copies to keep running.",
  }),
  numprocs_start: option({
    kind: integer,
    default: "0",
    change: "live",
    doc: "process_num of the first copy.",
  }),
  priority,
  autostart: option({
    kind: boolean,
    default: "true",
    change: "live",
    doc: "Start with the daemon.",
  }),
  ...restartingOptions,
  ...stoppingOptions,
  user: option({
    kind: user,
    default: undefined,
    example: "www-data",
    doc: "User to run as; needs root.",
  }),
  umask: option({
    kind: octal,
    default: undefined,
    example: "022",
    doc: "umask of the child; the daemon's when not set.",
  }),
  ...resourceOptions,
  redirect_stderr: option({
    kind: boolean,
    default: "false",
    doc: "Send the child's stderr to its stdout.",
  }),
  ...logFileOptions,
  serverurl: option({
    kind: serverUrl,
    default: "AUTO",
    doc: "SUPERVISOR_SERVER_URL for the child; that of this daemon when AUTO or not set.",
  }),
  log_full: option({
    kind: choice("drop", "block"),
    default: "drop",
    origin: "drover",
    doc:
      "What becomes of output while its log cannot be written, as on a full disk: drop counts what is " +
      "lost and marks it in the log, block makes the program wait until there is room; for all that " +
      "share a log when one of them says so.",
  }),
  ...watchingOptions,
  rollout_parallel: option({
    kind: integerFrom(1, 32_768),
    default: "1",
    change: "live",
    origin: "drover",
    doc: "How many copies `droverctl rollout` replaces at a time.",
  }),
  rollout_settle: option({
    kind: duration,
    default: "1s",
    change: "live",
    origin: "drover",
    doc: "How long a fresh copy must stay up after it is running, before a rollout goes on to the next.",
  }),
  rollout_max_unavailable: option({
    kind: integerFrom(1, 32_768),
    default: undefined,
    change: "live",
    origin: "drover",
    example: "2",
    doc:
      "How many of the group may be down, or not ready, while a rollout replaces one, that one and those it has " +
      "not taken down included. Not set: those that it replaces itself, rollout_parallel.",
  }),
  rollout_surge: option({
    kind: integerFrom(0, 32_768),
    default: "0",
    change: "live",
    origin: "drover",
    doc:
      "Copies more than numprocs that a rollout starts first and takes away at its end, so that there are " +
      "never fewer than numprocs at work. When they do not come up, no old copy is touched.",
  }),
  scale_min: option({
    kind: integerFrom(0, 32_768),
    default: "0",
    change: "live",
    origin: "drover",
    doc: "The fewest copies that `droverctl scale` may leave.",
  }),
  scale_max: option({
    kind: integerFrom(0, 32_768),
    default: undefined,
    change: "live",
    origin: "drover",
    example: "50",
    doc: "The most copies that `droverctl scale` may ask for.",
  }),
  job_time: option({
    kind: duration,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "5m",
    doc: "How long a job of this worker may take; droverd check holds it against the time before SIGKILL.",
  }),
  depends_on: option({
    kind: needs,
    default: "",
    change: "live",
    origin: "drover",
    example: "db, cache:ready",
    doc:
      "Programs, groups or processes that must be RUNNING before this one is started, or ready where " +
      ":ready stands after the name. A start starts them too, and what is stopped together is stopped in " +
      "reverse; a restart by itself waits for them.",
  }),
  depends_restart: option({
    kind: boolean,
    default: "false",
    change: "live",
    origin: "drover",
    doc: "Restart it when something that it depends on has been restarted, once that is up again.",
  }),
};

/** Options that may differ between the processes of a program: `%(process_num)d` is known in them. */
export const processOptions = {
  ...readinessOptions,
  ...healthOptions,
  command: option({
    kind: command,
    default: required,
    names: "process",
    example: "/usr/bin/php worker.php",
    doc: "The command line to run, with shell-like quoting but without a shell.",
  }),
  process_name: option({
    kind: text,
    default: undefined,
    names: "process",
    always: true,
    example: "%(program_name)s_%(process_num)02d",
    doc: "Name of each process, that of the program when not set; needs %(process_num) when numprocs is over 1.",
  }),
  directory: option({
    kind: plainPath,
    default: undefined,
    names: "process",
    example: "/srv/app",
    doc: "Working directory of the child; the daemon's when not set.",
  }),
  environment: option({
    kind: keyValues,
    default: "",
    names: "process",
    secret: true,
    doc: "KEY=value pairs for the environment of the child.",
  }),
  environment_file: option({
    kind: text,
    default: "",
    names: "process",
    origin: "drover",
    doc:
      "Files of KEY=value lines (dotenv) for the environment of the child, relative to the file " +
      "that names them; environment= wins. With - before its name a file may be missing.",
  }),
  ...stopCommandOption,
  ...logLineOptions,
  ...streamOptions("stdout"),
  ...streamOptions("stderr"),
};

/** What an event listener has besides the options of a program. */
export const listenerOptions = {
  events: option({
    kind: events,
    default: required,
    names: "here",
    example: "PROCESS_STATE_FATAL, TICK_60",
    doc: "Event types to send to it; a type stands for all below it.",
  }),
  buffer_size: option({
    kind: integerFrom(1, Number.MAX_SAFE_INTEGER),
    default: "10",
    names: "here",
    doc: "Events that wait while it is busy; then the oldest is dropped.",
  }),
  prefetch: option({
    kind: integerFrom(1, 1_000),
    default: "1",
    names: "here",
    origin: "drover",
    doc:
      "Events that it may be sent before it has answered the first of them. With more than 1 it must " +
      "read as many bytes as len: says and no more; several times as many a second come through then, and what it " +
      "rejects comes again after those that it has been sent.",
  }),
  result_handler: option({
    kind: text,
    default: "supervisor.dispatchers:default_handler",
    names: "here",
    doc: "Python function that judges its results; drover has supervisord's own, which wants OK.",
  }),
};

/** What an fcgi-program has besides the options of a program. */
export const fcgiOptions = {
  socket: option({
    kind: socketAddress,
    default: required,
    names: "socket",
    example: "unix:///run/php/app.sock",
    doc: "Listening socket that its processes share as their stdin: tcp://host:port or unix:///path.",
  }),
  socket_backlog: option({
    kind: integerFrom(1, 65_535),
    default: undefined,
    names: "here",
    example: "128",
    doc: "Connections that may wait to be accepted; the system's most when not set.",
  }),
  socket_owner: option({
    kind: owner,
    default: undefined,
    names: "here",
    example: "www-data:www-data",
    doc: "Owner of a Unix socket, as user[:group]; the program's user when not set.",
  }),
  socket_mode: option({
    kind: octal,
    default: undefined,
    names: "here",
    example: "0700",
    doc: "Mode of a Unix socket; 0700 when not set.",
  }),
};

export const groupOptions = {
  programs: option({
    kind: names,
    default: "",
    change: "live",
    doc: "Names of the programs in the group, in their order of starting.",
  }),
  priority,
};

export type ProgramValues = Values<typeof programOptions> & Values<typeof processOptions>;
export type ListenerValues = Values<typeof listenerOptions>;
export type FcgiValues = Values<typeof fcgiOptions>;
