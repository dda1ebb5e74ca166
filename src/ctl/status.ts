import { Fault } from "../faults.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import type { ListedProcess, ProcessInfo } from "../rpc/results.ts";
import { exit, type Session } from "./session.ts";

/** `status [NAME...]`: code 4 for a name that is not there, 3 when something listed is down. */
export async function status(session: Session, words: readonly string[]): Promise<void> {
  const all = await session.client.call("supervisor.getAllProcessInfo", {});
  const listed =
    words.length === 0 || words.includes("all")
      ? all
      : words.flatMap((word) => select(session, all, word));
  for (const line of formatTable(listed)) session.print(line);
  // Programs that read this, as they read supervisorctl's, are told by JSON-RPC.
  if (session.toTerminal) for (const info of listed) noteLosses(session, info);
  if (listed.some(({ statename }) => isStopped(statename))) session.exitCode = exit.notRunning;
}

function noteLosses(session: Session, info: ListedProcess): void {
  const { stdout = 0, stderr = 0 } = info.lost_bytes ?? {};
  for (const [stream, lost] of Object.entries({ stdout, stderr })) {
    const what = `${lost} bytes of its ${stream} were lost: its log could not be written`;
    if (lost > 0) session.complain(`note: ${namespec(info)}: ${what}`);
  }
}

function select(session: Session, all: readonly ListedProcess[], word: string): ListedProcess[] {
  const { group, process } = parseNamespec(word);
  const found = all.filter(
    (info) => info.group === group && (process === undefined || info.name === process),
  );
  if (found.length === 0) {
    session.print(
      process === undefined
        ? `${group}: ERROR (no such group)`
        : `${word}: ERROR (no such process)`,
    );
    session.exitCode = exit.unreachable;
  }
  return found;
}

const NARROWEST_NAME = 30;

/** supervisorctl's lines: the name, the state and the description in columns. */
function formatTable(listed: readonly ProcessInfo[]): string[] {
  const width = Math.max(NARROWEST_NAME, ...listed.map((info) => namespec(info).length)) + 3;
  return listed.map(
    (info) => namespec(info).padEnd(width) + info.statename.padEnd(10) + info.description,
  );
}

/** `pid [NAME...|all]`: the daemon's own pid without a name; code 7 for a process that is down. */
export async function pid(session: Session, words: readonly string[]): Promise<void> {
  const { client } = session;
  if (words.length === 0) {
    session.print(String(await client.call("supervisor.getPID", {})));
    return;
  }
  if (words.includes("all")) {
    const all = await client.call("supervisor.getAllProcessInfo", {});
    for (const info of all) session.print(String(info.pid));
    return;
  }
  for (const name of words) await onePid(session, name);
}

async function onePid(session: Session, name: string): Promise<void> {
  try {
    const info = await session.client.call("supervisor.getProcessInfo", { name });
    session.print(String(info.pid));
    if (info.pid === 0) session.exitCode = exit.failed;
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_NAME") throw error;
    session.print(`No such process ${name}`);
    session.exitCode = exit.generic;
  }
}
