import { isAtRest } from "../process/chart.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import type { State } from "../process/step.ts";
import type { RolloutStatus } from "../rpc/results.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

export type RolloutWorld = Pick<World, "clock" | "log" | "events">;

export interface RolloutPlan {
  group: string;
  processes: readonly Supervised[];
  /** How many at a time. */
  parallel: number;
  /** How long a fresh one must stay up before the next has its turn. */
  settleMs: number;
  /** How many of the group may be down or not ready; undefined: nobody counts. */
  maxUnavailable: number | undefined;
  /** Those that are in the group by now. */
  members(): readonly Supervised[];
  /**
   * Starts some copies more.
   * @returns what takes them away again; undefined: there are to be none
   */
  surge: (() => Promise<() => Promise<void>>) | undefined;
  /** Something of its status is another than it was. */
  changed(): void;
}

/** How many last lines of a copy that has failed are told. */
const MOST_LINES = 10;

const failed = ({ name }: State): boolean =>
  name === "BACKOFF" || name === "FATAL" || name === "EXITED" || name === "UNKNOWN";

/** Somebody has stopped it: nobody misses it. */
const isUnwanted = ({ state }: Supervised): boolean => state.name === "STOPPED" && isAtRest(state);

/** Replaces the processes of a group by fresh ones, some at a time, and stops where one fails. */
export class Rollout {
  readonly #plan: RolloutPlan;
  readonly #world: RolloutWorld;
  readonly #status: RolloutStatus;
  readonly #wakes = new Set<() => void>();
  /** Resolves when it is over, and nothing is being replaced any more. */
  readonly ended: Promise<void>;

  constructor(plan: RolloutPlan, world: RolloutWorld) {
    const { group, processes } = plan;
    this.#plan = plan;
    this.#world = world;
    const left = processes.map(({ config }) => namespec(config));
    const started = world.clock.wallMs() / 1_000;
    this.#status = { group, state: "running", total: left.length, done: [], left, started };
    world.log("info", `rollout of ${group}: ${left.length} processes, ${plan.parallel} at a time`);
    world.events.emit("ROLLOUT_STARTED", { group, total: left.length });
    this.ended = this.#run();
  }

  get status(): RolloutStatus {
    return this.#status;
  }

  get isOver(): boolean {
    return this.#status.state !== "running" && this.#status.state !== "paused";
  }

  /** No other is begun. */
  get #isLost(): boolean {
    return this.isOver || this.#status.failure !== undefined;
  }

  pause(): void {
    if (this.#status.state === "running") this.#become("paused");
  }

  resume(): void {
    if (this.#status.state === "paused") this.#become("running");
  }

  /** Those that are being replaced are; no other is begun. */
  abort(): void {
    if (!this.isOver) this.#end("aborted");
  }

  /** The daemon goes down. */
  interrupt(): void {
    if (!this.isOver) this.#end("interrupted");
  }

  #become(state: RolloutStatus["state"]): void {
    this.#status.state = state;
    this.#plan.changed();
    for (const wake of [...this.#wakes]) wake();
  }

  async #run(): Promise<void> {
    let endSurge: (() => Promise<void>) | undefined;
    try {
      endSurge = await this.#surge();
      // Those that do not work first: to replace them takes nothing away.
      const rank = ({ ready }: Supervised) => Number(ready);
      const waiting = this.#plan.processes.toSorted((a, b) => rank(a) - rank(b)).values();
      const worker = async () => {
        for (const process of waiting) {
          await this.#untilItsTurn(process);
          if (this.#isLost) return;
          await this.#replace(process);
        }
      };
      await Promise.all(Array.from({ length: this.#plan.parallel }, worker));
    } finally {
      // Before its end is told: then everything is as it is to be.
      await endSurge?.().catch((error) => this.#surgeTrouble("take away", error));
      if (!this.isOver) this.#end(this.#status.failure ? "failed" : "done");
    }
  }

  async #surge(): Promise<(() => Promise<void>) | undefined> {
    const { surge, members, group } = this.#plan;
    if (!surge) return undefined;
    const before = new Set(members());
    let end: () => Promise<void>;
    try {
      end = await surge();
    } catch (error) {
      this.#surgeTrouble("start", error);
      return undefined;
    }
    const extra = members().filter((process) => !before.has(process));
    const names = extra.map(({ config }) => namespec(config)).join(", ");
    this.#world.log("info", `rollout of ${group}: ${names} come first`);
    await Promise.all(extra.map((process) => this.#judge(process, 0)));
    return end;
  }

  #surgeTrouble(what: string, error: unknown): void {
    const { group } = this.#plan;
    const why = error instanceof Error ? error.message : String(error);
    const told = `cannot ${what} the copies of rollout_surge=: ${why}`;
    this.#world.log("error", `rollout of ${group}: ${told}`);
    this.#status.failure ??= { process: group, error: told, last_lines: [] };
  }

  /** Waits while it is paused, and while too many of the group are down. */
  async #untilItsTurn(process: Supervised): Promise<void> {
    for (;;) {
      if (this.#isLost) return;
      if (this.#status.state !== "paused") {
        const down = this.#downBeside(process);
        const { maxUnavailable = Infinity } = this.#plan;
        // To replace one that is down itself costs nothing.
        if (down.length < maxUnavailable || !process.ready) return;
        if (down.every(({ state }) => isAtRest(state))) {
          this.#failFor(down, maxUnavailable);
          return;
        }
        await this.#untilChange(down);
      } else await this.#untilChange([]);
    }
  }

  #downBeside(process: Supervised): Supervised[] {
    return this.#plan
      .members()
      .filter((each) => each !== process && !each.ready && !isUnwanted(each));
  }

  async #untilChange(processes: readonly Supervised[]): Promise<void> {
    let wake: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#wakes.add(wake);
    const changes = processes.map((each) => each.until((state) => each.ready || isAtRest(state)));
    await Promise.race([told, ...changes]);
    this.#wakes.delete(wake);
  }

  #failFor(down: readonly Supervised[], most: number): void {
    const [first] = down;
    if (!first) return;
    const names = down.map(({ config }) => namespec(config)).join(", ");
    this.#fail(first, `is ${first.state.name}, and no more than ${most} may be down (${names})`);
  }

  async #replace(process: Supervised): Promise<void> {
    const old = process.pid;
    // Somebody has stopped it, or an update has taken it away.
    if (isUnwanted(process) || !this.#plan.members().includes(process)) return;
    if (process.state.name === "RUNNING") process.recycle("a rollout");
    else {
      process.stop("a rollout");
      await process.until(isAtRest);
      process.start();
    }
    if (await this.#judge(process, old)) this.#noteDone(process);
  }

  /** Waits whether a fresh one comes up, and stays. @param old the pid of the child before */
  async #judge(process: Supervised, old: number): Promise<boolean> {
    const state = await process.until(
      (now) =>
        (process.ready && process.pid !== old) ||
        process.vitals?.late ||
        failed(now) ||
        (isAtRest(now) && !process.waits),
    );
    if (process.vitals?.late) this.#fail(process, "was not ready in time");
    else if (state.name !== "RUNNING") this.#fail(process, `is ${state.name}`);
    else if (await this.#leavesWithin(process)) this.#fail(process, "has not stayed up");
    else return true;
    return false;
  }

  /** Whether it does not stay up for as long as it should. */
  async #leavesWithin(process: Supervised): Promise<boolean> {
    const { pid } = process;
    let cancel: () => void = () => undefined;
    const settled = new Promise<false>((resolve) => {
      cancel = this.#world.clock.after(this.#plan.settleMs, () => resolve(false));
    });
    const isGone = (state: State) => state.name !== "RUNNING" || process.pid !== pid;
    const left = process.until(isGone).then(() => true);
    const leaves = await Promise.race([settled, left]);
    cancel();
    return leaves;
  }

  #noteDone(process: Supervised): void {
    const { done, left, group, total } = this.#status;
    const name = namespec(process.config);
    done.push(name);
    left.splice(left.indexOf(name), 1);
    if (this.isOver) return;
    this.#plan.changed();
    const of = { process: process.config.name, group };
    this.#world.events.emit("ROLLOUT_STEP", { ...of, done: done.length, total });
  }

  #fail(process: Supervised, what: string): void {
    const exit = process.lastExit;
    const cause = process.spawnerr !== "" && !exit ? process.spawnerr : (exit?.cause ?? "");
    const error = `${namespec(process.config)} ${what}${cause === "" ? "" : `: ${cause}`}`;
    const { stderr = [], stdout = [] } = exit?.last_output ?? {};
    const lines = (stderr.length > 0 ? stderr : stdout).slice(-MOST_LINES);
    if (this.#isLost) return;
    this.#status.failure = { process: namespec(process.config), error, last_lines: lines };
    for (const wake of [...this.#wakes]) wake();
  }

  #end(state: "done" | "failed" | "aborted" | "interrupted"): void {
    const { group, done, total, failure } = this.#status;
    this.#status.ended = this.#world.clock.wallMs() / 1_000;
    this.#become(state);
    const why = failure ? `: ${failure.error}` : "";
    const level = state === "failed" ? "error" : "info";
    this.#world.log(
      level,
      `rollout of ${group} ${state}, ${done.length} of ${total} replaced${why}`,
    );
    const { events } = this.#world;
    if (state === "done") events.emit("ROLLOUT_DONE", { group, total });
    else if (state !== "failed") events.emit("ROLLOUT_ABORTED", { group, total });
    else if (failure) {
      const process = parseNamespec(failure.process).process ?? "";
      const { error, last_lines } = failure;
      events.emit("ROLLOUT_FAILED", { process, group, error, last_lines });
    }
  }
}
