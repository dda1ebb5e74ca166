import { readFileSync } from "node:fs";
import { keyOf, type Root, type Snapshot, treeOf } from "./descent.ts";
import type { Enclosure } from "./enclosure.ts";
import { errnoOf, unless } from "./errno.ts";
import { type ProcessStat, readProcesses } from "./procstat.ts";

export type { Snapshot };

/** The variable with the token that a supervised child hands down to all that it starts. */
export const TREE_VARIABLE = "DROVER_TREE";

export interface Member {
  pid: number;
  /** The command's name, at most 15 bytes of it. Control characters in it are shown as "?". */
  name: string;
}

const MOST_PASSES = 20;

/**
 * All that descends from a supervised child, wherever it went. Who was seen once is known from
 * then on: look before the first of them is told to end, for the links go with the parents.
 *
 * Not found where there is no enclosure: an orphan never seen before, in a session of its own, whose environment holds the
 * token no more (it was cleared, or written over to change the title in `ps`) or belongs to
 * another user when the daemon may not look into it.
 */
export class Tree {
  readonly #root: Root;
  readonly #enclosure: Enclosure | undefined;
  #known: ReadonlySet<string> = new Set();

  /** @param enclosure whoever is in it belongs to the tree */
  constructor(root: Root, enclosure?: Enclosure) {
    this.#root = root;
    this.#enclosure = enclosure;
  }

  /** Who is left. @param now taken after the event that it is asked for; may serve many trees */
  members(now: Snapshot = snapshot()): Member[] {
    return this.#look(now).map(memberOf);
  }

  /**
   * Signals everything that is left. With SIGKILL also what is forked meanwhile: it looks again
   * until there is none new, but not for ever, so that the caller looks too.
   *
   * Between the look and the signal, a few milliseconds, a process may end and its pid be given to
   * another one; the kernel gives numbers in turn, and would have to go round for that.
   *
   * @param first the look to begin with; may serve many trees
   * @returns those that were signalled; not those that had gone before
   * @throws when the kernel refuses one for another reason; the others have been signalled then
   */
  kill(signal: NodeJS.Signals | number, first: Snapshot = snapshot()): Member[] {
    const seen = new Set<string>();
    const signalled: Member[] = [];
    const refused: Refusal[] = [];
    for (let pass = 0; pass < (signal === "SIGKILL" ? MOST_PASSES : 1); pass++) {
      const now = pass === 0 ? first : snapshot();
      const tree = this.#look(now);
      const unsignalled = tree.filter((process) => !seen.has(keyOf(process)));
      if (unsignalled.length === 0) break;
      for (const process of unsignalled) {
        seen.add(keyOf(process));
        deliver(signal, memberOf(process), signalled, refused);
      }
      if (signal === "SIGKILL") {
        killGroups(tree, now.processes);
        this.#enclosure?.kill();
      }
    }
    if (refused.length > 0) throw cannotSend(signal, refused);
    return signalled;
  }

  /** Takes the enclosure away, when nobody is left. */
  close(): void {
    this.#enclosure?.remove();
  }

  #look(now: Snapshot): ProcessStat[] {
    const enclosed = new Set(this.#enclosure?.pids());
    const inside = now.processes.filter(({ pid }) => enclosed.has(pid)).map(keyOf);
    const tree = treeOf(this.#root, now, new Set([...this.#known, ...inside]));
    this.#known = new Set(tree.map(keyOf));
    return tree;
  }
}

const memberOf = ({ pid, name }: ProcessStat): Member => ({
  pid,
  name: name.replace(/\p{Cc}/gu, "?"),
});

let cached: Snapshot | undefined;

/**
 * One look for all who ask in one turn of the loop: a group is stopped, or a fleet dies, at once. It
 * may not see what has been done in this turn.
 */
export function snapshotOfTurn(): Snapshot {
  if (!cached) {
    cached = snapshot();
    setImmediate(() => {
      cached = undefined;
    });
  }
  return cached;
}

/** Environments are read when they are asked for, each once. */
export function snapshot(): Snapshot {
  const tokens = new Map<number, string | undefined>();
  const tokenOf = (pid: number) => {
    if (!tokens.has(pid)) tokens.set(pid, readToken(pid));
    return tokens.get(pid);
  };
  return { processes: readProcesses(), tokenOf, daemon: process.pid };
}

/** Gone, another user's, or its memory is being taken down. */
const unreadable = ["ENOENT", "ESRCH", "EACCES", "EPERM", "EIO"];
const assignment = new RegExp(`(?:^|\0)${TREE_VARIABLE}=([^\0]*)`);

const LONGEST_EXEC_MS = 5;

function readToken(pid: number): string | undefined {
  for (let waited = 0; waited < LONGEST_EXEC_MS; waited++) {
    const environment = unless(unreadable, () => readFileSync(`/proc/${pid}/environ`, "utf8"));
    if (environment !== "") return assignment.exec(environment ?? "")?.[1];
    // Cleared, or it is in the midst of an exec: then there is none, mostly for less than 0.1 ms.
    pause(1);
  }
  return undefined;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

interface Refusal {
  member: Member;
  error: unknown;
}

function deliver(
  signal: NodeJS.Signals | number,
  member: Member,
  signalled: Member[],
  refused: Refusal[],
): void {
  try {
    if (unless(["ESRCH"], () => process.kill(member.pid, signal))) signalled.push(member);
  } catch (error) {
    refused.push({ member, error });
  }
}

function cannotSend(signal: NodeJS.Signals | number, refused: readonly Refusal[]): Error {
  const reasons = refused.map(
    ({ member: { pid, name }, error }) => `${pid} (${name}): ${errnoOf(error) ?? error}`,
  );
  return new Error(`cannot send ${signal} to ${reasons.join(", ")}`, { cause: refused[0]?.error });
}

/** No fork gets away from a signal to its group. Only groups that nobody else is in. */
function killGroups(tree: readonly ProcessStat[], processes: readonly ProcessStat[]): void {
  const members = new Set(tree);
  const groups = new Set(tree.map(({ group }) => group));
  for (const process of processes) {
    if (!members.has(process) && !process.dead) groups.delete(process.group);
  }
  for (const group of groups) {
    // kill(2) takes 0 for the caller's own group, and -1 for every process there is.
    if (group > 1) unless(["ESRCH", "EPERM"], () => process.kill(-group, "SIGKILL"));
  }
}
