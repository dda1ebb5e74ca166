import { Fault, type FaultName, faultCode } from "../faults.ts";
import { namespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import type { ConfigInfo, HookChanges, PlannedChange, ProcessStatus } from "../rpc/results.ts";
import { exit, type Session } from "./session.ts";
import { waitFor } from "./waitfor.ts";

/**
 * Does something that may fail in ways that are answers.
 * @param texts what to print for such a fault, and whether it is a failure
 * @returns whether it was done
 * @throws Fault, any other, with the exit code set
 */
async function attempt(
  session: Session,
  act: () => Promise<unknown>,
  texts: Partial<Record<FaultName, string>>,
): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    const text = error instanceof Fault ? texts[error.fault] : undefined;
    if (text === undefined) throw error;
    session.print(text);
    const isDone = error instanceof Fault && error.fault === "ALREADY_ADDED";
    if (!isDone) session.exitCode = exit.generic;
    return false;
  }
}

/** `add GROUP...` */
export async function add(session: Session, words: readonly string[]): Promise<void> {
  for (const name of words) {
    const added = await attempt(
      session,
      () => session.client.call("supervisor.addProcessGroup", { name }),
      {
        SHUTDOWN_STATE: "ERROR: shutting down",
        ALREADY_ADDED: "ERROR: process group already active",
        BAD_NAME: `ERROR: no such process/group: ${name}`,
      },
    );
    if (added) session.print(`${name}: added process group`);
  }
}

/** `remove GROUP...` */
export async function remove(session: Session, words: readonly string[]): Promise<void> {
  for (const name of words) {
    const removed = await attempt(
      session,
      () => session.client.call("supervisor.removeProcessGroup", { name }),
      {
        STILL_RUNNING: `ERROR: process/group still running: ${name}`,
        BAD_NAME: `ERROR: no such process/group: ${name}`,
      },
    );
    if (removed) session.print(`${name}: removed process group`);
  }
}

interface Changes {
  added: string[];
  changed: string[];
  removed: string[];
}

async function reloadConfig({ client }: Session): Promise<Changes> {
  const [[added, changed, removed]] = await client.call("supervisor.reloadConfig", {});
  return { added, changed, removed };
}

/** `reread`: reads the configuration again, and tells what differs. */
export async function reread(session: Session): Promise<void> {
  let changes: Changes;
  try {
    changes = await reloadConfig(session);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.exitCode = exit.generic;
    if (error.fault === "SHUTDOWN_STATE") session.print("ERROR: supervisor shutting down");
    else if (error.fault === "CANT_REREAD") session.print(`ERROR: ${error.message}`);
    else throw error;
    return;
  }
  const { added, changed, removed } = changes;
  const lines = [
    ...added.map((name) => [name, "available"] as const),
    ...changed.map((name) => [name, "changed"] as const),
    ...removed.map((name) => [name, "disappeared"] as const),
  ].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  if (lines.length === 0) session.print("No config updates to processes");
  for (const [name, what] of lines) session.print(`${name}: ${what}`);
}

const hookTexts = { added: "added", changed: "updated", removed: "removed" } as const;

/** What `update` does, or finds that it cannot. */
type Step = "added" | "updated" | "removed" | "stopped" | "troubled" | "unknown";

const stepTexts: Readonly<Record<Step, (group: string) => string>> = {
  added: (group) => `${group}: added process group`,
  updated: (group) => `${group}: updated process group`,
  removed: (group) => `${group}: removed process group`,
  stopped: (group) => `${group}: stopped`,
  troubled: (group) => `${group}: has problems; not removing`,
  unknown: (group) => `ERROR: no such group: ${group}`,
};

/** `update [all|GROUP...]`: takes the configuration over, as far as it is asked for. */
export async function update(session: Session, words: readonly string[]): Promise<void> {
  if (words.includes("--plan")) {
    await (await import("./plan.ts")).showPlan(session, words);
    return;
  }
  try {
    await takeOver(session, words, (step, group) => session.print(stepTexts[step](group)));
    const hooks = await updateHooks(session, words);
    for (const [change, names] of Object.entries(hooks)) {
      const what = hookTexts[change as keyof typeof hookTexts];
      for (const name of names) session.print(`hook:${name}: ${what} hook`);
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.exitCode = exit.generic;
    if (error.fault !== "SHUTDOWN_STATE") throw error;
    session.print("ERROR: already shutting down");
  }
}

/** Who names groups wants no more than these. @throws Fault, ServerError */
export const updateHooks = async (
  { client }: Session,
  words: readonly string[],
): Promise<HookChanges> =>
  words.length === 0 || words.includes("all")
    ? await client.call("drover.updateHooks", {})
    : { added: [], changed: [], removed: [] };

/** @param tell of each step @throws Fault, ServerError */
export async function takeOver(
  session: Session,
  words: readonly string[],
  tell: (step: Step, group: string) => void,
): Promise<void> {
  const { client } = session;
  const told = (step: Step, group: string) => {
    tell(step, group);
    if (step === "troubled" || step === "unknown") session.exitCode = exit.generic;
  };
  // What has been scaled is as configured again.
  const groups = words.filter((word) => word !== "all");
  await client.call("drover.resetScale", { names: words.includes("all") ? [] : groups });
  const changes = await reloadConfig(session);
  const wanted = words.includes("all") ? new Set<string>() : new Set(words);
  if (wanted.size > 0) {
    for (const name of await unknownAmong(session, wanted, changes.added)) told("unknown", name);
  }
  const isWanted = (name: string) => wanted.size === 0 || wanted.has(name);
  for (const name of changes.removed.filter(isWanted)) {
    const statuses = await stopGroup(session, name);
    told("stopped", name);
    if (statuses.some(({ status }) => status === faultCode("FAILED"))) {
      told("troubled", name);
      continue;
    }
    await client.call("supervisor.removeProcessGroup", { name });
    told("removed", name);
  }
  for (const name of changes.changed.filter(isWanted)) {
    const done = await updateGroup(session, name);
    // As supervisorctl tells it, of a group that was.
    if (done.some(({ action }) => action === "stop" || action === "restart")) told("stopped", name);
    told("updated", name);
  }
  for (const name of changes.added.filter(isWanted)) {
    await client.call("supervisor.addProcessGroup", { name });
    told("added", name);
  }
}

const stopGroup = (session: Session, name: string): Promise<ProcessStatus[]> =>
  waitFor(session, session.client.call("supervisor.stopProcessGroup", { name, wait: true }), {
    doing: `stopping ${name}`,
    words: [`${name}:*`],
    isDone: isStopped,
  });

const updateGroup = (session: Session, name: string): Promise<PlannedChange[]> =>
  waitFor(session, session.client.call("drover.updateProcessGroup", { name }), {
    doing: `updating ${name}`,
    words: [`${name}:*`],
    isDone: (state) => state !== "STOPPING" && state !== "STARTING",
  });

/** Each group as `name:*`, for calls that know no `all`. */
export async function everyGroup(client: Session["client"]): Promise<string[]> {
  const all = await client.call("supervisor.getAllProcessInfo", {});
  return [...new Set(all.map(({ group }) => `${group}:*`))];
}

async function unknownAmong(
  { client }: Session,
  wanted: ReadonlySet<string>,
  added: readonly string[],
): Promise<string[]> {
  const all = await client.call("supervisor.getAllProcessInfo", {});
  const known = new Set([...all.map(({ group }) => group), ...added]);
  return [...wanted].filter((name) => !known.has(name));
}

/** `avail`: every process that is configured, and whether it is part of what runs. */
export async function avail(session: Session): Promise<void> {
  try {
    const infos = await session.client.call("supervisor.getAllConfigInfo", {});
    for (const info of infos) session.print(formatAvailable(info));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    session.exitCode = exit.generic;
    if (error.fault !== "SHUTDOWN_STATE") throw error;
    session.print("ERROR: supervisor shutting down");
  }
}

function formatAvailable(info: ConfigInfo): string {
  const use = info.inuse ? "in use" : "avail";
  const start = info.autostart ? "auto" : "manual";
  const columns = `${namespec(info).padEnd(32)} ${use.padEnd(9)} ${start.padEnd(9)}`;
  return `${columns} ${info.group_prio}:${info.process_prio}`;
}
