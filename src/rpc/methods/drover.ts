import type {
  ConfiguredOption,
  FleetProcess,
  HookChanges,
  LogLine,
  PlannedChange,
  ProcessStatus,
  ProcessTreeMember,
  RolloutStatus,
} from "../results.ts";
import {
  configuredOption,
  fleetProcess,
  hookChanges,
  logLine,
  plannedChange,
  processTreeMember,
  rolloutStatus,
} from "../shapes.ts";
import { array, boolean, flag, integer, list, record, struct, text } from "../values.ts";
import { group, name, signal, table } from "./row.ts";

/** What only drover has. */
export const droverMethods = table({
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
});
