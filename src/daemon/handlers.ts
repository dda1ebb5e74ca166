import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Fault, SUCCESS } from "../faults.ts";
import { type Range, readRange, tailRange } from "../logs/range.ts";
import { CommandError } from "../os/command.ts";
import { unless } from "../os/errno.ts";
import { isAtRest } from "../process/chart.ts";
import { isRunning } from "../process/states.ts";
import { systemHandlers } from "../rpc/dispatch.ts";
import type { Handlers, ProcessStatus } from "../rpc/methods.ts";
import { version } from "../version.ts";
import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import type { Supervised } from "./supervised.ts";

export interface DaemonControls {
  fleet: Fleet;
  identifier: string;
  log: Log;
  shutdown(): void;
  restart(): void;
}

/** What the daemon answers to each method. While it goes down, only `system.*` answers. */
export function createHandlers(controls: DaemonControls): Handlers {
  const handlers: Handlers = { ...systemHandlers, ...supervisorHandlers(controls) };
  for (const name of Object.keys(handlers) as (keyof Handlers)[]) {
    if (!name.startsWith("supervisor.")) continue;
    const handle = handlers[name] as (params: unknown) => unknown;
    const guarded = (params: unknown) => {
      if (controls.fleet.closing) throw new Fault("SHUTDOWN_STATE");
      return handle(params);
    };
    Object.assign(handlers, { [name]: guarded });
  }
  return handlers;
}

function supervisorHandlers(controls: DaemonControls): Omit<Handlers, `system.${string}`> {
  const { fleet, identifier, log } = controls;
  const one = (name: string): Supervised => {
    const found = fleet.find(name);
    if (Array.isArray(found)) throw new Fault("BAD_NAME", name);
    return found;
  };
  const startAll = (processes: readonly Supervised[], wait: boolean) =>
    forEach(
      processes.filter(({ state }) => !isRunning(state.name)),
      (process) => start(process, nameOf(process), wait, log),
    );
  const stopAll = (processes: readonly Supervised[], wait: boolean) =>
    forEach(
      processes.filter(({ stoppable }) => stoppable),
      (process) => stop(process, nameOf(process), wait, log),
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
      return Array.isArray(found) ? startAll(found, wait) : start(found, name, wait, log);
    },
    "supervisor.startProcessGroup": ({ name, wait }) => startAll(fleet.group(name), wait),
    "supervisor.startAllProcesses": ({ wait }) => startAll(fleet.ordered, wait),
    "supervisor.stopProcess": ({ name, wait }) => {
      const found = fleet.find(name);
      return Array.isArray(found) ? stopAll(found, wait) : stop(found, name, wait, log);
    },
    "supervisor.stopProcessGroup": ({ name, wait }) => stopAll(fleet.group(name), wait),
    "supervisor.stopAllProcesses": ({ wait }) => stopAll(fleet.ordered, wait),
    "supervisor.getProcessInfo": ({ name }) => one(name).info(),
    "supervisor.getAllProcessInfo": () => fleet.listed.map((process) => process.info()),
    "supervisor.readProcessStdoutLog": ({ name, offset, length }) =>
      readLog(one(name).logfile("stdout"), offset, length),
    "supervisor.readProcessStderrLog": ({ name, offset, length }) =>
      readLog(one(name).logfile("stderr"), offset, length),
    "supervisor.tailProcessStdoutLog": ({ name, offset, length }) =>
      tailLog(one(name).logfile("stdout"), offset, length),
    "supervisor.tailProcessStderrLog": ({ name, offset, length }) =>
      tailLog(one(name).logfile("stderr"), offset, length),
  };
}

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

/** supervisord's order of checks: the command first, then the state, then the spawn. */
async function start(process: Supervised, name: string, wait: boolean, log: Log): Promise<true> {
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

async function stop(process: Supervised, name: string, wait: boolean, log: Log): Promise<true> {
  if (!process.stoppable) throw new Fault("NOT_RUNNING", name);
  process.stop();
  if (!wait || isAtRest(process.state)) return true;
  log("info", `waiting for ${process.config.name} to stop`);
  await process.until(isAtRest);
  return true;
}

/** @throws Fault NO_FILE, BAD_ARGUMENTS */
function readLog(path: string | undefined, offset: number, length: number): string {
  if (path === undefined) throw new Fault("NO_FILE");
  const text = readFile(path, (size) => {
    const range = readRange(size, offset, length);
    if (!range) throw new Fault("BAD_ARGUMENTS");
    return range;
  });
  if (text === undefined) throw new Fault("NO_FILE", path);
  return text;
}

function tailLog(
  path: string | undefined,
  offset: number,
  length: number,
): [string, number, boolean] {
  let answer: [number, boolean] = [0, false];
  const text =
    path === undefined
      ? undefined
      : readFile(path, (size) => {
          const tail = tailRange(size, offset, length);
          answer = [tail.next, tail.overflow];
          return tail;
        });
  return text === undefined ? ["", 0, false] : [text, ...answer];
}

/** The chosen part of a file as text; undefined when there is no such file. */
function readFile(path: string, choose: (size: number) => Range): string | undefined {
  const fd = unless(["ENOENT", "ENOTDIR", "EACCES"], () => openSync(path, "r"));
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    // A terminal or a FIFO has nothing to give back, and reading it would wait.
    if (!stat.isFile()) return undefined;
    const { offset, length } = choose(stat.size);
    const bytes = Buffer.alloc(Math.min(length, LONGEST_ANSWER));
    const start = offset + length - bytes.length;
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start)).toString("utf8");
  } finally {
    closeSync(fd);
  }
}

/** A larger part of a log is cut to its last bytes: it would pass through the daemon's memory. */
const LONGEST_ANSWER = 4 * 2 ** 20;
