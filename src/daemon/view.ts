import type { Moment } from "../os/clock.ts";
import type { FleetProcess, ListedProcess, ProcessDetails, ProcessInfo } from "../rpc/results.ts";
import { infoOf, withLosses } from "./info.ts";
import { stalenessOf } from "./releases.ts";
import type { Supervised } from "./supervised.ts";

function viewOf(process: Supervised, { monotonicMs, wallMs: nowMs }: Moment): ProcessInfo {
  const { config, history, pid } = process;
  const logs = { stdout: process.logfile("stdout"), stderr: process.logfile("stderr") };
  const state = process.state.name;
  const uptimeMs = process.uptimeMsAt(monotonicMs);
  return infoOf({ config, state, pid, uptimeMs, nowMs, logs, history });
}

/** What is known of its child beside that it runs, where anything is. */
function vitalsOf(process: Supervised) {
  const { vitals } = process;
  const { ready } = process.config;
  const { says = "", health, illness, quiet } = vitals ?? {};
  const waits_for = process.waitsFor;
  const { release } = process.maker;
  const stale =
    release && process.pid > 0 ? stalenessOf(release, process.config.directory) : undefined;
  return {
    ...(waits_for.length > 0 && { waits_for }),
    ...(ready.by !== "startsecs" && { ready: vitals?.ready ?? false }),
    ...(health !== undefined && { health }),
    ...(illness !== undefined && { unhealthy_because: illness }),
    ...(quiet !== undefined && { quiet }),
    ...(says !== "" && { says }),
    ...(stale !== undefined && { stale }),
  };
}

/** A process as one among all: what only drover tells is there when there is something to tell. */
export const listingOf = (process: Supervised, moment: Moment): ListedProcess =>
  withLosses(viewOf(process, moment), process.maker.stdio.lostBytes);

/** A process with what only drover tells. */
export function detailsOf(process: Supervised, moment: Moment): ProcessDetails {
  const { exits, restarts } = process.history;
  const { lostBytes: lost_bytes } = process.maker.stdio;
  const { nextStart: next_start } = process;
  return {
    ...viewOf(process, moment),
    exits: [...exits],
    restarts,
    next_start,
    lost_bytes,
    ...vitalsOf(process),
  };
}

/** As one among all, with what only drover tells. @param frozenMs until when the fleet is frozen */
export function summaryOf(
  process: Supervised,
  moment: Moment,
  frozenMs: number | undefined,
): FleetProcess {
  const { section, scaledFrom } = process.config;
  const { lastExit } = process;
  return {
    ...listingOf(process, moment),
    program: section.name.replace(/^[^:]*:/, ""),
    ...(scaledFrom !== undefined && { scaled_from: scaledFrom }),
    uptime: process.pid > 0 ? process.uptimeMsAt(moment.monotonicMs) / 1_000 : 0,
    restarts: process.history.restarts,
    ...vitalsOf(process),
    next_start: process.nextStart,
    ...(frozenMs !== undefined && { frozen_until: frozenMs / 1_000 }),
    last_exit: lastExit
      ? { time: lastExit.time, cause: lastExit.cause, expected: lastExit.expected }
      : null,
  };
}
