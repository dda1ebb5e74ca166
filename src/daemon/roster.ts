import type { Config, GroupConfig } from "../config/config.ts";
import { type ConfigDiff, diff } from "../config/diff.ts";
import { Fault } from "../faults.ts";
import { withLogs } from "./autologs.ts";
import { StartError } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import { adoptOrphans } from "./orphans.ts";
import type { World } from "./world.ts";

interface RosterParts extends Pick<World, "sockets" | "clearing"> {
  /** As it was read. */
  config: Config;
  /** The groups of it as they run. */
  groups: readonly GroupConfig[];
  fleet: Pick<Fleet, "add" | "remove" | "has" | "closing">;
  log: Log;
  /** Reads the configuration anew. @throws StartError */
  reread(): Config;
}

/** Which groups run, beside those that are configured by now. */
export class Roster {
  readonly #parts: RosterParts;
  /** As they were read when they were taken over. */
  readonly #active: Map<string, GroupConfig>;
  readonly #beingAdded = new Set<string>();
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
    try {
      this.#latest = this.#parts.reread();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new Fault("CANT_REREAD", error.message.replace(/^Error: /, ""), { cause: error });
    }
    return diff({ ...this.#latest, groups: [...this.#active.values()] }, this.#latest);
  }

  /** @throws Fault BAD_NAME, ALREADY_ADDED, FAILED */
  async add(name: string): Promise<void> {
    const { fleet, sockets, clearing, log } = this.#parts;
    const config = this.#latest.groups.find((group) => group.name === name);
    if (!config) throw new Fault("BAD_NAME", name);
    if (fleet.has(name) || this.#beingAdded.has(name)) throw new Fault("ALREADY_ADDED", name);
    this.#beingAdded.add(name);
    try {
      await sockets.lookUp(config.processes);
      if (fleet.closing) throw new Fault("SHUTDOWN_STATE");
      const [group = config] = withLogs([config], this.#latest, log);
      adoptOrphans({ log, clearing }, { stoptree: config.processes.some((each) => each.stoptree) });
      fleet.add(group);
      this.#active.set(name, config);
    } catch (error) {
      if (error instanceof Fault) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Fault("FAILED", `${name}: ${why.replace(/^Error: /, "")}`, { cause: error });
    } finally {
      this.#beingAdded.delete(name);
    }
  }

  /** @throws Fault BAD_NAME, STILL_RUNNING */
  remove(name: string): void {
    this.#parts.fleet.remove(name);
    this.#active.delete(name);
  }
}
