import type { Bus } from "../events/bus.ts";
import { Fault } from "../faults.ts";
import { momentOf, systemClock } from "../os/clock.ts";
import { needsFirst } from "../process/needs.ts";
import { isRunning } from "../process/states.ts";
import { systemHandlers } from "../rpc/dispatch.ts";
import type { LogService } from "../rpc/http.ts";
import type { Handlers } from "../rpc/methods.ts";
import { version } from "../version.ts";
import { type ClearableLogs, clearHandlers } from "./clearlogs.ts";
import { configCalls } from "./configcalls.ts";
import type { Freezer } from "./freezer.ts";
import type { Hooks } from "./hooks.ts";
import { logCalls } from "./logcalls.ts";
import { ownCalls } from "./owncalls.ts";
import {
  forEach,
  quiet,
  reload,
  signalOne,
  signalWholeTree,
  start,
  stop,
  stopTogether,
} from "./processcalls.ts";
import type { Rollouts } from "./rollouts.ts";
import type { Roster } from "./roster.ts";
import type { Supervised } from "./supervised.ts";
import { treeOf, usagesOf } from "./trees.ts";
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
