import { readFileSync } from "node:fs";
import { unless } from "./errno.ts";

/** Together these name one process for ever: a pid alone is given to another one some day. */
export interface Identity {
  pid: number;
  /** When it started, in clock ticks since the boot. */
  start: string;
  /** Which boot. */
  boot: string;
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** @returns undefined when there is no such process, or only its zombie */
export function identify(pid: number): Identity | undefined {
  const stat = unless(["ENOENT", "ESRCH"], () => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined) return undefined;
  // The command's name comes second, in brackets, and may hold anything; the state is third.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const start = fields[STARTTIME - STATE];
  return state === "Z" || start === undefined ? undefined : { pid, start, boot: bootId() };
}

/** proc(5)'s numbers of the fields. */
const STATE = 3;
const STARTTIME = 22;

/** Whether that very process still lives. */
export function isAlive({ pid, start, boot }: Identity): boolean {
  const now = identify(pid);
  return now?.start === start && now.boot === boot;
}
