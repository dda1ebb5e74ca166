import { Fault, type FaultName, faultCode, SUCCESS } from "../faults.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import { ServerError } from "../rpc/client.ts";
import type { MethodName } from "../rpc/methods.ts";
import type { FleetProcess, ProcessStatus } from "../rpc/results.ts";
import type { Command } from "./commands.ts";
import { freezeInJson } from "./freeze.ts";
import { everyGroup, takeOver, updateHooks } from "./groups.ts";
import { planned } from "./plan.ts";
import { explain } from "./problems.ts";
import { rolloutInJson } from "./rollout.ts";
import { scaleInJson } from "./scale.ts";
import { exit, type Session } from "./session.ts";
import { judge, readStatusWords, selectAll } from "./status.ts";
import { readMainTail, readTail } from "./tail.ts";
import { UsageError } from "./usage.ts";
import { verdictOf } from "./verdict.ts";

/** What a command answers to programs, and sets the exit code for. */
type Answer = (session: Session, words: readonly string[]) => Promise<unknown>;

/** Calls that do the same to one process, to a group, and to all. */
interface Calls {
  one: MethodName;
  group: MethodName | undefined;
  /** undefined: each group is named. */
  all: MethodName | undefined;
  more?: Readonly<Record<string, unknown>>;
  /** Already as wanted. */
  tolerated?: FaultName;
}

const start: Calls = {
  one: "supervisor.startProcess",
  group: "supervisor.startProcessGroup",
  all: "supervisor.startAllProcesses",
  more: { wait: true },
  tolerated: "ALREADY_STARTED",
};
const stop: Calls = {
  one: "supervisor.stopProcess",
  group: "supervisor.stopProcessGroup",
  all: "supervisor.stopAllProcesses",
  more: { wait: true },
  tolerated: "NOT_RUNNING",
};
const clear: Calls = {
  one: "supervisor.clearProcessLogs",
  group: undefined,
  all: "supervisor.clearAllProcessLogs",
};
const reloading: Calls = {
  one: "drover.reloadProcess",
  group: undefined,
  all: undefined,
};
const quieting: Calls = {
  one: "drover.quietProcess",
  group: undefined,
  all: undefined,
};
const signallingTrees = (signal: string): Calls => ({
  one: "drover.signalProcessTree",
  group: undefined,
  all: undefined,
  more: { signal },
});
const signalling = (signal: string): Calls => ({
  one: "supervisor.signalProcess",
  group: "supervisor.signalProcessGroup",
  all: "supervisor.signalAllProcesses",
  more: { signal },
});

/** The commands that take `--json`; logs, events, top, wait and why have one of their own. */
export const jsonAnswers: Readonly<Record<string, Answer>> = {
  add: (session, words) => eachGroup(session, "supervisor.addProcessGroup", words),
  avail: ({ client }) => client.call("supervisor.getAllConfigInfo", {}),
  clear: (session, words) => each(session, clear, words),
  pid: async (session, words) => {
    if (words.length === 0) return { pid: await session.client.call("supervisor.getPID", {}) };
    const isTree = words.includes("--tree");
    const found = await select(
      session,
      words.filter((word) => word !== "--tree"),
    );
    if (!isTree) return found.map(({ name, group, pid }) => ({ name, group, pid }));
    const treeOf = async ({ name, group, pid }: FleetProcess) => {
      const named = { name: `${group}:${name}` };
      const tree = pid > 0 ? await session.client.call("drover.getProcessTree", named) : [];
      return { name, group, pid, tree };
    };
    return Promise.all(found.map(treeOf));
  },
  quiet: (session, words) =>
    words.includes("all")
      ? session.client.call("drover.quietProcess", { name: "all" })
      : each(session, quieting, words),
  reload: async (session, words) => {
    if (words.length > 0) return each(session, reloading, words);
    return { restarting: await session.client.call("supervisor.restart", {}) };
  },
  remove: (session, words) => eachGroup(session, "supervisor.removeProcessGroup", words),
  reread: async ({ client }) => {
    const [[added, changed, removed]] = await client.call("supervisor.reloadConfig", {});
    return { added, changed, removed };
  },
  restart: async (session, given) => {
    const words = await withoutFresh(session, given);
    if (words.length === 0) return { stopped: [], started: [] };
    return words.includes("--rolling")
      ? await rolloutInJson(session, [...words.filter((word) => word !== "--rolling"), "--wait"])
      : {
          stopped: await each(session, stop, words),
          started: await each(session, start, words),
        };
  },
  rollout: rolloutInJson,
  scale: scaleInJson,
  shutdown: async ({ client }) => ({
    shutting_down: await client.call("supervisor.shutdown", {}),
  }),
  signal: (session, words) => {
    const isTree = words[0] === "--tree";
    const [signal = "", ...names] = isTree ? words.slice(1) : words;
    return each(session, isTree ? signallingTrees(signal) : signalling(signal), names);
  },
  start: (session, words) => each(session, start, words),
  status: async (session, words) => {
    const { names, judgedBy } = readStatusWords(words);
    const found = await select(session, names);
    if (judgedBy === "fleet") session.exitCode = verdictOf(found);
    else judge(session, found);
    return found;
  },
  stop: (session, words) => each(session, stop, words),
  freeze: freezeInJson,
  thaw: async ({ client }) => ({ thawed: await client.call("drover.thaw", {}) }),
  maintail: async (session, words) => ({ text: await readMainTail(session, words) }),
  tail: readTail,
  update: async (session, words) => {
    if (words.includes("--plan")) return await planned(session, words);
    const done: Record<string, string[]> = { added: [], updated: [], removed: [] };
    const failed: { group: string; reason: string }[] = [];
    await takeOver(session, words, (step, group) => {
      if (step === "troubled") failed.push({ group, reason: "FAILED" });
      else if (step === "unknown") failed.push({ group, reason: "BAD_NAME" });
      else done[step]?.push(group);
    });
    return { ...done, failed, hooks: await updateHooks(session, words) };
  },
  version: async ({ client }) => ({
    version: await client.call("supervisor.getSupervisorVersion", {}),
  }),
};

/** With --stale, the names of those that run something older in place of all that are named. */
async function withoutFresh(
  session: Session,
  words: readonly string[],
): Promise<readonly string[]> {
  if (!words.includes("--stale")) return words;
  const flags = words.filter((word) => word === "--rolling");
  const names = words.filter((word) => !word.startsWith("--"));
  const stale = (await select(session, names)).filter((process) => process.stale !== undefined);
  return stale.length === 0 ? [] : [...stale.map(namespec), ...flags];
}

/** What went wrong, in one line of JSON on stderr. */
export function tellInJson(session: Session, error: unknown, { missing }: Command): void {
  const trouble = troubleOf(error, session.client.url, missing);
  if (!trouble) throw error;
  const { exitCode, ...told } = trouble;
  session.complain(JSON.stringify({ error: told }));
  session.exitCode = exitCode;
}

function troubleOf(error: unknown, url: string, missing: number = exit.generic) {
  if (error instanceof UsageError) {
    return { reason: "USAGE", message: error.message, exitCode: error.exitCode };
  }
  if (error instanceof Fault) {
    return {
      reason: error.fault,
      message: error.message,
      exitCode: error.fault === "BAD_NAME" ? missing : exit.generic,
    };
  }
  if (!(error instanceof ServerError)) return undefined;
  const { line: message, remedy, exitCode } = explain(error, url);
  return { reason: error.reason, message, remedy, exitCode };
}

/** @throws Fault BAD_NAME for a name that there is not */
async function select(
  session: Session,
  names: readonly string[],
): Promise<readonly FleetProcess[]> {
  const all = await session.client.call("drover.getAllProcesses", { usage: false });
  return selectAll(session, all, names);
}

/** What has become of each group. */
async function eachGroup(
  session: Session,
  method: "supervisor.addProcessGroup" | "supervisor.removeProcessGroup",
  words: readonly string[],
): Promise<{ group: string; status: number; description: string }[]> {
  const results: { group: string; status: number; description: string }[] = [];
  for (const name of words) {
    try {
      await session.client.call(method, { name });
      results.push({ group: name, status: SUCCESS, description: "OK" });
    } catch (error) {
      if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
      results.push({ group: name, status: error.code, description: error.message });
      if (error.fault !== "ALREADY_ADDED") session.exitCode = exit.generic;
    }
  }
  return results;
}

/** What has become of each process; a fault is an answer of its own. */
async function each(
  session: Session,
  calls: Calls,
  words: readonly string[],
): Promise<ProcessStatus[]> {
  const results: ProcessStatus[] = [];
  for (const word of await targetsOf(session, calls.all, words)) {
    results.push(...(await resultsOf(session, calls, word)));
  }
  const fine = [SUCCESS, ...(calls.tolerated ? [faultCode(calls.tolerated)] : [])];
  if (results.some(({ status }) => !fine.includes(status))) session.exitCode = exit.generic;
  return results;
}

async function targetsOf(
  { client }: Session,
  all: MethodName | undefined,
  words: readonly string[],
): Promise<readonly string[]> {
  if (!words.includes("all")) return words;
  return all === undefined ? await everyGroup(client) : ["all"];
}

async function resultsOf(
  { client }: Session,
  { one, group: ofGroup, all, more = {} }: Calls,
  word: string,
): Promise<readonly ProcessStatus[]> {
  const { group, process: name } = parseNamespec(word);
  const isAll = word === "all" && all !== undefined;
  const method = isAll ? all : name === undefined ? (ofGroup ?? one) : one;
  const named = isAll ? {} : { name: name === undefined && ofGroup ? group : word };
  try {
    const done = await client.call(method, { ...named, ...more } as never);
    if (Array.isArray(done)) return done as ProcessStatus[];
    return [{ name: name ?? "", group, status: SUCCESS, description: "OK" }];
  } catch (error) {
    if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
    return [{ name: name ?? "", group, status: error.code, description: error.message }];
  }
}
