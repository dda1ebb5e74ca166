import type { FaultName } from "../faults.ts";
import type {
  ConfigInfo,
  ConfiguredOption,
  FleetProcess,
  HookChanges,
  ListedProcess,
  LogLine,
  PlannedChange,
  ProcessDetails,
  ProcessStatus,
  ProcessTreeMember,
  RolloutStatus,
} from "./results.ts";
import {
  configInfo,
  configuredOption,
  fleetProcess,
  hookChanges,
  listedProcess,
  logLine,
  plannedChange,
  processDetails,
  processStatus,
  processTreeMember,
  rolloutStatus,
} from "./shapes.ts";
import {
  array,
  boolean,
  flag,
  integer,
  list,
  type OptionalKind,
  type ParamKind,
  type ResultKind,
  record,
  struct,
  text,
  textOrNumber,
} from "./values.ts";

/**
 * What a caller must be allowed: to look, to have processes run or not, or to change the daemon
 * itself. Each includes those before it.
 */
export type Role = "read" | "operate" | "admin";

/** One method: who may call it, what it takes, what it answers, how it can fail, what it is for. */
interface MethodRow {
  role: Role;
  params: Record<string, ParamKind<unknown>>;
  result: ResultKind<unknown>;
  faults: readonly FaultName[];
  doc: string;
  /** Other names of the same method. */
  aliases?: readonly string[];
}

const table = <const T extends Record<string, MethodRow>>(rows: T): T => rows;

const name = text("process name, as name, group:name or group:*");
const group = text("group name");
const wait = flag("answer only when it is done", true);
const offset = integer("where to start, in bytes");
const length = integer("how many bytes");
const signal = textOrNumber("signal, as HUP, SIGHUP or 1");
const statuses = array<ProcessStatus[]>("", processStatus);
const logFaults = ["BAD_NAME", "NO_FILE", "BAD_ARGUMENTS", "FAILED"] as const;
const startFaults = [
  "BAD_NAME",
  "NO_FILE",
  "NOT_EXECUTABLE",
  "ALREADY_STARTED",
  "SPAWN_ERROR",
  "ABNORMAL_TERMINATION",
  "FAILED",
] as const;

/** Every method of the daemon. Both codecs, the typed client, argument checks and help come from it. */
export const methods = table({
  "supervisor.getAPIVersion": {
    role: "read",
    params: {},
    result: text("version"),
    faults: [],
    doc: "The version of this interface.",
    aliases: ["supervisor.getVersion"],
  },
  "supervisor.getSupervisorVersion": {
    role: "read",
    params: {},
    result: text("version"),
    faults: [],
    doc: "The version of the daemon.",
  },
  "supervisor.getIdentification": {
    role: "read",
    params: {},
    result: text("identifier"),
    faults: [],
    doc: "The identifier of this daemon.",
  },
  "supervisor.getState": {
    role: "read",
    params: {},
    result: struct<{ statecode: number; statename: string }>(),
    faults: [],
    doc: "The state of the daemon.",
  },
  "supervisor.getPID": {
    role: "read",
    params: {},
    result: integer("pid"),
    faults: [],
    doc: "The daemon's pid.",
  },
  "supervisor.shutdown": {
    role: "admin",
    params: {},
    result: boolean("always true"),
    faults: [],
    doc: "Stop every process, then the daemon; answers at once.",
  },
  "supervisor.restart": {
    role: "admin",
    params: {},
    result: boolean("always true"),
    faults: ["CANT_REREAD"],
    doc: "Stop every process, read the configuration again and start anew; answers at once.",
  },
  "supervisor.startProcess": {
    role: "operate",
    params: { name, wait },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for a group"),
    faults: startFaults,
    doc: "Start a process; with wait, answer once it is up or has failed.",
  },
  "supervisor.startProcessGroup": {
    role: "operate",
    params: { name: group, wait },
    result: statuses,
    faults: ["BAD_NAME"],
    doc: "Start all processes of a group that do not run.",
  },
  "supervisor.startAllProcesses": {
    role: "operate",
    params: { wait },
    result: statuses,
    faults: [],
    doc: "Start all processes that do not run.",
  },
  "supervisor.stopProcess": {
    role: "operate",
    params: { name, wait },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for a group"),
    faults: ["BAD_NAME", "NOT_RUNNING", "FAILED"],
    doc: "Stop a process; with wait, answer once it is down.",
  },
  "supervisor.stopProcessGroup": {
    role: "operate",
    params: { name: group, wait },
    result: statuses,
    faults: ["BAD_NAME"],
    doc: "Stop all running processes of a group.",
  },
  "supervisor.stopAllProcesses": {
    role: "operate",
    params: { wait },
    result: statuses,
    faults: [],
    doc: "Stop all running processes.",
  },
  "supervisor.signalProcess": {
    role: "operate",
    params: { name, signal },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for a group"),
    faults: ["BAD_NAME", "BAD_SIGNAL", "NOT_RUNNING", "FAILED"],
    doc: "Send a signal to a process.",
  },
  "supervisor.signalProcessGroup": {
    role: "operate",
    params: { name: group, signal },
    result: statuses,
    faults: ["BAD_NAME"],
    doc: "Send a signal to all processes of a group that run.",
  },
  "supervisor.signalAllProcesses": {
    role: "operate",
    params: { signal },
    result: statuses,
    faults: [],
    doc: "Send a signal to all processes that run.",
  },
  "supervisor.reloadConfig": {
    role: "admin",
    params: {},
    result: array<[[added: string[], changed: string[], removed: string[]]]>(
      "an array of one: the names of the groups that are new, changed and gone",
    ),
    faults: ["CANT_REREAD"],
    doc: "Read the configuration again, and tell what differs from what runs; changes nothing.",
  },
  "supervisor.addProcessGroup": {
    role: "admin",
    params: { name: group },
    result: boolean("always true"),
    faults: ["BAD_NAME", "ALREADY_ADDED", "FAILED"],
    doc: "Take a group over from the configuration as it was read last, and start what is to start by itself.",
  },
  "supervisor.removeProcessGroup": {
    role: "admin",
    params: { name: group },
    result: boolean("always true"),
    faults: ["BAD_NAME", "STILL_RUNNING"],
    doc: "Give up a group that is down.",
  },
  "drover.scale": {
    role: "operate",
    params: {
      program: text("name of a program, as in [program:x]"),
      count: text("how many copies, as 20, +5 or -3"),
    },
    result: array<PlannedChange[]>("what was done", plannedChange),
    faults: ["BAD_NAME", "BAD_ARGUMENTS", "FAILED", "CANT_REREAD"],
    doc:
      "Give a program another number of copies than numprocs= says, also over restarts of the daemon; the " +
      "others run on, and those with the highest numbers leave first.",
  },
  "drover.getScales": {
    role: "read",
    params: {},
    result: struct<Record<string, number>>("numbers of copies by program"),
    faults: [],
    doc: "Which programs have been scaled.",
  },
  "drover.resetScale": {
    role: "operate",
    params: { names: list("programs or groups; none: all") },
    result: array<string[]>("the programs that had been scaled"),
    faults: ["CANT_REREAD"],
    doc: "Let numprocs= count again from the next time that the configuration is read.",
  },
  "drover.planUpdate": {
    role: "admin",
    params: {},
    result: array<PlannedChange[]>("", plannedChange),
    faults: ["CANT_REREAD"],
    doc: "What an update would do to each process with the configuration as it is on the disk now, and why; changes nothing.",
  },
  "drover.updateProcessGroup": {
    role: "admin",
    params: { name: group },
    result: array<PlannedChange[]>("what was done", plannedChange),
    faults: ["BAD_NAME", "FAILED"],
    doc:
      "Make a group that runs be as it was configured when the configuration was read last: only processes " +
      "that come, go, or have other options that cost a restart are stopped and started.",
  },
  "drover.updateHooks": {
    role: "admin",
    params: {},
    result: struct<HookChanges>("the names of those that are new, changed and gone", hookChanges),
    faults: [],
    doc: "Take the hooks over from the configuration as it was read last.",
  },
  "supervisor.getAllConfigInfo": {
    role: "read",
    params: {},
    result: array<ConfigInfo[]>("", configInfo),
    faults: [],
    doc: "How every process is configured, by the configuration as it was read last; without passwords.",
  },
  "supervisor.getProcessInfo": {
    role: "read",
    params: { name },
    result: struct<ProcessDetails>("", processDetails),
    faults: ["BAD_NAME"],
    doc:
      "What is known of one process; over JSON-RPC also how its latest children ended, and why, and " +
      "how much of its output was lost.",
  },
  "supervisor.getAllProcessInfo": {
    role: "read",
    params: {},
    result: array<ListedProcess[]>("", listedProcess),
    faults: [],
    doc: "What is known of every process, by group and name.",
  },
  "supervisor.readLog": {
    role: "read",
    params: { offset, length },
    result: text("the bytes, as text"),
    faults: ["NO_FILE", "BAD_ARGUMENTS", "FAILED"],
    doc: "Read a part of the daemon's own log; a negative offset counts from its end.",
    aliases: ["supervisor.readMainLog"],
  },
  "supervisor.readProcessStdoutLog": {
    role: "read",
    params: { name, offset, length },
    result: text("the bytes, as text"),
    faults: logFaults,
    doc: "Read a part of a process's stdout log; a negative offset counts from its end.",
    aliases: ["supervisor.readProcessLog"],
  },
  "supervisor.readProcessStderrLog": {
    role: "read",
    params: { name, offset, length },
    result: text("the bytes, as text"),
    faults: logFaults,
    doc: "Read a part of a process's stderr log; a negative offset counts from its end.",
  },
  "supervisor.tailProcessStdoutLog": {
    role: "read",
    params: { name, offset, length },
    result: array<[text: string, offset: number, overflow: boolean]>(),
    faults: ["BAD_NAME"],
    doc: "The last bytes of a process's stdout log, its size, and whether there was more.",
    aliases: ["supervisor.tailProcessLog"],
  },
  "supervisor.tailProcessStderrLog": {
    role: "read",
    params: { name, offset, length },
    result: array<[text: string, offset: number, overflow: boolean]>(),
    faults: ["BAD_NAME"],
    doc: "The last bytes of a process's stderr log, its size, and whether there was more.",
  },
  "supervisor.sendProcessStdin": {
    role: "operate",
    params: { name, chars: text("what to write to it, as UTF-8") },
    result: boolean("always true"),
    faults: ["INCORRECT_PARAMETERS", "BAD_NAME", "NOT_RUNNING", "NO_FILE", "FAILED"],
    doc: "Write to a process's stdin. What its pipe has no room for waits until the process reads; what would be too much is refused as a whole.",
  },
  "supervisor.sendRemoteCommEvent": {
    role: "operate",
    params: { type: text("what listeners know it by"), data: text("what they are told") },
    result: boolean("always true"),
    faults: [],
    doc: "Send a REMOTE_COMMUNICATION event to the event listeners that want it, also during a shutdown.",
  },
  "supervisor.clearLog": {
    role: "admin",
    params: {},
    result: boolean("always true"),
    faults: ["NO_FILE", "FAILED"],
    doc: "Begin the daemon's own log anew; its rotated logs stay.",
  },
  "supervisor.clearProcessLogs": {
    role: "operate",
    params: { name },
    result: boolean<true>("always true"),
    faults: ["BAD_NAME", "FAILED"],
    doc: "Begin both logs of a process anew, while it runs; its rotated logs stay.",
    aliases: ["supervisor.clearProcessLog"],
  },
  "supervisor.clearAllProcessLogs": {
    role: "operate",
    params: {},
    result: statuses,
    faults: [],
    doc: "Begin the logs of all processes anew.",
  },
  "drover.reloadProcess": {
    role: "operate",
    params: { name },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for a group"),
    faults: ["BAD_NAME", "BAD_ARGUMENTS", "NOT_RUNNING", "FAILED"],
    doc: "Send a process the signal of its reloadsignal=, by which it reads its own configuration again.",
  },
  "drover.rollout": {
    role: "operate",
    params: {
      names: list("names of processes, or a group as group:*"),
      options: record(
        "parallel: how many at a time; settle: milliseconds that each must stay up; max_unavailable: how many " +
          "may be down; surge: how many copies more to start first",
      ),
    },
    result: struct<RolloutStatus>("", rolloutStatus),
    faults: ["BAD_NAME", "BAD_ARGUMENTS", "NOT_RUNNING", "FAILED"],
    doc:
      "Begin to replace the processes of a group by fresh ones, some at a time. Each must be running and stay " +
      "up before the next has its turn; where one does not, the others are left as they are. It goes on " +
      "without the caller; GET /events?types=ROLLOUT tells how far it is.",
  },
  "drover.getRollouts": {
    role: "read",
    params: {},
    result: array<RolloutStatus[]>("of each group the latest", rolloutStatus),
    faults: [],
    doc: "How far rollouts are, and how they have ended.",
  },
  "drover.controlRollout": {
    role: "operate",
    params: { group, action: text("pause, resume or abort") },
    result: struct<RolloutStatus>("", rolloutStatus),
    faults: ["BAD_NAME", "BAD_ARGUMENTS"],
    doc: "Hold a rollout, let it go on, or end it where it is.",
  },
  "drover.freeze": {
    role: "operate",
    params: { seconds: integer("how long") },
    result: boolean("always true"),
    faults: ["BAD_ARGUMENTS"],
    doc:
      "Start nothing by itself for so long, as while a deploy copies files: what crashes waits, and what is to " +
      "be replaced runs on. Whoever asks for a start gets it.",
  },
  "drover.thaw": {
    role: "operate",
    params: {},
    result: boolean("false: it was not frozen"),
    faults: [],
    doc: "Start what has waited since the fleet was frozen.",
  },
  "drover.getAllProcesses": {
    role: "read",
    params: { usage: flag("also what each uses of processors and memory", false) },
    result: array<FleetProcess[]>("", fleetProcess),
    faults: [],
    doc: "What is known of every process, by group and name: more than getAllProcessInfo tells.",
  },
  "drover.getProcessTree": {
    role: "read",
    params: { name },
    result: array<ProcessTreeMember[]>("the child first", processTreeMember),
    faults: ["BAD_NAME", "NOT_RUNNING"],
    doc: "The child of a process, and all that descends from it.",
  },
  "drover.signalProcessTree": {
    role: "operate",
    params: { name, signal },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for a group"),
    faults: ["BAD_NAME", "BAD_SIGNAL", "NOT_RUNNING", "FAILED"],
    doc: "Send a signal to the child of a process and to all that descends from it.",
  },
  "drover.quietProcess": {
    role: "operate",
    params: { name },
    result: boolean<true | ProcessStatus[]>("true, or an array of statuses for several"),
    faults: ["BAD_NAME", "NOT_RUNNING", "BAD_ARGUMENTS", "FAILED"],
    doc:
      "Have a worker take no more jobs, by its quietsignal. Of a group, and for all, those that run; and " +
      "for all those that have one.",
  },
  "drover.getProcessConfig": {
    role: "read",
    params: { name },
    result: array<ConfiguredOption[]>("", configuredOption),
    faults: ["BAD_NAME"],
    doc: "Every option of a process that runs, as it is written, and the file and line that decide.",
  },
  "drover.readLogs": {
    role: "read",
    params: {
      names: list("names of processes, groups as group:*, or all"),
      query: record("lines, since, grep and stream, as for GET /logs"),
    },
    result: array<LogLine[]>("", logLine),
    faults: ["BAD_NAME", "NO_FILE", "BAD_ARGUMENTS", "FAILED"],
    doc: "Lines of logs, rotated ones too; 4 MB at most. GET /logs gives more, and goes on with what comes.",
  },
  "rpc.discover": {
    role: "read",
    params: {},
    result: struct<object>("an OpenRPC document"),
    faults: [],
    doc: "What there is to call over JSON-RPC, for programs.",
  },
  "system.multicall": {
    role: "read",
    params: { calls: list("structs of methodName and params") },
    result: array<unknown[]>("the result of each call, or a struct of faultCode and faultString"),
    faults: [],
    doc: "Make several calls one after the other. Each needs what it would need alone.",
  },
  "system.listMethods": {
    role: "read",
    params: {},
    result: array<string[]>(),
    faults: [],
    doc: "The names of all methods.",
  },
  "system.methodHelp": {
    role: "read",
    params: { name: text("method name") },
    result: text("help"),
    faults: ["SIGNATURE_UNSUPPORTED"],
    doc: "What a method does, takes and answers.",
  },
  "system.methodSignature": {
    role: "read",
    params: { name: text("method name") },
    result: array<string[]>(),
    faults: ["SIGNATURE_UNSUPPORTED"],
    doc: "The types of a method's result and parameters.",
  },
});

type Methods = typeof methods;
export type MethodName = keyof Methods;

type ValueOf<K> = K extends ParamKind<infer V> ? V : never;
export type Params<M extends MethodName> = {
  -readonly [P in keyof Methods[M]["params"]]: ValueOf<Methods[M]["params"][P]>;
};
/** As a caller may give them: those with a default may be left out. */
export type GivenParams<M extends MethodName> = {
  [P in keyof Params<M> as IsOptional<M, P> extends true ? never : P]: Params<M>[P];
} & {
  [P in keyof Params<M> as IsOptional<M, P> extends true ? P : never]?: Params<M>[P];
};

type IsOptional<M extends MethodName, P extends keyof Params<M>> =
  Methods[M]["params"][P] extends OptionalKind<unknown> ? true : false;

export type Result<M extends MethodName> =
  Methods[M]["result"] extends ResultKind<infer V> ? V : never;

/** What the daemon implements, and what a client offers. */
export type Handlers = {
  [M in Exclude<MethodName, "system.multicall">]: (
    params: Params<M>,
  ) => Result<M> | Promise<Result<M>>;
};
