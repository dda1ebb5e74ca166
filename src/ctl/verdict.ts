import type { FleetProcess } from "../rpc/results.ts";
import { exit } from "./session.ts";

/** Nobody wants it up: it was stopped by somebody, or has done what it was to do. */
const isDone = ({ statename, last_exit, waits_for }: FleetProcess): boolean =>
  !waits_for &&
  (statename === "STOPPED" ||
    statename === "STOPPING" ||
    (statename === "EXITED" && last_exit?.expected !== false));

/** It runs, can work and does. */
const works = ({ statename, ready = true, health }: FleetProcess): boolean =>
  statename === "RUNNING" && ready && health !== "unhealthy";

/** What `--exit-code=fleet` tells: 0 all as wanted, 1 degraded, 2 down. */
export function verdictOf(processes: readonly FleetProcess[]): number {
  const wanted = processes.filter((process) => !isDone(process));
  const up = wanted.filter(works);
  if (up.length === wanted.length) return 0;
  const coming = wanted.some(
    ({ statename, waits_for }) => waits_for || statename === "STARTING" || statename === "RUNNING",
  );
  return up.length > 0 || coming ? exit.generic : exit.badArguments;
}
