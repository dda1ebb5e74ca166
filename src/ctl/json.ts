import { Fault, type FaultName, faultCode, SUCCESS } from "../faults.ts";
import { parseNamespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import { ServerError } from "../rpc/client.ts";
import type { MethodName } from "../rpc/methods.ts";
import type { ListedProcess, ProcessStatus } from "../rpc/results.ts";
import { explain } from "./problems.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** What a command answers to programs, and sets the exit code for. */
type Answer = (session: Session, words: readonly string[]) => Promise<unknown>;

/** Calls that do the same to one process, to a group, and to all. */
interface Calls {
  one: MethodName;
  group: MethodName | undefined;
  all: MethodName;
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
const signalling = (signal: string): Calls => ({
  one: "supervisor.signalProcess",
  group: "supervisor.signalProcessGroup",
  all: "supervisor.signalAllProcesses",
  more: { signal },
});

/** The commands that take `--json`; logs, events and why have one of their own. */
export const jsonAnswers: Readonly<Record<string, Answer>> = {
  avail: ({ client }) => client.call("supervisor.getAllConfigInfo", {}),
  clear: (session, words) => each(session, clear, words),
  pid: async (session, words) => {
    if (words.length === 0) return { pid: await session.client.call("supervisor.getPID", {}) };
    const found = await select(session, words);
    return found.map(({ name, group, pid }) => ({ name, group, pid }));
  },
  reread: async ({ client }) => {
    const [[added, changed, removed]] = await client.call("supervisor.reloadConfig", {});
    return { added, changed, removed };
  },
  restart: async (session, words) => ({
    stopped: await each(session, stop, words),
    started: await each(session, start, words),
  }),
  signal: (session, [signal = "", ...words]) => each(session, signalling(signal), words),
  start: (session, words) => each(session, start, words),
  status: async (session, words) => {
    const found = await select(session, words.length === 0 ? ["all"] : words);
    if (found.some(({ statename }) => isStopped(statename))) session.exitCode ||= exit.notRunning;
    return found;
  },
  stop: (session, words) => each(session, stop, words),
  version: async ({ client }) => ({
    version: await client.call("supervisor.getSupervisorVersion", {}),
  }),
};

/** Answers in one line of JSON on stdout; what goes wrong is one on stderr. */
export async function answerInJson(
  session: Session,
  answer: Answer,
  read: () => Promise<readonly string[]>,
): Promise<void> {
  try {
    session.print(JSON.stringify(await answer(session, await read())));
  } catch (error) {
    const trouble = troubleOf(error, session.client.url);
    if (!trouble) throw error;
    const { exitCode, ...told } = trouble;
    session.complain(JSON.stringify({ error: told }));
    session.exitCode = exitCode;
  }
}

function troubleOf(error: unknown, url: string) {
  if (error instanceof UsageError) {
    return { reason: "USAGE", message: error.message, exitCode: error.exitCode };
  }
  if (error instanceof Fault) {
    return { reason: error.fault, message: error.message, exitCode: exit.generic };
  }
  if (!(error instanceof ServerError)) return undefined;
  const { line: message, remedy, exitCode } = explain(error, url);
  return { reason: error.reason, message, remedy, exitCode };
}

/** @throws Fault BAD_NAME for a name that there is not */
async function select({ client }: Session, words: readonly string[]): Promise<ListedProcess[]> {
  const all = await client.call("supervisor.getAllProcessInfo", {});
  if (words.includes("all")) return all;
  return words.flatMap((word) => {
    const { group, process } = parseNamespec(word);
    const found = all.filter(
      (info) => info.group === group && (process === undefined || info.name === process),
    );
    if (found.length === 0) throw new Fault("BAD_NAME", word);
    return found;
  });
}

/** What has become of each process; a fault is an answer of its own. */
async function each(
  session: Session,
  calls: Calls,
  words: readonly string[],
): Promise<ProcessStatus[]> {
  const results: ProcessStatus[] = [];
  for (const word of words.includes("all") ? ["all"] : words) {
    results.push(...(await resultsOf(session, calls, word)));
  }
  const fine = [SUCCESS, ...(calls.tolerated ? [faultCode(calls.tolerated)] : [])];
  if (results.some(({ status }) => !fine.includes(status))) session.exitCode = exit.generic;
  return results;
}

async function resultsOf(
  { client }: Session,
  { one, group: ofGroup, all, more = {} }: Calls,
  word: string,
): Promise<readonly ProcessStatus[]> {
  const { group, process: name } = parseNamespec(word);
  const method = word === "all" ? all : name === undefined ? (ofGroup ?? one) : one;
  const named = word === "all" ? {} : { name: name === undefined && ofGroup ? group : word };
  try {
    const done = await client.call(method, { ...named, ...more } as never);
    if (Array.isArray(done)) return done as ProcessStatus[];
    return [{ name: name ?? "", group, status: SUCCESS, description: "OK" }];
  } catch (error) {
    if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
    return [{ name: name ?? "", group, status: error.code, description: error.message }];
  }
}
