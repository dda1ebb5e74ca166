import { existsSync, readFileSync, statfsSync } from "node:fs";
import { unless } from "./errno.ts";
import { listPids, type ProcessStat, readProcesses, readStat } from "./procstat.ts";

/**
 * rss: resident pages, each counted in full for every process that shares it.
 * pss: each counted in equal parts for those who share it. Its cost grows with the memory.
 */
export type MemoryMeasure = "rss" | "pss";

/**
 * What processes take together, in bytes. Those that are gone, and zombies, take nothing.
 * @throws for pss, when one belongs to another user and the daemon may not look into it
 */
export function memoryOf(pids: readonly number[], measure: MemoryMeasure): number {
  const bytesOf = measure === "rss" ? rssOf : pssOf;
  return pids.reduce((sum, pid) => sum + bytesOf(pid), 0);
}

const read = (file: string): string =>
  unless(["ENOENT", "ESRCH"], () => readFileSync(file, "utf8")) ?? "";

const rssOf = (pid: number): number =>
  Number(read(`/proc/${pid}/statm`).split(" ", 2)[1] ?? 0) * pageSize();

const pssOf = (pid: number): number =>
  Number(/^Pss: +(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;

let bytesPerPage: number | undefined;

/** The kernel's procfs has no blocks, and says the size of a page for that of a block. */
export function pageSize(): number {
  bytesPerPage ??= statfsSync("/proc").bsize;
  return bytesPerPage;
}

let listsChildren: boolean | undefined;

/**
 * A process and its descendants, as far as they live and their parents do: what lost its parent
 * belongs to another family. Nothing when the process is gone.
 */
export function familyOf(pid: number): number[] {
  listsChildren ??= existsSync("/proc/thread-self/children"); // CONFIG_PROC_CHILDREN
  if (!listsChildren) return familyAmong(readProcesses(), pid);
  const family = new Set([pid]);
  for (const member of family) {
    const stat = readStat(member);
    if (!stat || stat.dead) family.delete(member);
    else for (const child of childrenOf(stat)) family.add(child);
  }
  return [...family];
}

/** A child is listed under the thread that forked it. */
function childrenOf({ pid, threads }: ProcessStat): number[] {
  const folder = `/proc/${pid}/task`;
  const tids = threads === 1 ? [pid] : (unless(["ENOENT", "ESRCH"], () => listPids(folder)) ?? []);
  return tids.flatMap((tid) => {
    const children = read(`${folder}/${tid}/children`).trim();
    return children === "" ? [] : children.split(" ").map(Number);
  });
}

/** The same, where the kernel does not list children: from all processes. */
export function familyAmong(processes: readonly ProcessStat[], pid: number): number[] {
  const living = processes.filter(({ dead }) => !dead);
  const family = new Set(living.some((process) => process.pid === pid) ? [pid] : []);
  for (const member of family) {
    for (const { pid: child, parent } of living) if (parent === member) family.add(child);
  }
  return [...family];
}
