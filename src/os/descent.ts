import type { ProcessStat } from "./procstat.ts";

/** A supervised child, living or gone: it was started as leader of its own session and group. */
export interface Root {
  pid: number;
  /** What a variable in its environment holds, that is handed down: no other child's. */
  token: string;
  /**
   * When it started (see Identity). Without it, a stranger that leads a group by the pid of a child
   * long gone is taken for that child, and more environments have to be read.
   */
  start?: string | undefined;
}

/** The processes at one moment. */
export interface Snapshot {
  processes: readonly ProcessStat[];
  /** The token in a process's environment; undefined when there is none, or none can be read. */
  tokenOf(pid: number): string | undefined;
  /** The pid of the one who asks. */
  daemon: number;
}

/** Names one process for ever, within a boot. */
export const keyOf = ({ pid, start }: ProcessStat): string => `${pid} ${start}`;

/**
 * Everything that descends from a supervised child and lives: its session, and so its group; whom
 * these have started; the sessions that those made; orphans that carry its token; and who was
 * `known` to descend from it (by keyOf). Pure.
 */
export function treeOf(
  root: Root,
  { processes, tokenOf, daemon }: Snapshot,
  known: ReadonlySet<string> = new Set(),
): ProcessStat[] {
  const reapers = reapersOf(daemon, processes);
  const eligible = processes.filter(({ pid }) => !reapers.has(pid));
  const children = groupBy(eligible, ({ parent }) => parent);
  const sessions = groupBy(eligible, ({ session }) => session);
  for (const { pid, session } of processes) if (reapers.has(pid)) sessions.delete(session);

  const tree = new Set(eligible.filter((process) => known.has(keyOf(process))));
  if (!isReused(root, processes)) for (const first of sessions.get(root.pid) ?? []) tree.add(first);
  const grow = () => {
    // Also visits those that are added on the way. A session is made by one of the tree, so all
    // that are in it are. The dead count here: only a zombie may still tell whose a session is.
    for (const { pid, session } of tree) {
      for (const child of children.get(pid) ?? []) tree.add(child);
      for (const mate of sessions.get(session) ?? []) tree.add(mate);
      sessions.delete(session);
    }
  };
  grow();
  for (const orphan of eligible) {
    if (tree.has(orphan) || orphan.dead || !reapers.has(orphan.parent)) continue;
    if (Number(orphan.start) < Number(root.start ?? 0)) continue;
    if (tokenOf(orphan.pid) === root.token) tree.add(orphan);
  }
  grow();
  return [...tree].filter(({ dead }) => !dead);
}

/** Whom orphans may fall to: the daemon, and its ancestors up to init. They belong to no tree. */
function reapersOf(daemon: number, processes: readonly ProcessStat[]): ReadonlySet<number> {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const reapers = new Set([1]);
  let pid: number | undefined = daemon;
  while (pid !== undefined && !reapers.has(pid)) {
    reapers.add(pid);
    pid = parents.get(pid);
  }
  return reapers;
}

/** The kernel gives a pid to another process only when no group and no session is named by it. */
const isReused = ({ pid, start }: Root, processes: readonly ProcessStat[]): boolean =>
  start !== undefined &&
  processes.some((process) => process.pid === pid && process.start !== start);

function groupBy<T>(values: readonly T[], keyOf: (value: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}
