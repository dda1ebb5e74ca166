import type { Root, Snapshot } from "../../src/os/descent.ts";
import type { ProcessStat } from "../../src/os/procstat.ts";

/** What a process may do next, as far as it changes who belongs to whom. */
export const acts = ["fork", "setsid", "setpgid", "exit", "reap", "adopt", "clear"] as const;
export type Act = (typeof acts)[number];
export interface Step {
  act: Act;
  /** Of which tree the one is that does it; a stranger when undefined. */
  of: string | undefined;
  /** Which of those that can. */
  who: number;
}

interface Process extends ProcessStat {
  token: string | undefined;
  /** Orphans among its descendants become its children (PR_SET_CHILD_SUBREAPER). */
  adopts: boolean;
  /** The supervised child that it descends from: what is to be found out. */
  origin: string | undefined;
}

/** How the daemon stands in its machine. */
export interface Setting {
  daemon: "is init" | "adopts" | "is below one that adopts" | "does not adopt";
}

/** What has started the daemon. */
const MANAGER = 7;
const FIRST_PID = 20;
const LAST_PID = 42;

/**
 * As much of a kernel as decides who is whose parent, in which session and group, and which pid is
 * given out next. Two supervised children, `one` and `two`, and strangers.
 */
export class Machine {
  readonly #processes = new Map<number, Process>();
  readonly #daemon: Process;
  #forks = 0;
  #lastPid = FIRST_PID;

  constructor({ daemon }: Setting) {
    const init = this.#put({ pid: 1, session: 1, adopts: true });
    // Threads of the kernel.
    this.#put({ pid: 2 });
    this.#put({ pid: 3, parent: 2 });
    this.#put({ pid: 4, parent: 1, group: 4, session: 4 });
    this.#put({ pid: 5, parent: 4, group: 5, session: 4 });
    this.#put({ pid: 6 }); // put into the container from outside
    const manager = { pid: MANAGER, parent: 1, group: MANAGER, session: MANAGER };
    this.#put({ ...manager, adopts: daemon === "is below one that adopts" });
    const own = { pid: 8, parent: MANAGER, group: 8, session: MANAGER };
    const adopts = daemon === "adopts";
    this.#daemon = daemon === "is init" ? init : this.#put({ ...own, adopts });
  }

  /** The daemon starts a child. */
  supervise(token: string): Root {
    const child = this.#fork(this.#daemon);
    if (!child) throw new Error("no pid is free");
    Object.assign(child, { group: child.pid, session: child.pid, token, origin: token });
    return { pid: child.pid, token, start: child.start };
  }

  take({ act, of, who }: Step): void {
    const able = [...this.#processes.values()].filter(
      (process) => process.origin === of && this.#can(act, process),
    );
    const process = able[who % able.length];
    if (process) this.#do(act, process);
  }

  snapshot(): Snapshot {
    const processes = [...this.#processes.values()].map((process) => ({ ...process }));
    const tokenOf = (pid: number) => this.#processes.get(pid)?.token;
    return { processes, tokenOf, daemon: this.#daemon.pid };
  }

  /** The living that descend from a supervised child. */
  descendants(token: string): number[] {
    const all = [...this.#processes.values()];
    return all.filter(({ origin, dead }) => origin === token && !dead).map(({ pid }) => pid);
  }

  #can(act: Act, process: Process): boolean {
    if ([1, 2, 3].includes(process.pid) || process === this.#daemon) return false;
    if (act === "reap") return process.dead;
    if (process.dead) return false;
    if (act === "setsid") return !this.#isNamed(process.pid);
    if (act === "setpgid") return process.session !== process.pid;
    return act !== "exit" || process.pid !== MANAGER;
  }

  #do(act: Act, process: Process): void {
    if (act === "fork") this.#fork(process);
    if (act === "setsid") Object.assign(process, { session: process.pid, group: process.pid });
    if (act === "setpgid") process.group = process.pid;
    if (act === "adopt") process.adopts = true;
    if (act === "clear") process.token = undefined;
    if (act === "reap") this.#processes.delete(process.pid);
    if (act === "exit") this.#exit(process);
  }

  #exit(process: Process): void {
    Object.assign(process, { dead: true, token: undefined });
    const heir = this.#adopterAbove(process);
    for (const child of this.#processes.values()) {
      if (child.parent === process.pid) child.parent = heir;
    }
  }

  #adopterAbove({ parent }: Process): number {
    const above = this.#processes.get(parent);
    if (!above) return 1;
    return above.adopts && !above.dead ? above.pid : this.#adopterAbove(above);
  }

  #fork(parent: Process): Process | undefined {
    const pid = this.#nextPid();
    if (pid === undefined) return undefined;
    return this.#put({ ...parent, pid, parent: parent.pid, adopts: false });
  }

  #put(given: Partial<Process> & { pid: number }): Process {
    const none = { parent: 0, group: 0, session: 0, token: undefined, origin: undefined };
    const kind = { threads: 1, dead: false, adopts: false };
    // Several start within one tick.
    const start = String(Math.floor(this.#forks++ / 3));
    const process: Process = { ...none, ...kind, ...given, name: `p${given.pid}`, start };
    this.#processes.set(process.pid, process);
    return process;
  }

  #nextPid(): number | undefined {
    for (let tries = FIRST_PID; tries <= LAST_PID; tries++) {
      this.#lastPid = this.#lastPid < LAST_PID ? this.#lastPid + 1 : FIRST_PID;
      if (!this.#processes.has(this.#lastPid) && !this.#isNamed(this.#lastPid))
        return this.#lastPid;
    }
    return undefined;
  }

  /** Whether a group or a session has this pid for its name. */
  #isNamed(pid: number): boolean {
    const all = [...this.#processes.values()];
    return all.some(({ group, session }) => group === pid || session === pid);
  }
}
