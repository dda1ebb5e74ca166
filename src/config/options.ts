import {
  anyPath,
  autorestart,
  boolean,
  bytes,
  choice,
  existingDir,
  exitcodes,
  filePath,
  integer,
  keyValues,
  type LogTarget,
  logfile,
  logLevel,
  names,
  octal,
  owner,
  seconds,
  serverUrl,
  signal,
  text,
  user,
} from "./kinds.ts";
import { option, required, type Values } from "./table.ts";

const MB = 2 ** 20;
const auto: LogTarget = { to: "auto" };
const unset = undefined;

export const supervisordOptions = {
  rundir: option<string | undefined>({
    kind: anyPath,
    default: unset,
    origin: "drover",
    doc: "Folder for the socket, the children's channels and the daemon's state; made when missing.",
  }),
  logfile: option<string | undefined>({
    kind: filePath,
    default: unset,
    doc: "The daemon's own log; supervisord.log in the working directory when not set.",
  }),
  logfile_maxbytes: option({
    kind: bytes,
    default: 50 * MB,
    doc: "Size at which the daemon's log is rotated; 0 never rotates.",
  }),
  logfile_backups: option({ kind: integer, default: 10, doc: "Rotated logs to keep." }),
  loglevel: option({
    kind: logLevel,
    default: "info" as const,
    doc: "The least important level that is logged.",
  }),
  log_format: option<"text" | "json">({
    kind: choice("text", "json"),
    default: "text",
    origin: "drover",
    doc: "Lines of the daemon's log: supervisord's text, or one JSON object each.",
  }),
  pidfile: option<string | undefined>({
    kind: filePath,
    default: unset,
    doc: "Where the daemon's pid is written; supervisord.pid in the working directory when not set.",
  }),
  nodaemon: option({ kind: boolean, default: false, doc: "Stay in the foreground." }),
  silent: option({
    kind: boolean,
    default: false,
    doc: "In the foreground, do not echo the log to stdout.",
  }),
  umask: option({
    kind: octal,
    default: 0o022,
    doc: "umask of the daemon once in the background.",
  }),
  directory: option<string | undefined>({
    kind: existingDir,
    default: unset,
    doc: "Working directory of the daemon once in the background.",
  }),
  user: option({
    kind: user,
    default: unset,
    doc: "User that the daemon becomes before it starts anything; needs root.",
  }),
  identifier: option({
    kind: text,
    default: "supervisor",
    doc: "Name of this daemon in the RPC and in the names of AUTO logs.",
  }),
  childlogdir: option<string | undefined>({
    kind: existingDir,
    default: unset,
    doc: "Folder of AUTO logs; the system's temporary folder when not set.",
  }),
  nocleanup: option({
    kind: boolean,
    default: false,
    doc: "Keep the AUTO logs of an earlier run of this daemon.",
  }),
  environment: option<Readonly<Record<string, string>>>({
    kind: keyValues,
    default: {},
    doc: "KEY=value pairs for the environment of every child.",
  }),
};

export const unixServerOptions = {
  file: option<string>({ kind: anyPath, default: required, doc: "Path of the control socket." }),
  chmod: option({ kind: octal, default: 0o700, doc: "Mode of the control socket." }),
  chown: option({
    kind: owner,
    default: unset,
    doc: "Owner of the control socket, as user[:group].",
  }),
  username: option<string | undefined>({
    kind: text,
    default: unset,
    doc: "Name that clients must give; needs a password too.",
  }),
  password: option<string | undefined>({
    kind: text,
    default: unset,
    doc: "Password that clients must give, as text or as {SHA} and 40 hex digits.",
  }),
};

export const ctlOptions = {
  serverurl: option<string | undefined>({
    kind: text,
    default: unset,
    doc: "Server to talk to: unix:///path/to/socket or http://host:port.",
  }),
  username: option<string | undefined>({ kind: text, default: unset, doc: "Name to log in with." }),
  password: option<string | undefined>({
    kind: text,
    default: unset,
    doc: "Password to log in with.",
  }),
  prompt: option({ kind: text, default: "supervisor", doc: "Prompt of the interactive shell." }),
};

export const groupOptions = {
  programs: option<readonly string[]>({
    kind: names,
    default: [],
    doc: "Names of the programs in the group, in their order of starting.",
  }),
  priority: option({ kind: integer, default: 999, doc: "Lower starts earlier and stops later." }),
};

export const includeOptions = {
  files: option({ kind: text, default: required, doc: "File patterns, separated by white space." }),
};

/** Options of each of a child's two output streams, by the stream's name. */
const streamOptions = <S extends "stdout" | "stderr">(stream: S) => {
  const rows = {
    logfile: option({
      kind: logfile,
      default: auto,
      doc: `Log of the child's ${stream}: a path, AUTO for one in childlogdir, or NONE.`,
    }),
    logfile_maxbytes: option({
      kind: bytes,
      default: 50 * MB,
      doc: "Size at which this log is rotated; 0 never rotates.",
    }),
    logfile_backups: option({
      kind: integer,
      default: 10,
      doc: "Rotated logs to keep; 0 empties the log instead.",
    }),
    capture_maxbytes: option({
      kind: bytes,
      default: 0,
      doc: `Most bytes of one message that the child sends on ${stream} between capture tokens; 0: off.`,
    }),
  };
  type Rows = { [K in keyof typeof rows as `${S}_${K}`]: (typeof rows)[K] };
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [`${stream}_${name}`, row]),
  ) as Rows;
};

/** Options of a program: one value for all its processes. */
export const programOptions = {
  numprocs: option({ kind: integer, default: 1, doc: "How many copies to keep running." }),
  numprocs_start: option({ kind: integer, default: 0, doc: "process_num of the first copy." }),
  priority: option({ kind: integer, default: 999, doc: "Lower starts earlier and stops later." }),
  autostart: option({ kind: boolean, default: true, doc: "Start with the daemon." }),
  startsecs: option({
    kind: seconds,
    default: 1,
    doc: "Seconds a child must stay up to count as started; 0: at once.",
  }),
  startretries: option({
    kind: integer,
    default: 3,
    doc: "Failed starts in a row that are tried again before giving up, after 1, 2, 3, ... seconds.",
  }),
  autorestart: option<boolean | "unexpected">({
    kind: autorestart,
    default: "unexpected",
    doc: "Start again after an exit: always, never, or when the exit code is not in exitcodes.",
  }),
  exitcodes: option<readonly number[]>({
    kind: exitcodes,
    default: [0],
    doc: "Exit codes that are expected.",
  }),
  stopsignal: option({
    kind: signal,
    default: "SIGTERM" as NodeJS.Signals,
    doc: "Signal that asks a child to end.",
  }),
  stopwaitsecs: option({
    kind: seconds,
    default: 10,
    doc: "Seconds from the stop signal to SIGKILL.",
  }),
  stopasgroup: option({
    kind: boolean,
    default: false,
    doc: "Send the stop signal to the child's whole process group.",
  }),
  killasgroup: option<boolean | undefined>({
    kind: boolean,
    default: unset,
    doc: "Send SIGKILL to the child's whole process group; stopasgroup when not set.",
  }),
  user: option({ kind: user, default: unset, doc: "User to run as; needs root." }),
  umask: option<number | undefined>({
    kind: octal,
    default: unset,
    doc: "umask of the child; the daemon's when not set.",
  }),
  redirect_stderr: option({
    kind: boolean,
    default: false,
    doc: "Send the child's stderr to its stdout.",
  }),
  serverurl: option({
    kind: serverUrl,
    default: unset,
    doc: "SUPERVISOR_SERVER_URL for the child; that of this daemon when AUTO or not set.",
  }),
};

/** Options that may differ between the processes of a program: `%(process_num)d` is known in them. */
export const processOptions = {
  command: option<string>({
    kind: text,
    default: required,
    doc: "The command line to run, with shell-like quoting but without a shell.",
  }),
  process_name: option({
    kind: text,
    default: "",
    doc: "Name of each process; needs %(process_num) when numprocs is over 1.",
  }),
  directory: option<string | undefined>({
    kind: anyPath,
    default: unset,
    doc: "Working directory of the child; the daemon's when not set.",
  }),
  environment: option<Readonly<Record<string, string>>>({
    kind: keyValues,
    default: {},
    doc: "KEY=value pairs for the environment of the child.",
  }),
  ...streamOptions("stdout"),
  ...streamOptions("stderr"),
};

export type SupervisordValues = Values<typeof supervisordOptions>;
export type UnixServerValues = Values<typeof unixServerOptions>;
export type CtlValues = Values<typeof ctlOptions>;
export type ProgramValues = Values<typeof programOptions> & Values<typeof processOptions>;
