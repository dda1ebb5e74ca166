import { type FSWatcher, watch } from "node:fs";
import path from "node:path";
import type { Config } from "../config/config.ts";
import { Fault } from "../faults.ts";
import type { PlannedChange } from "../rpc/results.ts";
import type { Hooks } from "./hooks.ts";
import type { Roster } from "./roster.ts";
import type { World } from "./world.ts";

/** Editors write a file in several steps, and a deploy writes several files. */
const PAUSE_MS = 500;

/** Where no file is yet, but one that comes would be read, is watched too. */
function foldersOf({ sections }: Config, main: string): Set<string> {
  const files = [...sections.values()].map(({ file }) => path.resolve(file));
  const patterns = sections.get("include")?.values.get("files")?.text.split(/\s+/) ?? [];
  const included = patterns
    .map((pattern) => path.dirname(path.resolve(path.dirname(main), pattern)))
    .filter((folder) => !/[*?[%]/.test(folder));
  return new Set([main, ...files].map((file) => path.dirname(file)).concat(included));
}

interface Places {
  /** The first file, or the folder of all. */
  file: string;
  roster: Roster;
  hooks: Hooks;
  world: Pick<World, "clock" | "log">;
}

/** Looks after the configuration's files, for `watch_config=`. */
export class ConfigWatch {
  readonly #mode: "plan" | "update";
  readonly #places: Places;
  #watchers = new Map<string, FSWatcher>();
  #cancel: () => void = () => undefined;
  #underWay = false;
  #again = false;
  #closed = false;

  constructor(mode: "plan" | "update", places: Places) {
    this.#mode = mode;
    this.#places = places;
    this.#follow();
  }

  #follow(): void {
    const { file, roster, world } = this.#places;
    const before = this.#watchers;
    this.#watchers = new Map();
    for (const folder of foldersOf(roster.latest, file)) {
      const known = before.get(folder);
      before.delete(folder);
      try {
        this.#watchers.set(folder, known ?? this.#watch(folder));
      } catch (error) {
        world.log("warn", `cannot watch the configuration in ${folder}: ${error}`);
      }
    }
    for (const watcher of before.values()) watcher.close();
  }

  #watch(folder: string): FSWatcher {
    const isMeant = (name: string | null) =>
      name === null || /\.(?:conf|ini)$/.test(name) || name === path.basename(this.#places.file);
    const watcher = watch(folder, (_, name) => {
      if (isMeant(name)) this.#note();
    });
    // The folder is gone; it is looked for again at the next change.
    watcher.on("error", () => this.#watchers.delete(folder));
    return watcher;
  }

  #note(): void {
    this.#cancel();
    this.#cancel = this.#places.world.clock.after(PAUSE_MS, () => void this.#act());
  }

  /** One at a time: what changes meanwhile is looked at afterwards. */
  async #act(): Promise<void> {
    this.#again = this.#underWay;
    if (this.#underWay || this.#closed) return;
    this.#underWay = true;
    try {
      await this.#takeOver();
    } catch (error) {
      const why = error instanceof Fault ? error.message : String(error);
      this.#places.world.log(
        "error",
        `the configuration has changed, and is not taken over: ${why}`,
      );
    }
    this.#underWay = false;
    if (this.#closed) return;
    this.#follow();
    if (this.#again) void this.#act();
  }

  async #takeOver(): Promise<void> {
    const { roster, hooks, world } = this.#places;
    if (this.#mode === "plan") {
      const plan = roster.plan();
      world.log("info", `the configuration has changed; update would ${inWords(plan)}`);
      return;
    }
    const done = await roster.updateAll();
    const changes = hooks.takeOver(roster.latest.hooks);
    const names = [...changes.added, ...changes.changed, ...changes.removed];
    const others = names.length > 0 ? `; hooks: ${names.join(", ")}` : "";
    world.log("info", `the configuration has changed: ${inWords(done)}${others}`);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/** How many are named. */
const MOST_NAMES = 20;

/** `start worker:worker_3, restart web:web`. */
function inWords(plan: readonly PlannedChange[]): string {
  if (plan.length === 0) return "do nothing";
  const named = plan
    .slice(0, MOST_NAMES)
    .map(({ action, group, name }) => `${action} ${group}:${name}`);
  const more = plan.length > MOST_NAMES ? [`and ${plan.length - MOST_NAMES} more`] : [];
  return [...named, ...more].join(", ");
}
