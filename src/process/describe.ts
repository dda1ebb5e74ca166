import type { StateName } from "./states.ts";

export interface Described {
  name: string;
  state: StateName;
  pid: number;
  /** Seconds since the Epoch; 0: never started. */
  start: number;
  /** Seconds since the Epoch; 0: never stopped. */
  stop: number;
  /** Whole seconds the child has been up. */
  uptime: number;
  spawnerr: string;
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (n: number): string => String(n).padStart(2, "0");

/** supervisord's one-line description of a process, as `status` shows it. */
export function describe(process: Described): string {
  switch (process.state) {
    case "RUNNING":
      return `pid ${process.pid}, uptime ${formatUptime(process.uptime)}`;
    case "FATAL":
    case "BACKOFF":
      return process.spawnerr || `unknown error (try "tail ${process.name}")`;
    case "STOPPED":
    case "EXITED":
      return process.start === 0 ? "Not started" : formatStop(new Date(process.stop * 1_000));
    default:
      return "";
  }
}

/** `0:00:36`, `1 day, 0:00:00`, `12 days, 23:59:59`; below zero counts as zero. */
export function formatUptime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const minutes = Math.floor((whole % 3_600) / 60);
  const clock = `${Math.floor((whole % 86_400) / 3_600)}:${two(minutes)}:${two(whole % 60)}`;
  if (days === 0) return clock;
  return `${days} day${days === 1 ? "" : "s"}, ${clock}`;
}

/** `Nov 22 05:15 AM`, in the daemon's time zone and never in its locale. */
function formatStop(date: Date): string {
  const hour = date.getHours();
  const clock = `${two(hour % 12 || 12)}:${two(date.getMinutes())} ${hour < 12 ? "AM" : "PM"}`;
  return `${months[date.getMonth()]} ${two(date.getDate())} ${clock}`;
}
