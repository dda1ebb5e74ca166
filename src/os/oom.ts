import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Cgroup, memoryCgroup } from "./cgroups.ts";
import { errnoOf } from "./errno.ts";

/** Where the kernel tells a process which cgroups it is in, and counts for the whole machine. */
export interface OomPaths {
  cgroup: string;
  mountinfo: string;
  vmstat: string;
}

const ofThisProcess: OomPaths = {
  cgroup: "/proc/self/cgroup",
  mountinfo: "/proc/self/mountinfo",
  vmstat: "/proc/vmstat",
};

/**
 * Tells whether the kernel has killed for want of memory: in this process's memory cgroup and those
 * below it, or, where there is none that counts, anywhere on the machine. It looks only when asked.
 * It cannot tell whom the kernel killed: ask after a SIGKILL that has no other cause.
 */
export class OomWatch {
  readonly #counters: () => string[];
  #last: ReadonlyMap<string, number>;

  /** Takes the counts as they are now for its base; the process is to stay in its cgroup. */
  constructor(paths: OomPaths = ofThisProcess) {
    this.#counters = counters(paths);
    this.#last = this.#read();
  }

  /** Whether that has happened since it was last asked. The kernel counts before it kills. */
  struck(): boolean {
    const before = this.#last;
    this.#last = this.#read();
    return [...this.#last].some(([file, kills]) => kills > (before.get(file) ?? 0));
  }

  #read(): ReadonlyMap<string, number> {
    return new Map(this.#counters().map((file) => [file, oomKills(contents(file)) ?? 0]));
  }
}

/** The files that count, as there may be more of them each time. */
function counters({ cgroup, mountinfo, vmstat }: OomPaths): () => string[] {
  const own = memoryCgroup({ cgroup: contents(cgroup), mountinfo: contents(mountinfo) });
  const file = own && (own.version === 1 ? path.join(own.folder, V1) : nearestEvents(own));
  if (!own || file === undefined || oomKills(contents(file)) === undefined) return () => [vmstat];
  // In version 2 a cgroup counts for those below it; in version 1 each counts only for itself.
  return own.version === 2
    ? () => [file]
    : () => below(own.folder).map((dir) => path.join(dir, V1));
}

const V1 = "memory.oom_control";
const V2 = "memory.events";

/** A cgroup without a memory controller is counted with the one above it that has one. */
function nearestEvents({ mount, folder }: Cgroup): string | undefined {
  for (let dir = folder; ; dir = path.dirname(dir)) {
    const file = path.join(dir, V2);
    if (contents(file) !== "") return file;
    // The root of the machine has none.
    if (dir === mount || dir === "/") return undefined;
  }
}

function below(folder: string): string[] {
  const entries = unlessUnreadable(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  const folders = entries.filter((entry) => entry.isDirectory());
  return [folder, ...folders.flatMap(({ name }) => below(path.join(folder, name)))];
}

/**
 * How many the kernel has killed, in the text of memory.events, memory.oom_control or /proc/vmstat.
 * @returns undefined when it does not say, as before Linux 4.13
 */
export function oomKills(text: string): number | undefined {
  const kills = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return kills === undefined ? undefined : Number(kills);
}

const contents = (file: string): string => unlessUnreadable(() => readFileSync(file, "utf8")) ?? "";

/** A cgroup may be gone or closed to us; what is asked for here is never worth a failure. */
function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
