import type { Config, GroupConfig, ProcessConfig } from "../config/config.ts";
import { type ConfigDiff, diff } from "../config/diff.ts";
import { isPlain, type PlannedChange, planOf } from "../config/plan.ts";
import type { RawSection } from "../config/raw.ts";
import { Fault } from "../faults.ts";
import { withLogs } from "./autologs.ts";
import { StartError } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import { adoptOrphans } from "./orphans.ts";
import type { ScaleFile } from "./scales.ts";
import { boundsOf, groupOf, readCount, refuseOtherEdits } from "./scaling.ts";
import type { HowToRead } from "./source.ts";
import type { World } from "./world.ts";

interface RosterParts extends Pick<World, "sockets" | "clearing"> {
  /** As it was read. */
  config: Config;
  /** The groups of it as they run. */
  groups: readonly GroupConfig[];
  fleet: Pick<Fleet, "add" | "remove" | "has" | "change" | "halt" | "closing">;
  log: Log;
  /** Reads the configuration anew. @throws StartError */
  reread(how?: HowToRead): Config;
  scaleFile: ScaleFile;
}

/** Which groups run, beside those that are configured by now. */
export class Roster {
  readonly #parts: RosterParts;
  /** As they were read when they were taken over. */
  readonly #active: Map<string, GroupConfig>;
  readonly #beingAdded = new Set<string>();
  /** How many copies programs have while a rollout has some more of them. */
  readonly #surges = new Map<string, number>();
  #latest: Config;

  constructor(parts: RosterParts) {
    const { config, groups } = parts;
    this.#parts = parts;
    this.#active = new Map(config.groups.map((group) => [group.name, group]));
    this.#latest = { ...config, groups: [...groups] };
  }

  /** The configuration as it was read last. */
  get latest(): Config {
    return this.#latest;
  }

  isActive(group: string): boolean {
    return this.#parts.fleet.has(group);
  }

  /**
   * Reads the configuration again. Nothing else changes.
   * @returns what would have to change for it to be what runs
   * @throws Fault CANT_REREAD with everything that is wrong with it; then nothing changes at all
   */
  reread(): ConfigDiff {
    this.#latest = this.#read();
    return diff({ ...this.#latest, groups: [...this.#active.values()] }, this.#latest);
  }

  /** @throws Fault BAD_NAME, ALREADY_ADDED, FAILED */
  async add(name: string): Promise<void> {
    const { fleet } = this.#parts;
    const config = this.#latest.groups.find((group) => group.name === name);
    if (!config) throw new Fault("BAD_NAME", name);
    if (fleet.has(name) || this.#beingAdded.has(name)) throw new Fault("ALREADY_ADDED", name);
    await this.#alone(name, () => this.#take(config));
  }

  /** Does one thing at a time to a group. @throws Fault; FAILED for what is none */
  async #alone<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.#beingAdded.add(name);
    try {
      return await act();
    } catch (error) {
      if (error instanceof Fault) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Fault("FAILED", `${name}: ${why.replace(/^Error: /, "")}`, { cause: error });
    } finally {
      this.#beingAdded.delete(name);
    }
  }

  async #take(config: GroupConfig): Promise<void> {
    const { fleet, sockets, log } = this.#parts;
    await sockets.lookUp(config.processes);
    if (fleet.closing) throw new Fault("SHUTDOWN_STATE");
    const [group = config] = withLogs([config], this.#latest, log);
    this.#adoptOrphans(config);
    fleet.add(group);
    this.#active.set(config.name, config);
  }

  #adoptOrphans({ processes }: GroupConfig): void {
    const { log, clearing } = this.#parts;
    adoptOrphans({ log, clearing }, { stoptree: processes.some((each) => each.stoptree) });
  }

  /**
   * What `update` would do with the configuration as it stands on the disk, which ends what has been
   * scaled; nothing changes.
   * @throws Fault CANT_REREAD
   */
  plan(): PlannedChange[] {
    const after = this.#read({ isScaled: false });
    const before = { ...this.#latest, groups: [...this.#active.values()] };
    return planOf(diff(before, after), before.groups, after.groups);
  }

  /**
   * Makes a group that runs be as it was configured when the configuration was read last, and touches
   * nothing of it that need not change.
   * @returns what was done to its processes
   * @throws Fault BAD_NAME, FAILED
   */
  async update(name: string): Promise<PlannedChange[]> {
    const before = this.#active.get(name);
    const after = this.#latest.groups.find((group) => group.name === name);
    if (!before || !after) throw new Fault("BAD_NAME", name);
    if (this.#beingAdded.has(name)) throw new Fault("FAILED", `${name} is being updated already`);
    const [old, now] = [before, after].map((group) => ({ ...this.#latest, groups: [group] }));
    const plan = old && now ? planOf(diff(old, now), [before], [after]) : [];
    if (plan.length > 0) await this.#alone(name, () => this.#change(before, after, plan));
    return plan;
  }

  async #change(
    before: GroupConfig,
    after: GroupConfig,
    plan: readonly PlannedChange[],
  ): Promise<void> {
    const { fleet, log } = this.#parts;
    const { name } = after;
    if (!isPlain(before) || !isPlain(after)) {
      await fleet.halt(name);
      this.remove(name);
      await this.#take(after);
      return;
    }
    const named = (...actions: PlannedChange["action"][]) =>
      new Set(plan.filter(({ action }) => actions.includes(action)).map(({ name: each }) => each));
    const coming = named("start", "restart");
    const processes = after.processes.filter((each) => coming.has(each.name));
    const [made = after] = withLogs([{ ...after, processes }], this.#latest, log);
    this.#adoptOrphans(made);
    await fleet.change(after, { going: named("stop", "restart"), coming: made });
    this.#active.set(name, after);
  }

  /**
   * Reads the configuration again, and takes all of it over; what has been scaled stays so.
   * @returns what was done
   * @throws Fault CANT_REREAD, and then nothing has changed; FAILED for a group that could not be
   */
  async updateAll(): Promise<PlannedChange[]> {
    const before = [...this.#active.values()];
    const changes = this.reread();
    const plan = planOf(changes, before, this.#latest.groups);
    for (const name of changes.removed) {
      await this.#parts.fleet.halt(name);
      this.remove(name);
    }
    for (const { name } of changes.changed) await this.update(name);
    for (const name of changes.added) await this.add(name);
    return plan;
  }

  /**
   * Gives a program another number of copies, whatever `numprocs=` says, until it is taken back.
   * @param wanted `20`, or how many more or fewer: `+5`, `-3`
   * @returns what was done
   * @throws Fault BAD_NAME, BAD_ARGUMENTS, FAILED, CANT_REREAD
   */
  async scale(program: string, wanted: string): Promise<PlannedChange[]> {
    const { scaleFile } = this.#parts;
    const section = this.#latest.sections.get(`program:${program}`);
    if (!section) throw new Fault("BAD_NAME", program);
    const copies = [...this.#active.values()]
      .flatMap(({ processes }) => processes)
      .filter((process) => process.section.name === section.name);
    const count = readCount(wanted, copies.length, boundsOf(section, copies[0]));
    const before = scaleFile.read();
    if (count === copies.length) return [];
    scaleFile.write(new Map(before).set(program, count));
    try {
      return await this.#resize(program, section);
    } catch (error) {
      scaleFile.write(before);
      throw error;
    }
  }

  /** Takes over how many copies a program is to have by now, and no other edit. @throws Fault */
  async #resize(program: string, section: RawSection): Promise<PlannedChange[]> {
    const after = this.#read({ isScaled: true });
    const group = groupOf(program, section, after);
    const active = this.#active.get(group.name);
    if (!active) throw new Fault("BAD_NAME", `${group.name} is not part of what runs`);
    if (!isPlain(active)) {
      const why = "it has a socket or a pool that its processes share: edit numprocs=, and update";
      throw new Fault("FAILED", `${program}: ${group.name} is restarted as a whole: ${why}`);
    }
    const [old, now] = [active, group].map((each) => ({ ...after, groups: [each] }));
    const plan = old && now ? planOf(diff(old, now), [active], [group]) : [];
    refuseOtherEdits(plan, program);
    this.#latest = after;
    return await this.update(group.name);
  }

  /**
   * Gives the program of a process so many copies more, for a while; nothing of it is kept.
   * @returns what takes them away again
   * @throws Fault FAILED where the configuration has other edits, or is another with more copies
   */
  async surge({ section }: ProcessConfig, extra: number): Promise<() => Promise<void>> {
    const program = section.name.slice(section.name.indexOf(":") + 1).trim();
    const copies = [...this.#active.values()]
      .flatMap(({ processes }) => processes)
      .filter((process) => process.section.name === section.name);
    this.#surges.set(program, copies.length + extra);
    try {
      await this.#resize(program, section);
    } catch (error) {
      this.#surges.delete(program);
      throw error;
    }
    return async () => {
      this.#surges.delete(program);
      await this.#resize(program, section);
    };
  }

  /**
   * From the next time that the configuration is read `numprocs=` counts again.
   * @param groups of these, or of all
   * @returns the programs that had been scaled
   * @throws Fault CANT_REREAD; then nothing changes
   */
  resetScale(groups: readonly string[]): string[] {
    const { scaleFile } = this.#parts;
    const before = scaleFile.read();
    const isMeant = (program: string) =>
      groups.length === 0 ||
      groups.includes(program) ||
      groups.some((group) =>
        this.#active
          .get(group)
          ?.processes.some(({ section }) => section.name === `program:${program}`),
      );
    const reset = [...before.keys()].filter(isMeant);
    if (reset.length > 0) this.#read({ isScaled: false });
    scaleFile.write(new Map([...before].filter(([program]) => !reset.includes(program))));
    return reset;
  }

  /** Programs that have been scaled, and to how many copies. */
  get scales(): Record<string, number> {
    return Object.fromEntries(this.#parts.scaleFile.read());
  }

  /** @throws Fault CANT_REREAD */
  #read(how?: HowToRead): Config {
    try {
      return this.#parts.reread({ ...how, surges: this.#surges });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new Fault("CANT_REREAD", error.message.replace(/^Error: /, ""), { cause: error });
    }
  }

  /** @throws Fault BAD_NAME, STILL_RUNNING */
  remove(name: string): void {
    this.#parts.fleet.remove(name);
    this.#active.delete(name);
  }
}
