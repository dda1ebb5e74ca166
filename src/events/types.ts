import { isUtf8 } from "node:buffer";
import { bytesRepr } from "../config/pyrepr.ts";
import type { StateName } from "../process/states.ts";

interface OfProcess {
  process: string;
  group: string;
}

interface Change extends OfProcess {
  from: StateName;
}

interface Said extends OfProcess {
  pid: number;
  data: Buffer;
}

interface Row<Data> {
  parent: string | undefined;
  /** What is sent of one, exactly; undefined: it is abstract, and none is ever sent. */
  payload: ((data: Data) => string) | undefined;
}

const abstract = (parent?: string): Row<never> => ({ parent, payload: undefined });

const sent = <Data>(parent: string | undefined, payload: (data: Data) => string): Row<Data> => ({
  parent,
  payload,
});

const of = ({ process, group }: OfProcess): string => `processname:${process} groupname:${group}`;

const change = (data: Change): string => `${of(data)} from_state:${data.from}`;

const withTries = sent("PROCESS_STATE", (data: Change & { tries: number }) => {
  return `${change(data)} tries:${data.tries}`;
});

const withPid = sent("PROCESS_STATE", (data: Change & { pid: number }) => {
  return `${change(data)} pid:${data.pid}`;
});

/** As supervisord has it: what is not UTF-8 comes as Python shows it. */
const textOf = (data: Buffer): string =>
  isUtf8(data) ? data.toString() : `Undecodable: ${bytesRepr(data)}`;

const logged = (channel: "stdout" | "stderr") =>
  sent("PROCESS_LOG", (data: Said) => {
    return `${of(data)} pid:${data.pid} channel:${channel}\n${textOf(data.data)}`;
  });

const communicated = sent("PROCESS_COMMUNICATION", (data: Said) => {
  return `${of(data)} pid:${data.pid}\n${textOf(data.data)}`;
});

const supervisorState = sent("SUPERVISOR_STATE_CHANGE", (_: Record<never, never>) => "");

/** `when` in seconds since the Epoch, a multiple of the period. */
const tick = sent("TICK", ({ when }: { when: number }) => `when:${when}`);

const ofGroup = sent("PROCESS_GROUP", ({ group }: { group: string }) => `groupname:${group}\n`);

/** supervisord's event types; a subscription to a parent has all below it. */
const catalogue = {
  EVENT: abstract(),
  PROCESS_STATE: abstract("EVENT"),
  PROCESS_STATE_STARTING: withTries,
  PROCESS_STATE_RUNNING: withPid,
  PROCESS_STATE_BACKOFF: withTries,
  PROCESS_STATE_STOPPING: withPid,
  PROCESS_STATE_EXITED: sent(
    "PROCESS_STATE",
    (data: Change & { pid: number; expected: boolean }) =>
      `${change(data)} expected:${Number(data.expected)} pid:${data.pid}`,
  ),
  PROCESS_STATE_STOPPED: withPid,
  PROCESS_STATE_FATAL: sent("PROCESS_STATE", change),
  PROCESS_STATE_UNKNOWN: sent("PROCESS_STATE", change),
  PROCESS_LOG: abstract("EVENT"),
  PROCESS_LOG_STDOUT: logged("stdout"),
  PROCESS_LOG_STDERR: logged("stderr"),
  PROCESS_COMMUNICATION: abstract("EVENT"),
  PROCESS_COMMUNICATION_STDOUT: communicated,
  PROCESS_COMMUNICATION_STDERR: communicated,
  REMOTE_COMMUNICATION: sent(
    "EVENT",
    ({ type, data }: { type: string; data: string }) => `type:${type}\n${data}`,
  ),
  SUPERVISOR_STATE_CHANGE: abstract("EVENT"),
  SUPERVISOR_STATE_CHANGE_RUNNING: supervisorState,
  SUPERVISOR_STATE_CHANGE_STOPPING: supervisorState,
  TICK: abstract("EVENT"),
  TICK_5: tick,
  TICK_60: tick,
  TICK_3600: tick,
  PROCESS_GROUP: abstract("EVENT"),
  PROCESS_GROUP_ADDED: ofGroup,
  PROCESS_GROUP_REMOVED: ofGroup,
};

type Catalogue = typeof catalogue;

export type EventType = keyof Catalogue;
/** What there is to know of an event; never for an abstract type. */
export type EventData<T extends EventType> = Catalogue[T] extends Row<infer Data> ? Data : never;

/** The names of all event types. */
export const eventTypes: ReadonlySet<string> = new Set(Object.keys(catalogue));

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
