import { signalChild } from "../os/children.ts";
import { describeExit } from "../process/exit.ts";
import type { ChildMaker } from "./child.ts";
import { SpawnError } from "./errors.ts";

export interface StopCommand {
  command: string;
  /** Of the process that it is to end. */
  mainPid: number;
  /** It could not be run, or did not exit with 0. */
  onFailure(why: string): void;
}

/** Runs a stop command beside its process. @returns a way to end it, with all in its group */
export function runStopCommand(
  maker: ChildMaker,
  { command, mainPid, onFailure }: StopCommand,
): () => void {
  let pid: number | undefined;
  let abandoned = false;
  const fail = (why: string) => {
    if (!abandoned) onFailure(why);
  };
  try {
    maker.spawnBeside(command, mainPid, {
      started(started) {
        pid = started;
      },
      failed: fail,
      exited(exit) {
        pid = undefined;
        if (!("code" in exit) || exit.code !== 0) fail(describeExit(exit));
      },
    });
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    // Not within the step of the chart that has asked for it.
    queueMicrotask(() => fail(error.message));
  }
  return () => {
    abandoned = true;
    if (pid !== undefined) signalChild(pid, "SIGKILL", true);
  };
}
