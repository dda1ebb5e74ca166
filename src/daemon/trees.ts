import { Fault } from "../faults.ts";
import { unless } from "../os/errno.ts";
import { type Relative, readFamilies } from "../os/families.ts";
import { type SignalName, signalOf } from "../process/signals.ts";
import type { FleetProcess, ProcessTreeMember, Usage } from "../rpc/results.ts";
import type { Supervised } from "./supervised.ts";

/** What each process and all that it has started use, by one look at the machine. */
export function usagesOf(processes: readonly Supervised[]): FleetProcess["usage"][] {
  const families = readFamilies(processes.map(({ pid }) => pid).filter((pid) => pid > 0));
  return processes.map(({ pid }) => usageOf(families.get(pid) ?? []));
}

function usageOf(family: readonly Relative[]): Usage | null {
  if (family.length === 0) return null;
  return {
    cpu_seconds: family.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1_000,
    memory: family.reduce((sum, { memory }) => sum + memory, 0),
    processes: family.length,
  };
}

/** @throws Fault NOT_RUNNING */
export function treeOf({ pid, config: { name } }: Supervised): ProcessTreeMember[] {
  const family = readFamilies([pid]).get(pid);
  if (pid === 0 || !family) throw new Fault("NOT_RUNNING", name);
  return family.map(({ pid: member, parent, command }) => ({ pid: member, parent, command }));
}

const MOST_PASSES = 20;

/**
 * Signals a child and all that descends from it. With SIGKILL also what is forked meanwhile.
 * @throws Fault NOT_RUNNING, FAILED
 */
export function signalTree(process: Supervised, signal: SignalName): void {
  const seen = new Set<number>();
  const refused: string[] = [];
  for (let pass = 0; pass < (signal === "SIGKILL" ? MOST_PASSES : 1); pass++) {
    const family = process.pid > 0 ? (readFamilies([process.pid]).get(process.pid) ?? []) : [];
    const others = family.filter(({ pid }) => !seen.has(pid));
    if (others.length === 0) break;
    // The root comes last: without it nobody knows who belonged to it.
    for (const { pid } of others.toReversed()) {
      seen.add(pid);
      try {
        unless(["ESRCH"], () => globalThis.process.kill(pid, signalOf(signal)));
      } catch (error) {
        refused.push(`${pid}: ${error}`);
      }
    }
  }
  if (seen.size === 0) throw new Fault("NOT_RUNNING", process.config.name);
  if (refused.length > 0) throw new Fault("FAILED", `cannot send ${signal} to ${refused.join()}`);
}
