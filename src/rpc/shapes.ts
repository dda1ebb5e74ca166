import type { ExitRecord } from "../process/record.ts";
import type {
  ConfigInfo,
  ConfiguredOption,
  FleetProcess,
  HookChanges,
  ListedProcess,
  LogLine,
  LostBytes,
  PlannedChange,
  ProcessDetails,
  ProcessInfo,
  ProcessStatus,
  ProcessTreeMember,
  RolloutStatus,
  Usage,
  Vitals,
} from "./results.ts";

/** One key of a struct. */
export interface Field {
  /** As JSON Schema has it. */
  type: JsonType | readonly JsonType[];
  doc: string;
  /** Only drover has it: supervisord's own clients, who use XML-RPC, do not get it. */
  ours?: true;
  /** It is missing at times. */
  optional?: true;
  /** What an object holds, or each of those in an array. */
  shape?: Shape;
}

type JsonType = "string" | "integer" | "number" | "boolean" | "array" | "object" | "null";

/** Every key of a struct. */
export type Shape<T = Record<string, unknown>> = { readonly [K in keyof T]-?: Field };

const text = (doc: string): Field => ({ type: "string", doc });
const integer = (doc: string): Field => ({ type: "integer", doc });
const boolean = (doc: string): Field => ({ type: "boolean", doc });

const lostBytes = {
  stdout: integer("bytes of stdout"),
  stderr: integer("bytes of stderr"),
} satisfies Shape<LostBytes>;

const info = {
  name: text("of the process"),
  group: text("its group"),
  start: integer("when its latest child was started, in seconds since the Epoch; 0: never"),
  stop: integer("when its latest child ended, in seconds since the Epoch; 0: never"),
  now: integer("the time of this answer, in seconds since the Epoch"),
  state: integer("the state's number"),
  statename: text("STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN"),
  spawnerr: text("what went wrong with the latest start; empty: nothing"),
  exitstatus: integer("code of the latest exit; -1: a signal"),
  logfile: text("as stdout_logfile"),
  stdout_logfile: text("path; empty: none"),
  stderr_logfile: text("path; empty: none"),
  pid: integer("0: there is no child"),
  description: text("pid and uptime, or why it is down, for people"),
} satisfies Shape<ProcessInfo>;

const lost = {
  type: "object",
  doc: "bytes that never came into its logs, since the daemon started",
  ours: true,
  shape: lostBytes,
} satisfies Field;

export const listedProcess = {
  ...info,
  lost_bytes: { ...lost, optional: true },
} satisfies Shape<ListedProcess>;

const exit = {
  time: { type: "number", doc: "when it ended, in seconds since the Epoch" },
  pid: integer("of the child"),
  code: { type: ["integer", "null"], doc: "exit code; null: a signal ended it, or nobody knows" },
  signal: { type: ["string", "null"], doc: "the signal that ended it" },
  core_dumped: boolean("there is a core file"),
  expected: boolean("its code is one of exitcodes="),
  uptime: { type: "number", doc: "seconds" },
  cpu_seconds: {
    type: ["number", "null"],
    doc: "with the children it waited for; null: not known",
  },
  peak_memory: {
    type: ["integer", "null"],
    doc: "bytes, the most that one process of it held; null: not known, or less than the daemon itself",
  },
  oom_killed: boolean("the kernel ended it for want of memory"),
  cause: text("in words"),
  last_output: {
    type: "object",
    doc: "the last lines that it wrote",
    shape: {
      stdout: { type: "array", doc: "lines" },
      stderr: { type: "array", doc: "lines" },
    },
  },
} satisfies Shape<ExitRecord>;

const vitals = {
  waits_for: {
    type: "array",
    doc: "of depends_on=, what is not up yet, and how it is",
    ours: true,
    optional: true,
  },
  ready: {
    ...boolean(
      "its child has become ready, which may be before it counts as running; missing with ready=startsecs",
    ),
    ours: true,
    optional: true,
  },
  health: {
    type: ["string", "null"],
    doc: "healthy or unhealthy; null: not found out yet; missing where nothing is looked at",
    ours: true,
    optional: true,
  },
  unhealthy_because: { ...text("what is wrong with it"), ours: true, optional: true },
  quiet: {
    ...text("asked: it has been asked to take no more jobs; quiet: it has none"),
    ours: true,
    optional: true,
  },
  stale: {
    ...text("why it runs something older than what would be started now"),
    ours: true,
    optional: true,
  },
  says: { ...text("what it says of itself, by STATUS="), ours: true, optional: true },
} satisfies Shape<Vitals>;

export const processDetails = {
  ...info,
  ...vitals,
  lost_bytes: lost,
  exits: {
    type: "array",
    doc: "how its latest children ended, the oldest first",
    ours: true,
    shape: exit,
  },
  restarts: { type: "integer", doc: "since the daemon started, that nobody asked for", ours: true },
  next_start: {
    type: ["number", "null"],
    doc: "when it is started again by itself, in seconds since the Epoch; null: it is not going to be",
    ours: true,
  },
  dropped_events: {
    type: "integer",
    doc: "of event listeners: events that their pool had no room for (see buffer_size)",
    ours: true,
    optional: true,
  },
} satisfies Shape<ProcessDetails>;

const usage = {
  cpu_seconds: { type: "number", doc: "with what has ended and was waited for" },
  memory: integer("resident bytes, of each process in full"),
  processes: integer("the child and all that it has started"),
} satisfies Shape<Usage>;

export const fleetProcess = {
  ...listedProcess,
  program: text("the name of its section: the copies of a program share it"),
  scaled_from: {
    ...integer("of a program that was scaled: how many copies it is configured to have"),
    optional: true,
  },
  uptime: { type: "number", doc: "seconds since its child started; 0: there is none" },
  restarts: processDetails.restarts,
  ...vitals,
  next_start: processDetails.next_start,
  frozen_until: {
    type: "number",
    doc: "while the fleet is frozen: when it thaws, in seconds since the Epoch",
    optional: true,
  },
  last_exit: {
    type: ["object", "null"],
    doc: "how its latest child has ended; null: none has",
    shape: { time: exit.time, cause: exit.cause, expected: exit.expected },
  },
  usage: {
    type: ["object", "null"],
    doc: "what it uses with all that it has started, where that was asked for; null: there is no child",
    optional: true,
    shape: usage,
  },
} satisfies Shape<FleetProcess>;

export const processTreeMember = {
  pid: integer("of the process"),
  parent: integer("the pid of its parent"),
  command: text("its name, at most 15 bytes of it"),
} satisfies Shape<ProcessTreeMember>;

export const processStatus = {
  name: text("of the process"),
  group: text("its group"),
  status: integer("80: done; else the code of a fault"),
  description: text("OK, or the fault's text"),
} satisfies Shape<ProcessStatus>;

const logOf = (stream: "stdout" | "stderr") => ({
  [`${stream}_logfile`]: text("path, auto or none"),
  [`${stream}_logfile_maxbytes`]: integer("bytes; 0: not rotated by size"),
  [`${stream}_logfile_backups`]: integer("rotated logs that are kept"),
  [`${stream}_capture_maxbytes`]: integer("bytes of one message; 0: off"),
  [`${stream}_events_enabled`]: boolean("what it writes is sent as events"),
  [`${stream}_syslog`]: boolean("it goes to syslog too"),
});

export const configInfo = {
  name: text("of the process"),
  group: text("its group"),
  command: text("with passwords hidden, as far as they can be told"),
  directory: text("none: the daemon's"),
  serverurl: text("for the child"),
  uid: { type: ["integer", "string"], doc: "none: the daemon's" },
  autostart: boolean("it starts with the daemon"),
  autorestart: { type: ["boolean", "string"], doc: "true, false or unexpected", ours: true },
  inuse: boolean("its group is part of what runs"),
  exitcodes: { type: "array", doc: "expected exit codes" },
  group_prio: integer("lower starts earlier"),
  process_prio: integer("lower starts earlier"),
  startretries: integer("starts in a row that may fail"),
  startsecs: { type: "number", doc: "seconds until it counts as started" },
  stopsignal: integer("number of the signal"),
  stopwaitsecs: { type: "number", doc: "seconds until SIGKILL" },
  killasgroup: boolean("SIGKILL goes to the whole process group"),
  redirect_stderr: boolean("stderr goes to stdout"),
  ...(logOf("stdout") as Shape<Pick<ConfigInfo, keyof ConfigInfo & `stdout_${string}`>>),
  ...(logOf("stderr") as Shape<Pick<ConfigInfo, keyof ConfigInfo & `stderr_${string}`>>),
} satisfies Shape<ConfigInfo>;

export const configuredOption = {
  option: text("its name"),
  text: {
    type: ["string", "null"],
    doc: "as written, with secrets hidden; null: it is not set, and has no default",
  },
  file: { type: ["string", "null"], doc: "where it is set; null: it has its default" },
  line: { type: ["integer", "null"], doc: "in that file" },
  section: { type: ["string", "null"], doc: "in that file; another one's where it is inherited" },
} satisfies Shape<ConfiguredOption>;

export const rolloutStatus = {
  group: text("of the processes"),
  state: text("running, paused, done, failed, aborted, or interrupted by the end of droverd"),
  total: integer("how many it is to replace"),
  done: { type: "array", doc: "names of those that are replaced and up" },
  left: { type: "array", doc: "names of the others" },
  started: { type: "number", doc: "seconds since the Epoch" },
  ended: { type: "number", doc: "seconds since the Epoch", optional: true },
  failure: {
    type: "object",
    doc: "the fresh process that has failed",
    optional: true,
    shape: {
      process: text("its name"),
      error: text("what became of it, and why"),
      last_lines: { type: "array", doc: "the last that it said" },
    },
  },
} satisfies Shape<RolloutStatus>;

export const hookChanges = {
  added: { type: "array", doc: "names" },
  changed: { type: "array", doc: "names" },
  removed: { type: "array", doc: "names" },
} satisfies Shape<HookChanges>;

export const plannedChange = {
  group: text("of the process"),
  name: text("of the process"),
  action: text("start, stop, restart, or change: it takes something over and runs on"),
  because: {
    type: "array",
    doc: "options: none where its whole group comes or goes",
    shape: {
      option: text("its name"),
      from: {
        ...text("as it was written, with secrets hidden; missing: it was not set"),
        optional: true,
      },
      to: { ...text("as it is written; missing: it is not set"), optional: true },
      file: text("where"),
      line: integer("in that file"),
    },
  },
} satisfies Shape<PlannedChange>;

export const logLine = {
  name: text("of the process, or of those that share the log"),
  stream: text("stdout, stderr or both"),
  time: { ...text("ISO 8601, where the log tells"), optional: true },
  line: text("what is no UTF-8 is replaced"),
  partial: { ...boolean("the rest of a long line follows"), optional: true },
  missed: { ...boolean("something was rotated away before it was read"), optional: true },
} satisfies Shape<LogLine>;

/** All of them, as the documentation calls them. */
export const shapes: Readonly<Record<string, Shape>> = {
  Process: listedProcess,
  ProcessDetails: processDetails,
  FleetProcess: fleetProcess,
  TreeMember: processTreeMember,
  Status: processStatus,
  Config: configInfo,
  Option: configuredOption,
  LogLine: logLine,
  PlannedChange: plannedChange,
  Rollout: rolloutStatus,
  HookChanges: hookChanges,
};
