import { Fault, type FaultName, faultCode, SUCCESS } from "../faults.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import { ServerError } from "../rpc/client.ts";
import type { ProcessStatus } from "../rpc/results.ts";
import { everyGroup } from "./groups.ts";
import { explain } from "./problems.ts";
import type { Wait } from "./progress.ts";
import { exit, type Session } from "./session.ts";
import { selectAll } from "./status.ts";
import { UsageError } from "./usage.ts";
import { waitFor } from "./waitfor.ts";

/** Restarts the daemon; with names, asks processes to read their own configuration again. */
export async function reload(session: Session, words: readonly string[]): Promise<void> {
  if (words.length > 0) {
    for (const word of words) await reloadOne(session, word);
    return;
  }
  const question = "Really restart the remote supervisord process y/N? ";
  if (session.interactive && !(await session.confirm(question))) return;
  try {
    await session.client.call("supervisor.restart", {});
    session.print("Restarted supervisord");
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "SHUTDOWN_STATE") throw error;
    session.print("ERROR: already shutting down");
    session.exitCode = exit.generic;
  }
}

export async function shutdown(session: Session): Promise<void> {
  const question = "Really shut the remote supervisord process down y/N? ";
  if (session.interactive && !(await session.confirm(question))) return;
  try {
    await session.client.call("supervisor.shutdown", {});
    session.print("Shut down");
  } catch (error) {
    if (error instanceof Fault && error.fault === "SHUTDOWN_STATE") {
      session.print("ERROR: already shutting down");
    } else if (error instanceof ServerError && ["ENOENT", "ECONNREFUSED"].includes(error.reason)) {
      session.print(`ERROR: ${explain(error, session.client.url).line} (already shut down?)`);
      session.exitCode = exit.generic;
    } else throw error;
  }
}

const reloadOne = (session: Session, word: string) =>
  askOne(session, word, "drover.reloadProcess", reloadVerb);

/** `quiet NAME...|GROUP:*|all` */
export async function quiet(session: Session, words: readonly string[]): Promise<void> {
  const names = words.includes("all") ? ["all"] : words;
  for (const word of names) await askOne(session, word, "drover.quietProcess", quietVerb);
}

async function askOne(
  session: Session,
  word: string,
  method: "drover.reloadProcess" | "drover.quietProcess",
  verb: Answers,
): Promise<void> {
  const { group, process: name = "*" } = parseNamespec(word);
  try {
    const done = await session.client.call(method, { name: word });
    const ok = { group, name, status: SUCCESS, description: "OK" };
    const told = done === true ? [ok] : done.map(inWords);
    if (told.length === 0) session.print(`${word}: nothing that runs can be asked`);
    report(session, verb, told);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
    report(session, verb, [
      { group, name, status: error.code, description: `${word}: ERROR (${error.detail})` },
    ]);
  }
}

/** One of several, as one by its name is told of. */
function inWords(result: ProcessStatus): ProcessStatus {
  const why = result.description.replace(/^[A-Z_]+: /, "");
  return { ...result, description: `${namespec(result)}: ERROR (${why})` };
}

/** What the answers of a verb are called. */
interface Answers {
  done: string;
  /** Texts for the faults that are answers; others are shown as they came. */
  texts: Partial<Record<FaultName, string>>;
  /** Already as wanted: said, and no failure. */
  tolerated?: FaultName;
}

const reloadVerb: Answers = {
  done: "signalled",
  texts: { BAD_NAME: "no such process", NOT_RUNNING: "not running" },
};

const quietVerb: Answers = {
  done: "asked to take no more jobs",
  texts: { BAD_NAME: "no such process", NOT_RUNNING: "not running" },
};

const clearVerb: Answers = {
  done: "cleared",
  texts: { BAD_NAME: "no such process", FAILED: "failed" },
};

/** Begins logs anew. As in supervisorctl a group has none: it is told as a process named None. */
export async function clear(session: Session, words: readonly string[]): Promise<void> {
  if (words.includes("all")) {
    report(session, clearVerb, await session.client.call("supervisor.clearAllProcessLogs", {}));
    return;
  }
  for (const word of words) {
    const { group, process: name = "None" } = parseNamespec(word);
    const call = session.client.call("supervisor.clearProcessLogs", { name: word });
    report(session, clearVerb, [await statusOf(call, { group, name })]);
  }
}

/** What has become of one process in a call that answers true or a fault. */
async function statusOf(
  call: Promise<unknown>,
  named: { group: string; name: string },
): Promise<ProcessStatus> {
  try {
    await call;
    return { ...named, status: SUCCESS, description: "OK" };
  } catch (error) {
    if (!(error instanceof Fault) || error.fault === "SHUTDOWN_STATE") throw error;
    return { ...named, status: error.code, description: error.message };
  }
}

const signalVerb: Answers = {
  done: "signalled",
  texts: {
    BAD_NAME: "no such process",
    BAD_SIGNAL: "bad signal name",
    NOT_RUNNING: "not running",
  },
};

/** `signal SIG NAME...|GROUP:*|all` */
export async function signal(session: Session, words: readonly string[]): Promise<void> {
  if (words[0] === "--tree") {
    await signalTrees(session, words.slice(1));
    return;
  }
  const [sig = "", ...names] = words;
  const { client } = session;
  if (names.length === 0) {
    throw new UsageError("Error: signal requires a signal name and a process name", true);
  }
  if (names.includes("all")) {
    report(
      session,
      signalVerb,
      await client.call("supervisor.signalAllProcesses", { signal: sig }),
    );
    return;
  }
  for (const word of names) {
    const { group, process } = parseNamespec(word);
    if (process === undefined) {
      const call = client.call("supervisor.signalProcessGroup", { name: group, signal: sig });
      await reportGroup(session, signalVerb, group, call);
    } else {
      const call = client.call("supervisor.signalProcess", { name: word, signal: sig });
      report(session, signalVerb, [await statusOf(call, { group, name: process })]);
    }
  }
}

/** `signal --tree SIG NAME...`: to each child and to all that descends from it. */
async function signalTrees(session: Session, [sig = "", ...names]: readonly string[]) {
  const { client } = session;
  if (names.length === 0) {
    throw new UsageError("Error: signal requires a signal name and a process name", true);
  }
  for (const word of names.includes("all") ? await everyGroup(client) : names) {
    const { group, process: name = "*" } = parseNamespec(word);
    const call = client.call("drover.signalProcessTree", { name: word, signal: sig });
    if (name === "*") {
      await reportGroup(session, signalVerb, group, call as Promise<readonly ProcessStatus[]>);
    } else report(session, signalVerb, [await statusOf(call, { group, name })]);
  }
}

/** One of the two verbs: how it is called, and what its answers are called. */
interface Verb extends Answers, Pick<Wait, "doing" | "isDone"> {
  one: "supervisor.startProcess" | "supervisor.stopProcess";
  group: "supervisor.startProcessGroup" | "supervisor.stopProcessGroup";
  all: "supervisor.startAllProcesses" | "supervisor.stopAllProcesses";
  noSuchGroup: number;
}

const startVerb: Verb = {
  one: "supervisor.startProcess",
  group: "supervisor.startProcessGroup",
  all: "supervisor.startAllProcesses",
  doing: "starting",
  isDone: (state) => state !== "STARTING" && state !== "BACKOFF",
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
  doing: "stopping",
  isDone: isStopped,
  done: "stopped",
  texts: { BAD_NAME: "no such process", NOT_RUNNING: "not running" },
  tolerated: "NOT_RUNNING",
  noSuchGroup: exit.generic,
};

export const start = (session: Session, words: readonly string[]) => run(session, startVerb, words);
export const stop = (session: Session, words: readonly string[]) => run(session, stopVerb, words);

/** Of these, or of all, those that run something older than what would be started now. */
async function restartStale(session: Session, words: readonly string[]): Promise<void> {
  const isRolling = words.includes("--rolling");
  const names = words.filter((word) => word !== "--rolling");
  const all = await session.client.call("drover.getAllProcesses", { usage: false });
  const stale = selectAll(session, all, names).filter((process) => process.stale !== undefined);
  if (stale.length === 0) {
    if (session.exitCode === 0) session.print("no process is of an older release");
    return;
  }
  if (!isRolling) {
    await restart(session, stale.map(namespec));
    return;
  }
  // A rollout is one group's.
  for (const group of new Set(stale.map((process) => process.group))) {
    const members = stale.filter((process) => process.group === group).map(namespec);
    await restart(session, [...members, "--rolling"]);
  }
}

/** As supervisorctl: a stop and then a start, and both answers. */
export async function restart(session: Session, words: readonly string[]): Promise<void> {
  if (words.includes("--stale")) {
    await restartStale(
      session,
      words.filter((word) => word !== "--stale"),
    );
    return;
  }
  if (words.includes("--rolling")) {
    const others = words.filter((word) => word !== "--rolling");
    await (await import("./rollout.ts")).rollout(session, [...others, "--wait"]);
    return;
  }
  await stop(session, words);
  await start(session, words);
}

async function run(session: Session, verb: Verb, words: readonly string[]): Promise<void> {
  if (words.includes("all")) {
    const call = session.client.call(verb.all, { wait: true });
    report(session, verb, await waitFor(session, call, { ...verb, words }));
    return;
  }
  for (const word of words) {
    const { group, process } = parseNamespec(word);
    if (process === undefined) await runGroup(session, verb, group);
    else await runOne(session, verb, word, { group, name: process });
  }
}

async function runGroup(session: Session, verb: Verb, group: string): Promise<void> {
  const call = session.client.call(verb.group, { name: group, wait: true });
  const answer = waitFor(session, call, { ...verb, words: [`${group}:*`] });
  await reportGroup(session, verb, group, answer, verb.noSuchGroup);
}

async function reportGroup(
  session: Session,
  verb: Answers,
  group: string,
  call: Promise<readonly ProcessStatus[]>,
  noSuchGroup: number = exit.generic,
): Promise<void> {
  try {
    report(session, verb, await call);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_NAME") throw error;
    session.print(`${group}: ERROR (no such group)`);
    session.exitCode = noSuchGroup;
  }
}

async function runOne(
  session: Session,
  verb: Verb,
  word: string,
  named: { group: string; name: string },
): Promise<void> {
  const call = session.client.call(verb.one, { name: word, wait: true });
  const answer = waitFor(session, call, { ...verb, words: [word] });
  report(session, verb, [await statusOf(answer, named)]);
}

const failures = new Set(
  (["SPAWN_ERROR", "ABNORMAL_TERMINATION", "NOT_RUNNING"] as const).map(faultCode),
);

function report(session: Session, verb: Answers, statuses: readonly ProcessStatus[]): void {
  const texts = new Map(
    Object.entries(verb.texts).map(([fault, text]) => [faultCode(fault as FaultName), text]),
  );
  for (const result of statuses) {
    const { status, description } = result;
    const text = texts.get(status);
    if (status === SUCCESS) session.print(`${namespec(result)}: ${verb.done}`);
    else session.print(text ? `${namespec(result)}: ERROR (${text})` : description);
    if (status === SUCCESS || (verb.tolerated && status === faultCode(verb.tolerated))) continue;
    session.exitCode = failures.has(status) ? exit.failed : exit.generic;
  }
}
