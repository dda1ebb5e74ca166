import { Fault } from "../faults.ts";
import { isAtRest, type State } from "../process/chart.ts";
import { namespec } from "../process/order.ts";
import type { RolloutStatus } from "../rpc/results.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

type RolloutWorld = Pick<World, "clock" | "log" | "events">;

interface RolloutPlan {
  group: string;
  processes: readonly Supervised[];
  /** How many at a time. */
  parallel: number;
  /** How long a fresh one must stay up before the next has its turn. */
  settleMs: number;
}

/** How many last lines of a copy that has failed are told. */
const MOST_LINES = 10;

const failed = ({ name }: State): boolean =>
  name === "BACKOFF" || name === "FATAL" || name === "EXITED" || name === "UNKNOWN";

/** Replaces the processes of a group by fresh ones, some at a time, and stops where one fails. */
class Rollout {
  readonly #plan: RolloutPlan;
  readonly #world: RolloutWorld;
  readonly #status: RolloutStatus;
  #resume: (() => void) | undefined;
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

  pause(): void {
    if (this.#status.state === "running") this.#status.state = "paused";
  }

  resume(): void {
    if (this.#status.state !== "paused") return;
    this.#status.state = "running";
    this.#resume?.();
  }

  /** Those that are being replaced are; no other is begun. */
  abort(): void {
    if (!this.isOver) this.#end("aborted");
    this.#resume?.();
  }

  async #run(): Promise<void> {
    const waiting = this.#plan.processes.values();
    const worker = async () => {
      for (const process of waiting) {
        await this.#untilResumed();
        if (this.isOver) return;
        await this.#replace(process);
      }
    };
    await Promise.all(Array.from({ length: this.#plan.parallel }, worker));
    if (!this.isOver) this.#end("done");
  }

  async #untilResumed(): Promise<void> {
    while (this.#status.state === "paused") {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }

  async #replace(process: Supervised): Promise<void> {
    const old = process.pid;
    // Somebody has stopped it, or an update has taken it away.
    if (process.state.name === "STOPPED" && isAtRest(process.state)) return;
    if (process.state.name === "RUNNING") process.recycle("a rollout");
    else {
      process.stop("a rollout");
      await process.until(isAtRest);
      process.start();
    }
    const state = await process.until(
      (now) =>
        (process.ready && process.pid !== old) ||
        process.vitals?.late ||
        failed(now) ||
        isAtRest(now),
    );
    if (process.vitals?.late) this.#fail(process, "was not ready in time");
    else if (state.name !== "RUNNING") this.#fail(process, `is ${state.name}`);
    else if (await this.#leavesWithin(process)) this.#fail(process, "has not stayed up");
    else this.#noteDone(process);
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
    const of = { process: process.config.name, group };
    this.#world.events.emit("ROLLOUT_STEP", { ...of, done: done.length, total });
  }

  #fail(process: Supervised, what: string): void {
    const exit = process.lastExit;
    const { group, name } = process.config;
    const cause = process.spawnerr !== "" && !exit ? process.spawnerr : (exit?.cause ?? "");
    const error = `${namespec(process.config)} ${what}${cause === "" ? "" : `: ${cause}`}`;
    const { stderr = [], stdout = [] } = exit?.last_output ?? {};
    const lines = (stderr.length > 0 ? stderr : stdout).slice(-MOST_LINES);
    if (this.isOver) return;
    this.#status.failure = { process: namespec(process.config), error, last_lines: lines };
    this.#end("failed");
    this.#world.events.emit("ROLLOUT_FAILED", { process: name, group, error, last_lines: lines });
  }

  #end(state: "done" | "failed" | "aborted"): void {
    const { group, done, total, failure } = this.#status;
    this.#status.state = state;
    this.#status.ended = this.#world.clock.wallMs() / 1_000;
    const why = failure ? `: ${failure.error}` : "";
    const level = state === "failed" ? "error" : "info";
    this.#world.log(
      level,
      `rollout of ${group} ${state}, ${done.length} of ${total} replaced${why}`,
    );
    if (state === "done") this.#world.events.emit("ROLLOUT_DONE", { group, total });
    if (state === "aborted") this.#world.events.emit("ROLLOUT_ABORTED", { group, total });
  }
}

/** The rollouts of all groups: one at a time for each, and of each the latest is remembered. */
export class Rollouts {
  readonly #world: RolloutWorld;
  readonly #byGroup = new Map<string, Rollout>();

  constructor(world: RolloutWorld) {
    this.#world = world;
    world.events.observe(["SUPERVISOR_STATE_CHANGE_STOPPING"], () => this.#close());
  }

  /**
   * Begins one. Those that somebody has stopped stay so.
   * @throws Fault BAD_ARGUMENTS for processes of several groups; FAILED when there is one already
   */
  begin(
    processes: readonly Supervised[],
    { parallel, settleMs }: { parallel?: number | undefined; settleMs?: number | undefined },
  ): RolloutStatus {
    const wanted = processes.filter(({ state }) => !(state.name === "STOPPED" && isAtRest(state)));
    const [first] = wanted;
    if (!first) throw new Fault("NOT_RUNNING", "nothing of it runs");
    const { group, rollout_parallel, rollout_settle } = first.config;
    if (processes.some(({ config }) => config.group !== group)) {
      throw new Fault("BAD_ARGUMENTS", "expected processes of one group");
    }
    if (this.underWay(group)) {
      throw new Fault("FAILED", `there is a rollout of ${group} already: see rollout status`);
    }
    const plan = {
      ...{ group, processes: wanted },
      parallel: parallel ?? rollout_parallel,
      settleMs: settleMs ?? rollout_settle,
    };
    const rollout = new Rollout(plan, this.#world);
    this.#byGroup.set(group, rollout);
    return rollout.status;
  }

  /** The one of a group that is not over; undefined: there is none. */
  underWay(group: string): Rollout | undefined {
    const known = this.#byGroup.get(group);
    return known?.isOver === false ? known : undefined;
  }

  /** @throws Fault BAD_NAME when there is none of the group */
  find(group: string): Rollout {
    const found = this.#byGroup.get(group);
    if (!found) throw new Fault("BAD_NAME", `there is no rollout of ${group}`);
    return found;
  }

  get all(): RolloutStatus[] {
    return [...this.#byGroup.values()].map(({ status }) => status);
  }

  /** The daemon goes down: no other is begun. */
  #close(): void {
    for (const rollout of this.#byGroup.values()) rollout.abort();
  }
}
