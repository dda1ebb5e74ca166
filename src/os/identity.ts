import { readFileSync } from "node:fs";
import { readStat } from "./procstat.ts";

/** Together these name one process for ever: a pid alone is given to another one some day. */
export interface Identity {
  pid: number;
  /** When it started, in clock ticks since the boot. */
  start: string;
  /** Which boot. */
  boot: string;
}

let known: string | undefined;

/** Read once: this process does not outlive a boot. */
function bootId(): string {
  known ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return known;
}

/** @returns undefined when there is no such process, or only its zombie */
export function identify(pid: number): Identity | undefined {
  const stat = readStat(pid);
  return !stat || stat.dead ? undefined : { pid, start: stat.start, boot: bootId() };
}

/** Whether that very process still lives. */
export function isAlive({ pid, start, boot }: Identity): boolean {
  const now = identify(pid);
  return now?.start === start && now.boot === boot;
}
