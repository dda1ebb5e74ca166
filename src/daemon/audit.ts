import type { Clock } from "../os/clock.ts";
import type { Audit } from "../rpc/door.ts";
import type { Log } from "./log.ts";

/** Whoever tries passwords is to fill no disk with it. */
const REFUSALS_EVERY_MS = 1_000;

/** Writes into the daemon's log who has changed what, and who was not let in. */
export function createAudit(log: Log, clock: Pick<Clock, "monotonicMs">): Audit {
  let loggedAt: number | undefined;
  let untold = 0;
  return {
    done: (text, { caller, method }) =>
      log("info", `audit: ${text}`, { audit: { method, caller } }),
    refused(text, caller) {
      const now = clock.monotonicMs();
      if (loggedAt !== undefined && now - loggedAt < REFUSALS_EVERY_MS) {
        untold++;
        return;
      }
      const more = untold > 0 ? ` (and ${untold} others refused since the last such line)` : "";
      log("warn", `audit: refused: ${text}${more}`, { audit: { caller, refused: untold + 1 } });
      [loggedAt, untold] = [now, 0];
    },
  };
}
