import { Fault, type FaultName, faultCode, SUCCESS } from "../faults.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import type { ProcessStatus } from "../rpc/methods.ts";
import { exit, type Session } from "./session.ts";

/** One of the two verbs: how it is called, and what its answers are called. */
interface Verb {
  one: "supervisor.startProcess" | "supervisor.stopProcess";
  group: "supervisor.startProcessGroup" | "supervisor.stopProcessGroup";
  all: "supervisor.startAllProcesses" | "supervisor.stopAllProcesses";
  done: string;
  /** Texts for the faults that are answers; others are shown as they came. */
  texts: Partial<Record<FaultName, string>>;
  /** Already as wanted: said, and no failure. */
  tolerated: FaultName;
  noSuchGroup: number;
}

const startVerb: Verb = {
  one: "supervisor.startProcess",
  group: "supervisor.startProcessGroup",
  all: "supervisor.startAllProcesses",
  done: "started",
  texts: {
    BAD_NAME: "no such process",
    NO_FILE: "no such file",
    NOT_EXECUTABLE: "file is not executable",
    ALREADY_STARTED: "already started",
    SPAWN_ERROR: "spawn error",
    ABNORMAL_TERMINATION: "abnormal termination",
  },
  tolerated: "ALREADY_STARTED",
  noSuchGroup: exit.badArguments,
};

const stopVerb: Verb = {
  one: "supervisor.stopProcess",
  group: "supervisor.stopProcessGroup",
  all: "supervisor.stopAllProcesses",
  done: "stopped",
  texts: { BAD_NAME: "no such process", NOT_RUNNING: "not running" },
  tolerated: "NOT_RUNNING",
  noSuchGroup: exit.generic,
};

export const start = (session: Session, words: readonly string[]) => run(session, startVerb, words);
export const stop = (session: Session, words: readonly string[]) => run(session, stopVerb, words);

/** As supervisorctl: a stop and then a start, and both answers. */
export async function restart(session: Session, words: readonly string[]): Promise<void> {
  await stop(session, words);
  await start(session, words);
}

async function run(session: Session, verb: Verb, words: readonly string[]): Promise<void> {
  if (words.includes("all")) {
    report(session, verb, await session.client.call(verb.all, { wait: true }));
    return;
  }
  for (const word of words) {
    const { group, process } = parseNamespec(word);
    if (process === undefined) await runGroup(session, verb, group);
    else await runOne(session, verb, word, { group, name: process });
  }
}

async function runGroup(session: Session, verb: Verb, group: string): Promise<void> {
  try {
    report(session, verb, await session.client.call(verb.group, { name: group, wait: true }));
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_NAME") throw error;
    session.print(`${group}: ERROR (no such group)`);
    session.exitCode = verb.noSuchGroup;
  }
}

async function runOne(
  session: Session,
  verb: Verb,
  word: string,
  named: { group: string; name: string },
): Promise<void> {
  try {
    await session.client.call(verb.one, { name: word, wait: true });
    report(session, verb, [{ ...named, status: SUCCESS, description: "OK" }]);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
    report(session, verb, [{ ...named, status: error.code, description: error.message }]);
  }
}

const failures = new Set(
  (["SPAWN_ERROR", "ABNORMAL_TERMINATION", "NOT_RUNNING"] as const).map(faultCode),
);

function report(session: Session, verb: Verb, statuses: readonly ProcessStatus[]): void {
  const texts = new Map(
    Object.entries(verb.texts).map(([fault, text]) => [faultCode(fault as FaultName), text]),
  );
  for (const result of statuses) {
    const { status, description } = result;
    const text = texts.get(status);
    if (status === SUCCESS) session.print(`${namespec(result)}: ${verb.done}`);
    else session.print(text ? `${namespec(result)}: ERROR (${text})` : description);
    if (status === SUCCESS || status === faultCode(verb.tolerated)) continue;
    session.exitCode = failures.has(status) ? exit.failed : exit.generic;
  }
}
