import { collectOrphans, handOverOrphans } from "../os/children.ts";
import { describeExit } from "../process/exit.ts";
import type { World } from "./world.ts";

/**
 * Collects what nobody else does: as process 1 of a container all orphans, and with stoptree those
 * of our own children, which the kernel then hands to droverd instead of process 1.
 */
export function adoptOrphans(
  { log, clearing }: Pick<World, "log" | "clearing">,
  { stoptree }: { stoptree: boolean },
): void {
  const isInit = process.pid === 1;
  if (!isInit && !stoptree) return;
  const collects = collectOrphans((pid, { exit }) => {
    log("info", `reaped unknown pid ${pid} (${describeExit(exit)})`);
    clearing.nudge();
  });
  if (collects) handOverOrphans();
  else if (isInit) {
    log(
      "warn",
      "droverd runs as process 1 and cannot collect orphans without the optional package koffi: " +
        "install it, or put an init in front (docker run --init)",
    );
  }
}
