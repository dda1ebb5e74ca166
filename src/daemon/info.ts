import { type LogTarget, targetsOf } from "../config/kinds/paths.ts";
import { movable } from "../os/logplace.ts";
import { describe } from "../process/describe.ts";
import { type StateName, stateCodes } from "../process/states.ts";
import type { ListedProcess, LostBytes, ProcessInfo } from "../rpc/results.ts";
import type { History } from "./history.ts";

interface Shown {
  config: { name: string; group: string };
  state: StateName;
  pid: number;
  uptimeMs: number;
  /** Since the Epoch. */
  nowMs: number;
  /** Paths; undefined: there is none. */
  logs: { stdout: string | undefined; stderr: string | undefined };
  history: Pick<History, "spawnerr" | "exitstatus" | "startedAt" | "stoppedAt">;
}

const seconds = (ms: number): number => Math.floor(ms / 1_000);

/**
 * Whole seconds from the one in which it started, as supervisord counts them: all that run are a
 * second older at the same time. Other than there a clock that is set changes nothing.
 */
const uptimeOf = (uptimeMs: number, startedAt: number): number =>
  seconds(uptimeMs + (startedAt % 1_000));

/** What supervisord tells of a process. */
export function infoOf({
  config: { name, group },
  state,
  pid,
  uptimeMs,
  nowMs,
  logs: { stdout = "", stderr = "" },
  history: { spawnerr, exitstatus, startedAt, stoppedAt },
}: Shown): ProcessInfo {
  const [start, stop] = [seconds(startedAt), seconds(stoppedAt)];
  const uptime = uptimeOf(uptimeMs, startedAt);
  return {
    name,
    group,
    start,
    stop,
    now: seconds(nowMs),
    state: stateCodes[state],
    statename: state,
    spawnerr,
    exitstatus,
    logfile: stdout,
    stdout_logfile: stdout,
    stderr_logfile: stderr,
    pid,
    description: describe({ name, state, pid, start, stop, uptime, spawnerr }),
  };
}

/** As one among all, of which most have lost nothing. */
export const withLosses = (info: ProcessInfo, lost: LostBytes): ListedProcess =>
  lost.stdout + lost.stderr > 0 ? { ...info, lost_bytes: lost } : info;
/** Path of a log; of several the first that can be read and emptied; undefined: there is none. */
export function logfileOf(target: LogTarget): string | undefined {
  // Asked for every process of every listing, and nearly always one file.
  if (target.to === "file") return target.path;
  const paths = targetsOf(target).flatMap((place) => (place.to === "file" ? [place.path] : []));
  const [first, ...others] = paths;
  if (others.length === 0) return first;
  return paths.find((path) => movable(path) !== undefined) ?? first;
}
