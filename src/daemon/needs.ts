import { namesOfAll } from "../config/needs.ts";
import { isAtRest } from "../process/chart.ts";
import { namespec } from "../process/order.ts";
import type { Log } from "./log.ts";
import type { Supervised } from "./supervised.ts";

/** A need of a process: all of these must be up. */
interface Needed {
  processes: readonly Supervised[];
  ready: boolean;
}

const isUp = (process: Supervised, ready: boolean): boolean =>
  ready ? process.ready : process.state.name === "RUNNING";

/** Who waits for whom: by `depends_on=`, told by each change of a process. */
export class Needs {
  readonly #log: Log;
  #needs = new Map<Supervised, readonly Needed[]>();
  #dependents = new Map<Supervised, Set<Supervised>>();
  readonly #waiting = new Map<Supervised, () => void>();
  /** Those that are to be started, and wait. */
  readonly #held = new Set<Supervised>();
  /** With which children of those that it needs a process was started. */
  readonly #startedWith = new WeakMap<Supervised, ReadonlyMap<Supervised, number>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** These are all that there are now, as they are configured now. */
  follow(processes: readonly Supervised[]): void {
    this.#needs = new Map();
    this.#dependents = new Map();
    const having = processes.filter(({ config }) => config.depends_on.length > 0);
    const names = having.length > 0 ? namesOfAll(processes, ({ config }) => config) : new Map();
    for (const process of having) {
      const needs = process.config.depends_on.map(({ name, ready }) => {
        const found: readonly Supervised[] = names.get(name) ?? [];
        return { processes: found.filter((each) => each !== process), ready };
      });
      this.#needs.set(process, needs);
      for (const needed of new Set(needs.flatMap((need) => need.processes))) {
        const known = this.#dependents.get(needed) ?? new Set();
        this.#dependents.set(needed, known.add(process));
      }
    }
    for (const process of [...this.#waiting.keys()]) this.#look(process);
  }

  /** What a process needs directly. */
  readonly of = (process: Supervised): Supervised[] =>
    (this.#needs.get(process) ?? []).flatMap(({ processes }) => processes);

  /** Those that need a process directly. */
  readonly dependentsOf = (process: Supervised): Iterable<Supervised> =>
    this.#dependents.get(process) ?? [];

  /** What a process waits for, for people: `db (FATAL)`; empty: nothing. */
  unmet(process: Supervised): string[] {
    return (this.#needs.get(process) ?? []).flatMap(({ processes, ready }) =>
      processes
        .filter((each) => !isUp(each, ready))
        .map(({ config, state }) => {
          const how = state.name === "RUNNING" ? "not ready" : state.name;
          return `${namespec(config)} (${how})`;
        }),
    );
  }

  #isMet(process: Supervised): boolean {
    return (this.#needs.get(process) ?? []).every(({ processes, ready }) =>
      processes.every((each) => isUp(each, ready)),
    );
  }

  /**
   * Starts what a process needs and nobody has started, and what that needs, and has the process itself
   * start once all of that is up.
   * @returns false when it is not yet
   */
  start(process: Supervised, go: () => void): boolean {
    this.forget(process);
    // Should what it needs have come to need it, that does not start it once more.
    this.#held.add(process);
    for (const each of this.of(process)) if (isAtRest(each.state) && !each.waits) each.start();
    const wait = this.whenMet(process, () => {
      this.#held.delete(process);
      go();
    });
    return wait === undefined;
  }

  /** It is to be started, and waits. */
  isHeld(process: Supervised): boolean {
    return this.#held.has(process);
  }

  /** It is not to be started any more. @returns whether it was */
  forget(process: Supervised): boolean {
    if (!this.#held.delete(process)) return false;
    this.#waiting.delete(process);
    return true;
  }

  /**
   * Calls `act` when all that a process needs is up.
   * @returns what takes it back; undefined when it was called at once
   */
  whenMet(process: Supervised, act: () => void): (() => void) | undefined {
    if (this.#isMet(process)) {
      act();
      return undefined;
    }
    this.#log("info", `'${process.config.name}' waits for ${this.unmet(process).join(", ")}`);
    this.#waiting.set(process, act);
    return () => this.#waiting.delete(process);
  }

  /** A child of a process has been started. */
  spawned(process: Supervised): void {
    if (!process.config.depends_restart) return;
    const pids = this.of(process).map((each) => [each, each.pid] as const);
    this.#startedWith.set(process, new Map(pids));
  }

  /** Something of a process is another than it was. */
  noticed(process: Supervised): void {
    if (this.#needs.size === 0) return;
    if (this.#needs.has(process)) this.#restartWhereNeeded(process);
    for (const dependent of this.dependentsOf(process)) {
      this.#look(dependent);
      this.#restartWhereNeeded(dependent);
    }
  }

  #look(process: Supervised): void {
    const act = this.#waiting.get(process);
    if (act && this.#isMet(process)) {
      this.#waiting.delete(process);
      act();
    } else if (act) process.look();
  }

  /** Whether something that a process needs is down, and will not come up by itself. */
  isHopeless(process: Supervised): boolean {
    return (this.#needs.get(process) ?? []).some(({ processes, ready }) =>
      processes.some(
        (each) =>
          !isUp(each, ready) && isAtRest(each.state) && (!each.waits || this.isHopeless(each)),
      ),
    );
  }

  /** One that needs to be started anew with what it needs, once that is up again. */
  #restartWhereNeeded(process: Supervised): void {
    const { config, state } = process;
    if (!config.depends_restart || state.name !== "RUNNING" || !this.#isMet(process)) return;
    const before = this.#startedWith.get(process);
    const other = this.of(process).find((each) => each.pid !== before?.get(each));
    if (!before || !other) return;
    this.spawned(process);
    process.requestRecycling(`a restart of ${namespec(other.config)} (depends_restart)`);
  }

  /** Somebody stops a process alone, and others need it. */
  tellOfStop(process: Supervised): void {
    const up = [...this.dependentsOf(process)].filter(({ state }) => state.name === "RUNNING");
    if (up.length === 0) return;
    const names = up.map(({ config }) => namespec(config)).join(", ");
    const depend = up.length === 1 ? "depends" : "depend";
    this.#log("warn", `'${process.config.name}' is being stopped, and ${names} ${depend} on it`);
  }
}
