import type { Supervised } from "./supervised.ts";

type Group = readonly Supervised[];

/**
 * Stops one group after another, each only when nothing of the one before runs any more; inside a
 * group all members at once, in their order. Resolves when all are at rest.
 * @param reason for those who ask later why a child has ended
 */
export async function stopInTurn(groups: readonly Group[], reason: string): Promise<void> {
  // The next ones die while it is still told, logged and noted that these have.
  inTurn(groups, {
    begin: (process) => process.hasten(),
    whenDone: (process, act) => process.onceGone(act),
  });
  await new Promise<void>((resolve) => {
    inTurn(
      groups,
      {
        begin: (process) => process.stop(reason),
        whenDone: (process, act) => process.onceAtRest(act),
      },
      resolve,
    );
  });
}

interface Step {
  begin(process: Supervised): void;
  /** Calls `act` when it is done, at once if it is done already. */
  whenDone(process: Supervised, act: () => void): void;
}

/** Begins with a group when all of the one before is done. */
function inTurn(groups: readonly Group[], step: Step, finish: () => void = () => undefined): void {
  const rest = groups.values();
  let waiting = 0;
  const next = () => {
    while (waiting === 0) {
      const { value: group, done } = rest.next();
      if (done) {
        finish();
        return;
      }
      // One more, for this loop: what is done at once must not begin another one.
      waiting = group.length + 1;
      for (const process of group) step.begin(process);
      for (const process of group) step.whenDone(process, doneWithOne);
      waiting--;
    }
  };
  const doneWithOne = () => {
    waiting--;
    if (waiting === 0) next();
  };
  next();
}
