import { Fault } from "../faults.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import type { ListedProcess, ProcessInfo, ProcessTreeMember } from "../rpc/results.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** What `status` was asked for beside names. */
export interface StatusFlags {
  names: readonly string[];
  /** Each copy of a program has its line. */
  unfold: boolean;
  /** As supervisorctl prints it, also on a terminal. */
  plain: boolean;
  /** Until Ctrl-C. */
  watch: boolean;
  /** What the exit code tells. */
  judgedBy: "supervisor" | "fleet";
}

const judges = { "--exit-code=supervisor": "supervisor", "--exit-code=fleet": "fleet" } as const;

/** Names may begin with a dash: only these words are flags. @throws UsageError */
export function readStatusWords(words: readonly string[]): StatusFlags {
  const flags = { unfold: false, plain: false, watch: false };
  let judgedBy: StatusFlags["judgedBy"] = "supervisor";
  const names = words.filter((word) => {
    if (word === "-v" || word === "--verbose") flags.unfold = true;
    else if (word === "--plain") flags.plain = true;
    else if (word === "-w" || word === "--watch") flags.watch = true;
    else if (Object.hasOwn(judges, word)) judgedBy = judges[word as keyof typeof judges];
    else if (word.startsWith("--exit-code")) {
      const message = `Error: expected ${Object.keys(judges).join(" or ")}, got "${word}"`;
      throw new UsageError(message, false, exit.badArguments);
    } else return true;
    return false;
  });
  return { names, ...flags, judgedBy };
}

/**
 * `status [NAME...]`: code 4 for a name that is not there, 3 when something listed is down; for people
 * a table, and with --exit-code=fleet another code.
 */
export async function status(session: Session, words: readonly string[]): Promise<void> {
  const flags = readStatusWords(words);
  if (flags.watch) {
    await (await import("./watch.ts")).watch(session, flags);
  } else if ((session.colors && !flags.plain) || flags.judgedBy === "fleet") {
    await (await import("./fleetstatus.ts")).showFleet(session, flags);
  } else {
    const all = await session.client.call("supervisor.getAllProcessInfo", {});
    const listed = selectAll(session, all, flags.names);
    showLines(session, listed);
    noteLosses(session, listed);
    judge(session, listed);
  }
}

/** supervisorctl's lines. */
export function showLines(session: Session, listed: readonly ListedProcess[]): void {
  for (const line of formatLines(listed)) session.print(line);
}

/** supervisorctl's exit code. */
export function judge(session: Session, listed: readonly ListedProcess[]): void {
  if (listed.some(({ statename }) => isStopped(statename))) session.exitCode = exit.notRunning;
}

/** Programs that read what supervisorctl prints are told by JSON-RPC. */
export function noteLosses(session: Session, listed: readonly ListedProcess[]): void {
  if (session.toTerminal) for (const info of listed) noteLoss(session, info);
}

function noteLoss(session: Session, info: ListedProcess): void {
  const { stdout = 0, stderr = 0 } = info.lost_bytes ?? {};
  for (const [stream, lost] of Object.entries({ stdout, stderr })) {
    const what = `${lost} bytes of its ${stream} were lost: its log could not be written`;
    if (lost > 0) session.complain(`note: ${namespec(info)}: ${what}`);
  }
}

/** Those by the names, in their order, or all. A name that there is not is told, and sets the exit code. */
export function selectAll<P extends ListedProcess>(
  session: Session,
  all: readonly P[],
  names: readonly string[],
): readonly P[] {
  if (!isAll(names)) {
    for (const word of names) if (chosenBy([word], all).length === 0) noteMissing(session, word);
  }
  return chosenBy(names, all);
}

const isAll = (names: readonly string[]): boolean => names.length === 0 || names.includes("all");

/** Those by the names, in the order of these; all without one, and for `all`. */
export function chosenBy<P extends ListedProcess>(
  names: readonly string[],
  all: readonly P[],
): readonly P[] {
  if (isAll(names)) return all;
  return names.flatMap((word) => {
    const { group, process } = parseNamespec(word);
    return all.filter(
      (info) => info.group === group && (process === undefined || info.name === process),
    );
  });
}

/** @throws Fault BAD_NAME where the answer is to be JSON */
function noteMissing(session: Session, word: string): void {
  if (session.json) throw new Fault("BAD_NAME", word);
  const { group, process } = parseNamespec(word);
  session.print(
    process === undefined ? `${group}: ERROR (no such group)` : `${word}: ERROR (no such process)`,
  );
  session.exitCode = exit.unreachable;
}

const NARROWEST_NAME = 30;

/** supervisorctl's lines: the name, the state and the description in columns. */
function formatLines(listed: readonly ProcessInfo[]): string[] {
  const width = Math.max(NARROWEST_NAME, ...listed.map((info) => namespec(info).length)) + 3;
  return listed.map(
    (info) => namespec(info).padEnd(width) + info.statename.padEnd(10) + info.description,
  );
}

/** `pid [NAME...|all]`: the daemon's own pid without a name; code 7 for a process that is down. */
export async function pid(session: Session, words: readonly string[]): Promise<void> {
  const { client } = session;
  if (words[0] === "--tree") {
    for (const name of words.slice(1)) await pidTree(session, name);
    return;
  }
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

/** A process and all that it has started, each below its parent. */
async function pidTree(session: Session, name: string): Promise<void> {
  try {
    const tree = await session.client.call("drover.getProcessTree", { name });
    const depths = new Map<number, number>();
    for (const { pid: member, parent, command } of inOrder(tree)) {
      const depth = (depths.get(parent) ?? -1) + 1;
      depths.set(member, depth);
      session.print(`${"  ".repeat(depth)}${member} ${command}`);
    }
  } catch (error) {
    if (!(error instanceof Fault) || !["BAD_NAME", "NOT_RUNNING"].includes(error.fault))
      throw error;
    const isKnown = error.fault === "NOT_RUNNING";
    session.print(isKnown ? `${name}: ERROR (not running)` : `No such process ${name}`);
    session.exitCode = isKnown ? exit.failed : exit.generic;
  }
}

/** Parents before their children, and these right after them; who has lost its parent comes last. */
function inOrder(tree: readonly ProcessTreeMember[]): ProcessTreeMember[] {
  const pids = new Set(tree.map(({ pid: member }) => member));
  const below = (parent: number): ProcessTreeMember[] =>
    tree.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)]);
  const roots = tree.filter(({ parent }) => !pids.has(parent));
  return roots.flatMap((root) => [root, ...below(root.pid)]);
}
