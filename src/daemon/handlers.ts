import { signalNamed } from "../config/kinds/words.ts";
import type { Bus } from "../events/bus.ts";
import { Fault, SUCCESS } from "../faults.ts";
import { momentOf, systemClock } from "../os/clock.ts";
import { CommandError } from "../os/command.ts";
import { isAtRest } from "../process/chart.ts";
import { needsFirst } from "../process/needs.ts";
import type { SignalName } from "../process/signals.ts";
import { isRunning } from "../process/states.ts";
import { systemHandlers } from "../rpc/dispatch.ts";
import type { LogService } from "../rpc/http.ts";
import type { Handlers } from "../rpc/methods.ts";
import type { ProcessStatus } from "../rpc/results.ts";
import { version } from "../version.ts";
import { type ClearableLogs, clearHandlers } from "./clearlogs.ts";
import { configCalls } from "./configcalls.ts";
import type { Freezer } from "./freezer.ts";
import type { Hooks } from "./hooks.ts";
import type { Log } from "./log.ts";
import { logCalls } from "./logcalls.ts";
import type { Needs } from "./needs.ts";
import { ownCalls } from "./owncalls.ts";
import type { Rollouts } from "./rollouts.ts";
import type { Roster } from "./roster.ts";
import type { Supervised } from "./supervised.ts";
import { signalTree, treeOf, usagesOf } from "./trees.ts";
import { detailsOf, listingOf, summaryOf } from "./view.ts";

export interface DaemonControls extends ClearableLogs {
  identifier: string;
  roster: Roster;
  hooks: Hooks;
  freezer: Freezer;
  rollouts: Rollouts;
  logs: LogService;
  events: Bus;
  shutdown(): void;
  restart(): void;
}

/** What the daemon answers to each method. While it goes down, only `system.*` answers. */
export function createHandlers(controls: DaemonControls): Handlers {
  const handlers: Handlers = { ...systemHandlers, ...supervisorHandlers(controls) };
  for (const name of Object.keys(handlers) as (keyof Handlers)[]) {
    if (!name.startsWith("supervisor.") && !name.startsWith("drover.")) continue;
    if (name === "supervisor.sendRemoteCommEvent") continue;
    const handle = handlers[name] as (params: unknown) => unknown;
    const guarded = (params: unknown) => {
      if (controls.fleet.closing) throw new Fault("SHUTDOWN_STATE");
      return handle(params);
    };
    Object.assign(handlers, { [name]: guarded });
  }
  return handlers;
}

type OwnHandlers = Omit<Handlers, keyof typeof systemHandlers>;

function supervisorHandlers(controls: DaemonControls): OwnHandlers {
  const { fleet, identifier, mainLog, log, roster } = controls;
  const { needs } = fleet;
  const one = (name: string): Supervised => {
    const found = fleet.find(name);
    if (Array.isArray(found)) throw new Fault("BAD_NAME", name);
    return found;
  };
  const startAll = (processes: readonly Supervised[], wait: boolean) =>
    forEach(
      needsFirst(
        processes.filter(({ state }) => !isRunning(state.name)),
        needs.of,
      ),
      (process) => start(process, nameOf(process), wait, { log, needs }),
    );
  const stopAll = (processes: readonly Supervised[], wait: boolean) =>
    stopTogether(
      wait,
      processes.filter(({ stoppable }) => stoppable),
      needs,
      (process) => stop(process, nameOf(process), wait, log),
    );
  const signalAll = (processes: readonly Supervised[], signal: string) =>
    forEach(
      processes.filter(({ signallable }) => signallable),
      (process) => signalOne(process, nameOf(process), signal),
    );
  return {
    "supervisor.getAPIVersion": () => "3.0",
    "supervisor.getSupervisorVersion": () => version(),
    "supervisor.getIdentification": () => identifier,
    "supervisor.getState": () => ({ statecode: 1, statename: "RUNNING" }),
    "supervisor.getPID": () => process.pid,
    "supervisor.shutdown": () => {
      controls.shutdown();
      return true;
    },
    "supervisor.restart": () => {
      controls.restart();
      return true;
    },
    "supervisor.startProcess": ({ name, wait }) => {
      const found = fleet.find(name);
      return Array.isArray(found)
        ? startAll(found, wait)
        : start(found, name, wait, { log, needs });
    },
    "supervisor.startProcessGroup": ({ name, wait }) => startAll(fleet.group(name), wait),
    "supervisor.startAllProcesses": ({ wait }) => startAll(fleet.ordered, wait),
    "supervisor.stopProcess": ({ name, wait }) => {
      const found = fleet.find(name);
      return Array.isArray(found) ? stopAll(found, wait) : stop(found, name, wait, log);
    },
    "supervisor.stopProcessGroup": ({ name, wait }) => stopAll(fleet.group(name), wait),
    "supervisor.stopAllProcesses": ({ wait }) => stopAll(fleet.ordered, wait),
    "supervisor.signalProcess": ({ name, signal }) => {
      const found = fleet.find(name);
      return Array.isArray(found) ? signalAll(found, signal) : signalOne(found, name, signal);
    },
    "supervisor.signalProcessGroup": ({ name, signal }) => signalAll(fleet.group(name), signal),
    "supervisor.signalAllProcesses": ({ signal }) => signalAll(fleet.ordered, signal),
    "supervisor.getProcessInfo": ({ name }) => {
      const process = one(name);
      const dropped_events = fleet.droppedEvents(process.config.group);
      return {
        ...detailsOf(process, momentOf(systemClock)),
        ...(dropped_events !== undefined && { dropped_events }),
      };
    },
    "supervisor.getAllProcessInfo": () => {
      const moment = momentOf(systemClock);
      return fleet.listed.map((process) => listingOf(process, moment));
    },
    "drover.freeze": ({ seconds }) => {
      if (seconds < 1 || seconds > LONGEST_FREEZE) {
        throw new Fault("BAD_ARGUMENTS", `expected 1 to ${LONGEST_FREEZE} seconds, got ${seconds}`);
      }
      controls.freezer.freeze(seconds * 1_000);
      return true;
    },
    "drover.thaw": () => controls.freezer.thaw(),
    "drover.getAllProcesses": ({ usage }) => {
      const moment = momentOf(systemClock);
      const all = fleet.listed.map((process) =>
        summaryOf(process, moment, controls.freezer.untilMs),
      );
      if (!usage) return all;
      const usages = usagesOf(fleet.listed);
      return all.map((process, at) => ({ ...process, usage: usages[at] ?? null }));
    },
    "drover.getProcessTree": ({ name }) => treeOf(one(name)),
    "drover.signalProcessTree": ({ name, signal }) => {
      const found = fleet.find(name);
      return Array.isArray(found)
        ? forEach(
            found.filter(({ signallable }) => signallable),
            (process) => signalWholeTree(process, signal),
          )
        : signalWholeTree(found, signal);
    },
    "drover.reloadProcess": ({ name }) => {
      const found = fleet.find(name);
      return Array.isArray(found)
        ? forEach(
            found.filter(({ pid }) => pid > 0),
            (process) => reload(process, nameOf(process)),
          )
        : reload(found, name);
    },
    "drover.quietProcess": ({ name }) => {
      const isAll = name === "all";
      const found = isAll ? [...fleet.listed] : fleet.find(name);
      if (!Array.isArray(found)) return quiet(found, name);
      const isMeant = ({ config, state }: Supervised) =>
        state.name === "RUNNING" && !(isAll && config.quietsignal === undefined);
      return forEach(found.filter(isMeant), (process) => quiet(process, nameOf(process)));
    },
    "supervisor.sendRemoteCommEvent": ({ type, data }) => {
      controls.events.emit("REMOTE_COMMUNICATION", { type, data });
      return true;
    },
    ...configCalls(roster, controls.hooks),
    ...ownCalls({
      ...{ logs: controls.logs, rollouts: controls.rollouts, process: one },
      find: (name) => fleet.find(name),
    }),
    ...clearHandlers(controls),
    ...logCalls({ mainLog, sinks: controls.sinks, process: one }),
  };
}

/** In seconds. Whoever forgets to thaw has forgotten it by then. */
const LONGEST_FREEZE = 86_400;

const nameOf = ({ config }: Supervised): string => config.name;

/** Does the same to several processes at once; the statuses come in the order of completion. */
async function forEach(
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
function stopTogether(
  wait: boolean,
  processes: readonly Supervised[],
  needs: Needs,
  act: (process: Supervised) => Promise<true>,
): Promise<ProcessStatus[]> {
  return forEach(processes, async (process) => {
    const first = [...needs.dependentsOf(process)].filter((each) => processes.includes(each));
    if (first.length === 0) return act(process);
    const done = Promise.all(first.map((each) => each.until(isAtRest))).then(
      () => !process.stoppable || act(process),
    );
    return wait ? done : true;
  });
}

/** supervisord's order of checks: the command first, then the state, then the spawn. */
async function start(
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

async function stop(process: Supervised, name: string, wait: boolean, log: Log): Promise<true> {
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
async function signalOne(process: Supervised, name: string, given: string): Promise<true> {
  const signal = signalNamed(given);
  if (signal === undefined) throw new Fault("BAD_SIGNAL", given);
  if (!process.signallable) throw new Fault("NOT_RUNNING", name);
  send(process, name, signal);
  return true;
}

async function signalWholeTree(process: Supervised, given: string): Promise<true> {
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

async function quiet(process: Supervised, name: string): Promise<true> {
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

async function reload(process: Supervised, name: string): Promise<true> {
  const { reloadsignal } = process.config;
  if (reloadsignal === undefined) {
    throw new Fault("BAD_ARGUMENTS", `${name} has no reloadsignal=`);
  }
  send(process, name, reloadsignal);
  return true;
}
