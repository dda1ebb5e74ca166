import { constants } from "node:os";
import type { SupervisordValues } from "../config/options/supervisord.ts";
import { namespec } from "../process/order.ts";
import type { ExitRecord } from "../process/record.ts";
import type { Supervised } from "./supervised.ts";

type Wishes = Pick<SupervisordValues, "exit_on_fatal" | "exit_code_from">;

/**
 * Whether the state of a process is the end of the daemon, as a container is to end with what it is
 * there for.
 * @returns the daemon's exit code, and why; undefined when it goes on
 */
export function endOfDaemon(
  process: Supervised,
  { exit_on_fatal, exit_code_from }: Wishes,
): { exitCode: number; why: string } | undefined {
  const { state } = process;
  const isOver = state.name === "FATAL" || (state.name === "EXITED" && !state.restarting);
  if (!isOver) return undefined;
  const name = namespec(process.config);
  if (name === exit_code_from) {
    return { exitCode: exitCodeOf(process.lastExit), why: `${name} has ended (exit_code_from)` };
  }
  return exit_on_fatal && state.name === "FATAL"
    ? { exitCode: 1, why: `${name} is FATAL (exit_on_fatal)` }
    : undefined;
}

/** As a shell tells it: 128 and its number for a signal; 1 for a process that never ran. */
function exitCodeOf(exit: ExitRecord | undefined): number {
  if (!exit) return 1;
  if (exit.signal !== null) {
    return 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
  }
  return exit.code ?? 1;
}
