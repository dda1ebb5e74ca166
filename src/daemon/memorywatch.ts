import { familyOf, memoryOf } from "../os/memory.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

/** The kernel tells nobody when a process has grown. Only for those that have a memory_limit. */
const LOOK_EVERY_MS = 5_000;

const MB = 2 ** 20;

/** Recycles processes that hold more memory than their memory_limit. @returns a way to stop it */
export function watchMemory(
  processes: readonly Supervised[],
  { clock, log }: Pick<World, "clock" | "log">,
): () => void {
  const limited = processes.filter(({ config }) => config.memory_limit !== undefined);
  if (limited.length === 0) return () => undefined;
  let cancel: () => void;
  const look = () => {
    for (const process of limited) {
      try {
        check(process);
      } catch (error) {
        log("error", `cannot read the memory of '${process.config.name}': ${error}`);
      }
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  return () => cancel();
}

function check(process: Supervised): void {
  const { memory_limit: limit, memory_measure: measure } = process.config;
  if (limit === undefined || process.state.name !== "RUNNING") return;
  const held = memoryOf(familyOf(process.pid), measure);
  if (held <= limit) return;
  process.requestRecycling(`${inMb(held)} of memory, more than memory_limit=${inMb(limit)}`);
}

const inMb = (bytes: number): string => `${Math.round((bytes / MB) * 10) / 10}MB`;
