import { signalNamed } from "../config/kinds/words.ts";
import { Fault, SUCCESS } from "../faults.ts";
import { CommandError } from "../os/command.ts";
import { isAtRest } from "../process/chart.ts";
import type { SignalName } from "../process/signals.ts";
import { isRunning } from "../process/states.ts";
import type { ProcessStatus } from "../rpc/results.ts";
import type { Log } from "./log.ts";
import type { Needs } from "./needs.ts";
import type { Supervised } from "./supervised.ts";
import { signalTree } from "./trees.ts";

/** Does the same to several processes at once; the statuses come in the order of completion. */
export async function forEach(
  processes: readonly Supervised[],
  act: (process: Supervised) => Promise<true>,
): Promise<ProcessStatus[]> {
  const statuses: ProcessStatus[] = [];
  await Promise.all(
    processes.map(async (process) => {
      const { name, group } = process.config;
      try {
        await act(process);
        statuses.push({ name, group, status: SUCCESS, description: "OK" });
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        statuses.push({ name, group, status: error.code, description: error.message });
      }
    }),
  );
  return statuses;
}

/** Each once those are down that need it, of those that are stopped with it. */
export function stopTogether(
  wait: boolean,
  processes: readonly Supervised[],
  needs: Needs,
  act: (process: Supervised) => Promise<true>,
): Promise<ProcessStatus[]> {
  const together = new Set(processes);
  return forEach(processes, async (process) => {
    const first = [...needs.dependentsOf(process)].filter((each) => together.has(each));
    if (first.length === 0) return act(process);
    const done = Promise.all(first.map((each) => each.until(isAtRest))).then(
      () => !process.stoppable || act(process),
    );
    return wait ? done : true;
  });
}

/** supervisord's order of checks: the command first, then the state, then the spawn. */
export async function start(
  process: Supervised,
  name: string,
  wait: boolean,
  { log, needs }: { log: Log; needs: Needs },
): Promise<true> {
  checkCommand(process);
  const { state } = process;
  if (isRunning(state.name)) throw new Fault("ALREADY_STARTED", name);
  if (state.name === "UNKNOWN") {
    throw new Fault("FAILED", `${name} is in an unknown process state`);
  }
  if (state.name === "STOPPING") {
    log("warn", `process '${process.config.name}' already running`);
    if (wait) throw new Fault("ABNORMAL_TERMINATION", name);
    return true;
  }
  process.start();
  if (process.waits) {
    if (!wait) return true;
    await process.until(() => !process.waits || needs.isHopeless(process));
    // It goes on waiting, or somebody has stopped it.
    if (!isRunning(process.state.name)) throw new Fault("ABNORMAL_TERMINATION", name);
  }
  const tried = await process.until((now) => now.name !== "STARTING" || now.spawned);
  if (process.spawnerr !== "") throw new Fault("SPAWN_ERROR", name);
  if (!wait) return true;
  const settled =
    tried.name === "STARTING" ? await process.until((now) => now.name !== "STARTING") : tried;
  if (settled.name === "RUNNING") return true;
  throw new Fault(process.spawnerr === "" ? "ABNORMAL_TERMINATION" : "SPAWN_ERROR", name);
}

function checkCommand(process: Supervised): void {
  try {
    process.maker.command();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Fault(error.missing ? "NO_FILE" : "NOT_EXECUTABLE", error.message, { cause: error });
  }
}

/** How often the log says for whom a client waits. */
const REPORT_MS = 2_000;

export async function stop(
  process: Supervised,
  name: string,
  wait: boolean,
  log: Log,
): Promise<true> {
  if (!process.stoppable) throw new Fault("NOT_RUNNING", name);
  process.stop();
  if (!wait || isAtRest(process.state)) return true;
  const report = () => log("info", `waiting for ${process.config.name} to stop`);
  report();
  const reporting = setInterval(report, REPORT_MS);
  await process.until(isAtRest);
  clearInterval(reporting);
  return true;
}

/** As in supervisord the signal is looked at before the state. */
export async function signalOne(process: Supervised, name: string, given: string): Promise<true> {
  const signal = signalNamed(given);
  if (signal === undefined) throw new Fault("BAD_SIGNAL", given);
  if (!process.signallable) throw new Fault("NOT_RUNNING", name);
  send(process, name, signal);
  return true;
}

export async function signalWholeTree(process: Supervised, given: string): Promise<true> {
  const signal = signalNamed(given);
  if (signal === undefined) throw new Fault("BAD_SIGNAL", given);
  signalTree(process, signal);
  return true;
}

/** @throws Fault NOT_RUNNING, FAILED */
function send(process: Supervised, name: string, signal: SignalName): void {
  try {
    if (process.signal(signal)) return;
  } catch (error) {
    throw new Fault("FAILED", `cannot send ${signal} to ${name}: ${error}`, { cause: error });
  }
  throw new Fault("NOT_RUNNING", name);
}

export async function quiet(process: Supervised, name: string): Promise<true> {
  if (process.config.quietsignal === undefined) {
    throw new Fault("BAD_ARGUMENTS", `${name} has no quietsignal=`);
  }
  if (process.state.name !== "RUNNING") throw new Fault("NOT_RUNNING", name);
  try {
    if (process.quiet()) return true;
  } catch (error) {
    throw new Fault("FAILED", `cannot signal ${name}: ${error}`, { cause: error });
  }
  throw new Fault("NOT_RUNNING", name);
}

export async function reload(process: Supervised, name: string): Promise<true> {
  const { reloadsignal } = process.config;
  if (reloadsignal === undefined) {
    throw new Fault("BAD_ARGUMENTS", `${name} has no reloadsignal=`);
  }
  send(process, name, reloadsignal);
  return true;
}
