import { constants } from "node:os";
import { declare, type Native } from "./native.ts";

const functions = declare({
  waitid: "int waitid(int type, int id, void *info, int options)",
  wait4: "int wait4(int pid, void *status, int options, void *usage)",
  prctl: "int prctl(int option, unsigned long value)",
});

const P_ALL = 0;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const PR_SET_CHILD_SUBREAPER = 36;

/** What a child has used, with all of its own children that it waited for. */
interface Usage {
  cpuMs: number;
  /**
   * The most memory that one process of it ever had resident, in bytes. The kernel counts in what
   * this process had when it started the child, so that a smaller peak is not known: undefined.
   */
  peakBytes: number | undefined;
}

export interface Death {
  exit: { code: number } | { signal: string; coreDumped?: boolean };
  usage: Usage;
}

export interface Watcher {
  /** The process is no more. Called for every end that was found before the first of them is told. */
  collected(): void;
  died(death: Death): void;
}

interface Watched extends Watcher {
  /** The most memory that this process itself had had by then. */
  floorKb: number;
}

/** Told of the end of a process that is nobody's child here. */
export type OnOrphan = (pid: number, death: Death) => void;

/** After so many ends everything else has a turn. */
const MOST_AT_ONCE = 32;

/** Offset of si_pid in siginfo_t, and the size of struct rusage, on 64-bit Linux. */
const SI_PID = 16;
const info = Buffer.alloc(128);
const usage = Buffer.alloc(144);
const status = Buffer.alloc(4);

/** Collects the children that posixSpawn has started, as their ends are told by SIGCHLD. */
export class Reaper {
  readonly #library: Native;
  readonly #children = new Map<number, Watched>();
  #onOrphan: OnOrphan | undefined;

  constructor(library: Native) {
    this.#library = library;
    process.on("SIGCHLD", () => this.#reap());
  }

  watch(pid: number, { collected, died }: Watcher): void {
    this.#children.set(pid, { collected, died, floorKb: process.resourceUsage().maxRSS });
  }

  /** Collects also what is not its own: as pid 1, and as a subreaper. Node collects no one else's. */
  adopt(onOrphan: OnOrphan): void {
    this.#onOrphan = onOrphan;
    this.#reap();
  }

  /**
   * Collects first and tells afterwards: who is told of an end may then look at the machine, and sees
   * it as it is after all of these ends.
   */
  #reap(): void {
    const ends: (() => void)[] = [];
    while (ends.length < MOST_AT_ONCE) {
      const pid = this.#firstDead();
      if (pid === undefined) break;
      if (!this.#children.has(pid) && !this.#onOrphan) {
        // A child that Node itself has started stands first in the line, and is Node's to collect.
        for (const own of [...this.#children.keys()]) ends.push(...this.#collect(own));
        break;
      }
      ends.push(...this.#collect(pid));
    }
    // A whole fleet may die at once; whoever waits for an answer has a turn in between.
    if (ends.length >= MOST_AT_ONCE) setImmediate(() => this.#reap());
    for (const tell of ends) tellApart(tell);
  }

  #firstDead(): number | undefined {
    info.fill(0);
    const { waitid } = functions(this.#library);
    const failed = waitid(P_ALL, 0, info, WNOHANG | WEXITED | WNOWAIT) !== 0;
    return (failed ? 0 : info.readInt32LE(SI_PID)) || undefined;
  }

  /** @returns how to tell of the end; nothing when there is none */
  #collect(pid: number): (() => void)[] {
    const { wait4 } = functions(this.#library);
    if (wait4(pid, status, WNOHANG, usage) !== pid) return [];
    const child = this.#children.get(pid);
    this.#children.delete(pid);
    tellApart(() => child?.collected());
    const exit = exitOf(status.readInt32LE(0));
    const death = { exit, usage: usageOf(usage, child?.floorKb ?? 0) };
    return [() => (child ? child.died(death) : this.#onOrphan?.(pid, death))];
  }
}

/** What goes wrong with one end, for whoever looks after bugs, must not keep the others from being told. */
function tellApart(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Orphans of this process's children become its own. @returns whether the kernel does that */
export const becomeSubreaper = (library: Native): boolean =>
  functions(library).prctl(PR_SET_CHILD_SUBREAPER, 1) === 0;

/**
 * Of several names of one number the first is the usual one, but for 29, which is SIGPOLL to
 * supervisord. It has names for two that Node has none for.
 */
const signalNames = new Map<number, string>([
  ...Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number as number, name] as const),
  [constants.signals.SIGPOLL, "SIGPOLL"],
  [34, "SIGRTMIN"],
  [64, "SIGRTMAX"],
]);

/** What a status of wait(2) means. */
export function exitOf(waitStatus: number): Death["exit"] {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return { code: (waitStatus >> 8) & 0xff };
  const name = signalNames.get(signal) ?? `signal ${signal}`;
  return (waitStatus & 0x80) === 0 ? { signal: name } : { signal: name, coreDumped: true };
}

/** struct rusage: times of user and system, each in seconds and microseconds, then ru_maxrss in KB. */
function usageOf(rusage: Buffer, floorKb: number): Usage {
  const at = (index: number) => Number(rusage.readBigInt64LE(index * 8));
  const cpuMs = Math.round((at(0) + at(2)) * 1_000 + (at(1) + at(3)) / 1_000);
  return { cpuMs, peakBytes: at(4) > floorKb ? at(4) * 1_024 : undefined };
}
