import { readdirSync, readFileSync } from "node:fs";
import { unless } from "./errno.ts";

/** What /proc/PID/stat tells of a process. */
export interface ProcessStat {
  pid: number;
  /** The command's name, of which the kernel keeps 15 bytes: any bytes, newlines too. */
  name: string;
  parent: number;
  group: number;
  session: number;
  threads: number;
  /** When it started, in clock ticks since the boot. */
  start: string;
  /** It has ended, and only waits for its parent to ask how. */
  dead: boolean;
}

export function parseStat(text: string): ProcessStat {
  // The name comes second, in brackets, and may hold anything, brackets too; numbers follow it.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ", 20);
  /** By proc(5)'s numbers; the state, right after the name, is 3. */
  const field = (number: number) => fields[number - 3] ?? "";
  const threads = Number(field(20));
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    parent: Number(field(4)),
    group: Number(field(5)),
    session: Number(field(6)),
    threads,
    start: field(22),
    // The state is that of the first thread. It may have ended while others go on.
    dead: "ZX".includes(field(3)) && threads <= 1,
  };
}

/** @returns undefined when there is no such process; a zombie is told of */
export function readStat(pid: number): ProcessStat | undefined {
  const text = unless(["ENOENT", "ESRCH"], () => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return text === undefined ? undefined : parseStat(text);
}

const MOST_ROUNDS = 50;

/**
 * Every process there is. Those that the caller may not see are missing.
 *
 * Reading takes milliseconds, in which a process may fork and end: it is gone when its turn comes,
 * and its child was not there when /proc was listed. So that is listed again while any have ended.
 */
export function readProcesses(): ProcessStat[] {
  const found = new Map<number, ProcessStat | undefined>();
  let ended = true;
  for (let round = 0; ended && round < MOST_ROUNDS; round++) {
    ended = false;
    for (const pid of listPids("/proc")) {
      if (found.has(pid)) continue;
      const stat = unless(["EACCES", "EPERM"], () => readStat(pid));
      found.set(pid, stat);
      ended ||= !stat || stat.dead;
    }
  }
  return [...found.values()].filter((process) => process !== undefined);
}

/** The numbers among the names in a folder of /proc: processes, or the threads of one. */
export const listPids = (folder: string): number[] =>
  readdirSync(folder).map(Number).filter(Number.isInteger);

/** How long this thread has waited for a processor so far, in milliseconds; 0 where nobody counts. */
export function runDelayMs(): number {
  const text = unless(["ENOENT"], () => readFileSync("/proc/thread-self/schedstat", "utf8"));
  return Number(text?.split(" ")[1] ?? 0) / 1_000_000;
}
