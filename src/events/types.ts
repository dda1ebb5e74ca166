import { isUtf8 } from "node:buffer";
import { bytesRepr } from "../config/pyrepr.ts";
import type { ExitRecord } from "../process/record.ts";
import type { StateName } from "../process/states.ts";

interface OfProcess {
  process: string;
  group: string;
}

/** The change of a process's state, and what drover knows of it beside what supervisord tells. */
interface Change extends OfProcess {
  from: StateName;
  /** Restarts that nobody asked for, since the daemon started. */
  restarts?: number;
  /** By whose wish it is stopped. */
  reason?: string | undefined;
  /** Who has asked for it, as `uid 1000, pid 4711`. */
  by?: string | undefined;
  /** Why it could not be started, or was given up. */
  error?: string | undefined;
  /** How its child has ended. */
  exit?: ExitRecord | undefined;
}

interface Said extends OfProcess {
  pid: number;
  data: Buffer;
}

interface OfLog {
  /** Its path. */
  logfile: string;
}

interface OfRollout {
  group: string;
  /** How many processes it is to replace. */
  total: number;
}

interface OfWatch {
  group: string;
  program: string;
  /** How many. */
  files: number;
  /** The first of them. */
  file: string;
}

interface OfHook {
  hook: string;
  /** How many it was about. */
  events: number;
}

interface Row<Data> {
  parent: string | undefined;
  /** What is sent of one, exactly; undefined: it is abstract, and none is ever sent. */
  payload: ((data: Data) => string) | undefined;
  doc: string;
}

const abstract = (doc: string, parent?: string): Row<never> => ({
  parent,
  payload: undefined,
  doc,
});

const sent = <Data>(parent: string, payload: (data: Data) => string, doc: string): Row<Data> => ({
  parent,
  payload,
  doc,
});

const of = ({ process, group }: OfProcess): string => `processname:${process} groupname:${group}`;

const change = (data: Change): string => `${of(data)} from_state:${data.from}`;

const withTries = (doc: string) =>
  sent(
    "PROCESS_STATE",
    (data: Change & { tries: number }) => `${change(data)} tries:${data.tries}`,
    doc,
  );

const withPid = (doc: string) =>
  sent("PROCESS_STATE", (data: Change & { pid: number }) => `${change(data)} pid:${data.pid}`, doc);

/** As supervisord has it: what is not UTF-8 comes as Python shows it. */
const textOf = (data: Buffer): string =>
  isUtf8(data) ? data.toString() : `Undecodable: ${bytesRepr(data)}`;

const logged = (channel: "stdout" | "stderr") =>
  sent(
    "PROCESS_LOG",
    (data: Said) => `${of(data)} pid:${data.pid} channel:${channel}\n${textOf(data.data)}`,
    `what a process with ${channel}_events_enabled has written`,
  );

const communicated = (channel: "stdout" | "stderr") =>
  sent(
    "PROCESS_COMMUNICATION",
    (data: Said) => `${of(data)} pid:${data.pid}\n${textOf(data.data)}`,
    `what a process with ${channel}_capture_maxbytes has written between the two tokens`,
  );

const supervisorState = (doc: string) =>
  sent("SUPERVISOR_STATE_CHANGE", (_: Record<never, never>) => "", doc);

/** `when` in seconds since the Epoch, a multiple of the period. */
const tick = (doc: string) => sent("TICK", ({ when }: { when: number }) => `when:${when}`, doc);

const ofGroup = (doc: string) =>
  sent("PROCESS_GROUP", ({ group }: { group: string }) => `groupname:${group}\n`, doc);

/** Paths may have anything in them, so they come where text does. */
const ofLog = <Data extends OfLog>(head: (data: Data) => string, doc: string) =>
  sent("LOG", (data: Data) => `${head(data)}\n${data.logfile}`, doc);

/**
 * The event types; a subscription to a parent has all below it. supervisord's are below EVENT; those
 * below LOG are drover's own, which no listener gets that has not asked for them.
 */
const catalogue = {
  EVENT: abstract("all of supervisord's events"),
  PROCESS_STATE: abstract("the state of a process has changed", "EVENT"),
  PROCESS_STATE_STARTING: withTries("it is being started"),
  PROCESS_STATE_RUNNING: withPid("it has been up for startsecs"),
  PROCESS_STATE_BACKOFF: withTries("it ended before startsecs, or could not be started"),
  PROCESS_STATE_STOPPING: withPid("it is being stopped"),
  PROCESS_STATE_EXITED: sent(
    "PROCESS_STATE",
    (data: Change & { pid: number; expected: boolean }) =>
      `${change(data)} expected:${Number(data.expected)} pid:${data.pid}`,
    "it has ended by itself",
  ),
  PROCESS_STATE_STOPPED: withPid("it has ended after it was asked to"),
  PROCESS_STATE_FATAL: sent("PROCESS_STATE", change, "it was given up: no more starts"),
  PROCESS_STATE_UNKNOWN: sent("PROCESS_STATE", change, "droverd does not know"),
  PROCESS_LOG: abstract("output, as it comes", "EVENT"),
  PROCESS_LOG_STDOUT: logged("stdout"),
  PROCESS_LOG_STDERR: logged("stderr"),
  PROCESS_COMMUNICATION: abstract("messages of processes", "EVENT"),
  PROCESS_COMMUNICATION_STDOUT: communicated("stdout"),
  PROCESS_COMMUNICATION_STDERR: communicated("stderr"),
  REMOTE_COMMUNICATION: sent(
    "EVENT",
    ({ type, data }: { type: string; data: string }) => `type:${type}\n${data}`,
    "somebody has called supervisor.sendRemoteCommEvent",
  ),
  SUPERVISOR_STATE_CHANGE: abstract("the state of droverd has changed", "EVENT"),
  SUPERVISOR_STATE_CHANGE_RUNNING: supervisorState("it has started"),
  SUPERVISOR_STATE_CHANGE_STOPPING: supervisorState("it is going down, or beginning anew"),
  TICK: abstract("the time of day", "EVENT"),
  TICK_5: tick("every 5 seconds"),
  TICK_60: tick("every minute"),
  TICK_3600: tick("every hour"),
  PROCESS_GROUP: abstract("which groups there are", "EVENT"),
  PROCESS_GROUP_ADDED: ofGroup("a group has come"),
  PROCESS_GROUP_REMOVED: ofGroup("a group has gone"),
  LOG: abstract("what happens to the logs; drover's own"),
  LOG_FAILING: ofLog(
    ({ errno, waits }: OfLog & { errno: string; waits: boolean }) =>
      `errno:${errno} waits:${Number(waits)}`,
    "a log cannot be written; what comes is lost and counted, or those who write wait",
  ),
  LOG_RECOVERED: ofLog(
    ({ lost_bytes }: OfLog & { lost_bytes: number }) => `lost:${lost_bytes}`,
    "it can be written again",
  ),
  LOG_ABANDONED: ofLog(
    ({ lost_bytes }: OfLog & { lost_bytes: number }) => `lost:${lost_bytes}`,
    "it was closed while it could not be written",
  ),
  LOG_SLOW: ofLog(
    ({ took_ms }: OfLog & { took_ms: number }) => `ms:${took_ms}`,
    "its disk took long for one write, and has a process of its own now",
  ),
  READINESS: abstract("whether processes with ready= can work; drover's own"),
  READINESS_READY: sent(
    "READINESS",
    (data: OfProcess & { pid: number }) => `${of(data)} pid:${data.pid}`,
    "it is ready, by its ready=",
  ),
  READINESS_TIMEOUT: sent(
    "READINESS",
    (data: OfProcess & { pid: number; error: string }) =>
      `${of(data)} pid:${data.pid}\n${data.error}`,
    "it was not ready within ready_timeout=, and is started anew",
  ),
  READINESS_QUIET: sent(
    "READINESS",
    (data: OfProcess & { pid: number }) => `${of(data)} pid:${data.pid}`,
    "it was asked to take no more jobs, and has none",
  ),
  HEALTH: abstract("whether processes that run work; drover's own"),
  HEALTH_UNHEALTHY: sent(
    "HEALTH",
    (data: OfProcess & { pid: number; error: string }) =>
      `${of(data)} pid:${data.pid}\n${data.error}`,
    "it has failed its healthcheck=, heartbeat_timeout= or output_timeout=",
  ),
  HEALTH_RECOVERED: sent(
    "HEALTH",
    (data: OfProcess & { pid: number }) => `${of(data)} pid:${data.pid}`,
    "it works again, without having been restarted",
  ),
  ROLLOUT: abstract("what becomes of rollouts; drover's own"),
  ROLLOUT_STARTED: sent(
    "ROLLOUT",
    ({ group, total }: OfRollout) => `groupname:${group} total:${total}`,
    "a rollout has begun",
  ),
  ROLLOUT_STEP: sent(
    "ROLLOUT",
    (data: OfRollout & OfProcess & { done: number }) =>
      `${of(data)} done:${data.done} total:${data.total}`,
    "a process has been replaced, and stays up",
  ),
  ROLLOUT_FAILED: sent(
    "ROLLOUT",
    (data: OfProcess & { error: string; last_lines: readonly string[] }) =>
      `${of(data)}\n${data.error}`,
    "a fresh process has failed: the others are left as they are",
  ),
  ROLLOUT_DONE: sent(
    "ROLLOUT",
    ({ group, total }: OfRollout) => `groupname:${group} total:${total}`,
    "all have been replaced",
  ),
  ROLLOUT_ABORTED: sent(
    "ROLLOUT",
    ({ group, total }: OfRollout) => `groupname:${group} total:${total}`,
    "somebody has ended it before that",
  ),
  WATCH: abstract("what happens to watched files; drover's own"),
  WATCH_CHANGED: sent(
    "WATCH",
    ({ group, program, files, file }: OfWatch) =>
      `groupname:${group} programname:${program} files:${files}\n${file}`,
    "files of a program with watch= have changed",
  ),
  HOOK: abstract("what happens to hooks; drover's own"),
  HOOK_FAILED: sent(
    "HOOK",
    ({ hook, error, events }: OfHook & { error: string }) =>
      `hook:${hook} events:${events}\n${error}`,
    "a hook could not be run or posted, or has failed",
  ),
  HOOK_DROPPED: sent(
    "HOOK",
    ({ hook, events }: OfHook) => `hook:${hook} events:${events}`,
    "events that a hook was not told of: too many waited for it",
  ),
};

type Catalogue = typeof catalogue;

export type EventType = keyof Catalogue;
/** What there is to know of an event; never for an abstract type. */
export type EventData<T extends EventType> = Catalogue[T] extends Row<infer Data> ? Data : never;

/** The names of all event types. */
export const eventTypes: ReadonlySet<string> = new Set(Object.keys(catalogue));

/** Of which there are events. */
export const concreteTypes = (Object.keys(catalogue) as EventType[]).filter(
  (type) => catalogue[type].payload !== undefined,
);

/** Those that are told to whoever is there, and are not kept: the logs and the clock have them. */
const passing: readonly string[] = ["PROCESS_LOG", "TICK"];

/** Whether events of a type are numbered, and kept for those who come later. */
export const isKept = (type: EventType): boolean =>
  !lineageOf(type).some((each) => passing.includes(each));

/** Whether hooks may be for a type: of their own failures they are not told. */
export const isForHooks = (type: string): boolean => !type.startsWith("HOOK");

/** What supervisord sends of such an event, before it is made bytes. */
export function payloadOf<T extends EventType>(type: T, data: EventData<T>): string {
  const { payload } = catalogue[type] as Row<EventData<T>>;
  return payload?.(data) ?? "";
}

/** The type itself and all above it, from below. */
export function lineageOf(type: EventType): string[] {
  const lineage: string[] = [];
  for (let at: string | undefined = type; at; at = catalogue[at as EventType].parent) {
    lineage.push(at);
  }
  return lineage;
}

/** For people: each type with its parent and what it means. */
export const describedTypes = (): { type: string; parent: string; doc: string }[] =>
  Object.entries(catalogue).map(([type, { parent = "", doc }]) => ({ type, parent, doc }));
