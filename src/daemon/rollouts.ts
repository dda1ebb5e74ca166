import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { ProcessConfig } from "../config/config.ts";
import { tellsCopiesApart } from "../config/programs.ts";
import { Fault } from "../faults.ts";
import { unless } from "../os/errno.ts";
import { isAtRest } from "../process/chart.ts";
import type { RolloutStatus } from "../rpc/results.ts";
import { Rollout, type RolloutWorld } from "./rollout.ts";
import type { Supervised } from "./supervised.ts";

/** What somebody asks for in place of what is configured. */
interface Asked {
  parallel?: number | undefined;
  settleMs?: number | undefined;
  maxUnavailable?: number | undefined;
  surge?: number | undefined;
}

/** What rollouts need of the fleet. */
interface Stage {
  /** All of a group, by now. */
  members(group: string): readonly Supervised[];
  /** So many copies more of a process; @returns what takes them away again */
  surge(process: ProcessConfig, extra: number): Promise<() => Promise<void>>;
}

/** Copies more of the program of a process. */
interface Surge {
  config: ProcessConfig;
  extra: number;
}

const maySurge = ({ kind, section }: ProcessConfig): boolean =>
  kind === "program" && tellsCopiesApart(section);

/** All of them, or none. @returns what takes them away again @throws Fault */
async function surgeAll(stage: Stage, surges: readonly Surge[]): Promise<() => Promise<void>> {
  const ends: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const each of ends.splice(0).reverse()) await each();
  };
  try {
    for (const { config, extra } of surges) ends.push(await stage.surge(config, extra));
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** The rollouts of all groups: one at a time for each, and of each the latest is remembered. */
export class Rollouts {
  readonly #world: RolloutWorld;
  /** Has those that are under way, for the next droverd to tell what became of them. */
  readonly #file: string;
  readonly #byGroup = new Map<string, Rollout>();
  /** Of an earlier droverd. */
  readonly #interrupted = new Map<string, RolloutStatus>();
  #stage: Stage | undefined;

  constructor({ file, ...world }: RolloutWorld & { file: string }) {
    this.#world = world;
    this.#file = file;
    for (const status of this.#read()) this.#interrupted.set(status.group, status);
    world.events.observe(["SUPERVISOR_STATE_CHANGE_STOPPING"], () => {
      for (const rollout of this.#byGroup.values()) rollout.interrupt();
    });
  }

  connect(stage: Stage): void {
    this.#stage = stage;
  }

  #read(): RolloutStatus[] {
    const text = unless(["ENOENT"], () => readFileSync(this.#file, "utf8"));
    if (text === undefined) return [];
    rmSync(this.#file, { force: true });
    try {
      const found = JSON.parse(text) as RolloutStatus[];
      return found.map((status) => {
        const { group, done, total } = status;
        const far = `${done.length} of ${total} replaced, and all are started anew now`;
        this.#world.log("warn", `the rollout of ${group} was interrupted: ${far}`);
        return { ...status, state: "interrupted" };
      });
    } catch (error) {
      this.#world.log("error", `cannot read ${this.#file}, it is ignored: ${error}`);
      return [];
    }
  }

  /** As a whole or not at all. */
  #save(): void {
    const all = [...this.#byGroup.values()].map(({ status }) => status);
    const kept = all.filter(({ state }) => /^(?:running|paused|interrupted)$/.test(state));
    try {
      if (kept.length === 0) rmSync(this.#file, { force: true });
      else {
        writeFileSync(`${this.#file}.new`, JSON.stringify(kept), { mode: 0o600 });
        renameSync(`${this.#file}.new`, this.#file);
      }
    } catch (error) {
      this.#world.log("error", `cannot note how far rollouts are: ${error}`);
    }
  }

  /**
   * Begins one. Those that somebody has stopped stay so.
   * @throws Fault BAD_ARGUMENTS for processes of several groups; FAILED when there is one already
   */
  begin(processes: readonly Supervised[], asked: Asked): RolloutStatus {
    const wanted = processes.filter(({ state }) => !(state.name === "STOPPED" && isAtRest(state)));
    const [first] = wanted;
    if (!first) throw new Fault("NOT_RUNNING", "nothing of it runs");
    const { config } = first;
    const { group } = config;
    if (processes.some((each) => each.config.group !== group)) {
      throw new Fault("BAD_ARGUMENTS", "expected processes of one group");
    }
    if (this.underWay(group)) {
      throw new Fault("FAILED", `there is a rollout of ${group} already: see rollout status`);
    }
    const { maxUnavailable = config.rollout_max_unavailable } = asked;
    const { parallel = config.rollout_parallel } = asked;
    const stage = this.#stage;
    const surges = this.#surgesOf(wanted, asked);
    const plan = {
      ...{ group, processes: wanted, maxUnavailable },
      parallel: Math.min(parallel, maxUnavailable ?? Infinity),
      settleMs: asked.settleMs ?? config.rollout_settle,
      members: () => stage?.members(group) ?? wanted,
      surge: stage && surges.length > 0 ? () => surgeAll(stage, surges) : undefined,
      changed: () => this.#save(),
    };
    const rollout = new Rollout(plan, this.#world);
    this.#interrupted.delete(group);
    this.#byGroup.set(group, rollout);
    this.#save();
    return rollout.status;
  }

  /** Of each program, how many copies come first. */
  #surgesOf(processes: readonly Supervised[], asked: Asked): Surge[] {
    const programs = new Map(processes.map(({ config }) => [config.section, config]));
    return [...programs.values()].flatMap((config) => {
      const { section, rollout_surge, group } = config;
      const extra = asked.surge ?? rollout_surge;
      if (extra === 0) return [];
      // Who asks for it in so many words is told why not, by what tries.
      if (asked.surge !== undefined || maySurge(config)) return [{ config, extra }];
      const why = "its copies share a socket, or its process_name does not tell them apart";
      this.#world.log("warn", `rollout of ${group}: none of [${section.name}] come first: ${why}`);
      return [];
    });
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
    const own = [...this.#byGroup.values()].map(({ status }) => status);
    return [...this.#interrupted.values(), ...own];
  }
}
