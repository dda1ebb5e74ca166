import { type DestinationStream, pino, symbols } from "pino";
import type { LogLevel } from "../config/kinds/words.ts";
import type { Sink } from "./sink.ts";

/** Writes one line to the daemon's log. `fields` are for programs: they are in the JSON form only. */
export type Log = (level: LogLevel, text: string, fields?: object) => void;

/** supervisord's levels and their numbers. */
const levels: Record<LogLevel, number> = {
  critical: 50,
  error: 40,
  warn: 30,
  info: 20,
  debug: 10,
  trace: 5,
  blather: 3,
};

const labels: Record<number, string> = {
  50: "CRIT",
  40: "ERRO",
  30: "WARN",
  20: "INFO",
  10: "DEBG",
  5: "TRAC",
  3: "BLAT",
};

export interface LogOptions {
  level: LogLevel;
  format: "text" | "json";
  /** Where lines go; each sink rotates by its own rule. */
  sinks: readonly Sink[];
  /** Takes single lines, as supervisord sends them: with the newline. Undefined: it has none. */
  syslog: ((line: string) => void) | undefined;
}

/** The daemon's log: supervisord's lines, or the JSON of pino. */
export function createLog({ level, format, sinks, syslog }: LogOptions): Log {
  const write = (head: string, text: string) => {
    const bytes = Buffer.from(`${head}${text}\n`);
    for (const sink of sinks) sink.offer(bytes);
    if (!syslog) return;
    for (const line of text.replace(/\n+$/, "").split("\n")) syslog(`${head}${line}\n`);
  };
  const logger = pino(
    { level, customLevels: levels, useOnlyCustomLevels: true, base: { pid: process.pid } },
    format === "json" ? { write: (line: string) => write("", line.trimEnd()) } : asText(write),
  );
  return (at, text, fields) => (fields ? logger[at](fields, text) : logger[at](text));
}

/** pino hands a destination that asks for it the parts of each line, so none is parsed again. */
type WithMetadata = DestinationStream & {
  [symbols.needsMetadataGsym]: true;
  lastLevel: number;
  lastMsg: string;
};

function asText(write: (head: string, text: string) => void): DestinationStream {
  const stream: WithMetadata = {
    [symbols.needsMetadataGsym]: true,
    lastLevel: 0,
    lastMsg: "",
    write() {
      write(`${timestamp(new Date())} ${labels[this.lastLevel]} `, this.lastMsg);
    },
  };
  return stream;
}

const pad = (n: number, width = 2): string => String(n).padStart(width, "0");

/** `2026-11-22 05:02:11,123`, in local time. */
function timestamp(date: Date): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n)).join(":");
  return `${day} ${time},${pad(date.getMilliseconds(), 3)}`;
}
