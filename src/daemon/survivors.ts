import { signalChild } from "../os/children.ts";
import { systemClock } from "../os/clock.ts";
import { isAlive } from "../os/identity.ts";
import type { Fleet } from "./fleet.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";

/** They are not our children: no signal tells of their end. Only while some are waited for. */
const LOOK_EVERY_MS = 20;

/**
 * Ends what an earlier daemon left behind when it was killed, as its configuration asked for, so
 * that no program ever runs twice. Their output is read meanwhile, or they could not finish.
 */
export async function endSurvivors(ledger: Ledger, fleet: Fleet, log: Log): Promise<void> {
  await Promise.all(
    ledger.survivors().map(async (entry) => {
      fleet.listen(entry);
      log("warn", `stopping '${entry.name}' (pid ${entry.pid}), left by a daemon that was killed`);
      await end(entry, log);
    }),
  );
}

async function end(entry: Entry, log: Log): Promise<void> {
  const { pid, name, stopsignal, stopasgroup, killasgroup, stopwaitsecs } = entry;
  signalChild(pid, stopsignal, stopasgroup);
  let deadline = systemClock.monotonicMs() + stopwaitsecs * 1_000;
  while (isAlive(entry)) {
    if (systemClock.monotonicMs() >= deadline) {
      log("warn", `killing '${name}' (${pid}) with SIGKILL`);
      signalChild(pid, "SIGKILL", killasgroup);
      deadline += Math.max(stopwaitsecs, 1) * 1_000;
    }
    await new Promise<void>((resolve) => systemClock.after(LOOK_EVERY_MS, resolve));
  }
}
