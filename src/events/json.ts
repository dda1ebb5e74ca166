import { isUtf8 } from "node:buffer";
import type { ExitRecord } from "../process/record.ts";
import type { StateName } from "../process/states.ts";
import type { EventType } from "./types.ts";

/** An event as programs read it, one on a line. What is not known of its type is missing. */
export interface EventRecord {
  /** One more than that of the event before; missing where none are kept (PROCESS_LOG, TICK). */
  number?: number;
  /** When it was told, as ISO 8601 has it. */
  time: string;
  type: EventType | "GAP" | "MISSED";
  process?: string;
  group?: string;
  from?: StateName;
  pid?: number;
  /** Starts that have failed in a row. */
  tries?: number;
  expected?: boolean;
  /** Restarts that nobody asked for, since the daemon started. */
  restarts?: number;
  /** By whose wish it is stopped. */
  reason?: string;
  /** Who has asked for a start or a stop, as `uid 1000, pid 4711` or `ops@10.1.2.3`. */
  by?: string;
  /** Why it could not be started, or was given up. */
  error?: string;
  /** How its child has ended. */
  exit?: ExitRecord;
  /** Text of a message or of output. */
  data?: string;
  /** The same, where it is no UTF-8. */
  data_base64?: string;
  /** Of a TICK, in seconds since the Epoch. */
  when?: number;
  /** A REMOTE_COMMUNICATION's type. */
  subject?: string;
  logfile?: string;
  errno?: string;
  waits?: boolean;
  lost_bytes?: number;
  took_ms?: number;
  /** Of a GAP: events with numbers between these two were not to be had. */
  after?: number;
  before?: number;
  /** Of a ROLLOUT: of how many processes, how many are done, and what one that failed has said. */
  total?: number;
  done?: number;
  last_lines?: string[];
  /** Of a WATCH: whose files, how many, and the first of them. */
  program?: string;
  files?: number;
  file?: string;
  /** Of a HOOK: its name. */
  hook?: string;
  /** With quiet=, to a hook: how many like it were left out before. */
  silenced?: number;
  /** Of MISSED, and of a HOOK: so many events without numbers came faster than they were read. */
  events?: number;
}

/** What is written of an event: one line of JSON, its newline included. */
export function eventLine(
  number: number | undefined,
  timeMs: number,
  type: EventRecord["type"],
  data: object,
): Buffer {
  const time = new Date(timeMs).toISOString();
  const { data: said, type: subject, ...known } = data as Record<string, unknown>;
  const more = { ...known, ...(subject !== undefined && { subject }), ...saidIn(said) };
  return Buffer.from(`${JSON.stringify({ number, time, type, ...more })}\n`);
}

function saidIn(said: unknown): Pick<EventRecord, "data" | "data_base64"> {
  if (said === undefined) return {};
  if (!Buffer.isBuffer(said)) return { data: String(said) };
  return isUtf8(said) ? { data: said.toString() } : { data_base64: said.toString("base64") };
}

/** Header of the answer to GET /events: the number of the newest event when it was asked for. */
export const NEWEST_EVENT = "Drover-Newest-Event";

/** The beginning that every numbered line has. */
const head = /^\{"number":(\d{1,16}),"time":"[^"]{1,30}","type":"([A-Z0-9_]{1,40})"/;
const LONGEST_HEAD = 120;

/** The number and the type of a line; undefined: it is no event. */
export function headOf(line: Buffer): { number: number; type: string } | undefined {
  const [, number, type] = head.exec(line.toString("latin1", 0, LONGEST_HEAD)) ?? [];
  return number === undefined || type === undefined ? undefined : { number: Number(number), type };
}
