import { lstatSync } from "node:fs";
import path from "node:path";
import type { FSWatcher } from "chokidar";
import { Fault } from "../faults.ts";
import { Anchor } from "../os/anchor.ts";
import { unless } from "../os/errno.ts";
import { matcher } from "../os/glob.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

/** What changes without a pause is acted on after so many of them. */
const MOST_PAUSES = 10;

type WatchWorld = Pick<World, "clock" | "log" | "events" | "freezer" | "rollouts">;

/** Looks after the files of programs that have `watch=`, and acts when they change. */
export class FileWatches {
  readonly #world: WatchWorld;
  #watches = new Map<string, FileWatch>();

  constructor(world: WatchWorld) {
    this.#world = world;
  }

  /** From here on for these; what is watched as before goes on. */
  follow(processes: readonly Supervised[]): void {
    const wanted = new Map<string, Supervised[]>();
    for (const process of processes) {
      const { group, section, watch, watch_ignore, directory } = process.config;
      if (watch.length === 0) continue;
      const key = JSON.stringify([group, section.name, watch, watch_ignore, directory]);
      wanted.set(key, [...(wanted.get(key) ?? []), process]);
    }
    const before = this.#watches;
    this.#watches = new Map(
      [...wanted].map(([key, members]) => {
        const known = before.get(key) ?? new FileWatch(members, this.#world);
        known.processes = members;
        before.delete(key);
        return [key, known];
      }),
    );
    for (const gone of before.values()) gone.close();
  }

  close(): void {
    this.follow([]);
  }
}

/** The files of one program. */
class FileWatch {
  /** Its copies. */
  processes: readonly Supervised[];
  readonly #world: WatchWorld;
  #watcher: FSWatcher | undefined;
  /** Of the watched files and folders themselves. */
  readonly #anchors: Anchor[] = [];
  #closed = false;
  #changed = new Set<string>();
  #pauses = 0;
  /** A rollout waits for the end of another. */
  #again: Promise<void> | undefined;
  #cancel: () => void = () => undefined;

  constructor(processes: readonly Supervised[], world: WatchWorld) {
    this.processes = processes;
    this.#world = world;
    void this.#open();
  }

  async #open(): Promise<void> {
    const [{ config } = { config: undefined }] = this.processes;
    if (!config) return;
    // Loaded where it is used: most daemons watch nothing.
    const { watch } = await import("chokidar");
    if (this.#closed) return;
    const roots = config.watch.map((name) => path.resolve(config.directory ?? "", name));
    const patterns = config.watch_ignore.map((pattern) => matcher(pattern));
    const failed = (error: unknown) =>
      this.#world.log("warn", `cannot watch all files of ${this.#name}: ${error}`);
    const watcher = watch([], {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (file) =>
        !roots.includes(file) && patterns.some((matches) => matches(path.basename(file))),
    });
    this.#watcher = watcher;
    watcher.on("all", (_, file) => this.#note(file));
    watcher.on("error", failed);
    for (const root of roots) {
      watchBelow(watcher, root);
      const changed = () => {
        this.#note(root);
        watchBelow(watcher, root);
      };
      this.#anchors.push(new Anchor(root, changed, failed));
    }
  }

  get #name(): string {
    const [first] = this.processes;
    return first?.config.section.name.replace(/^[^:]*:/, "") ?? "";
  }

  #note(file: string): void {
    const [first] = this.processes;
    if (this.#closed || !first) return;
    this.#changed.add(file);
    if (this.#changed.size > 1 && this.#pauses >= MOST_PAUSES) return;
    this.#pauses++;
    this.#cancel();
    this.#cancel = this.#world.clock.after(first.config.watch_debounce, () => this.#act());
  }

  #act(): void {
    const files = [...this.#changed];
    this.#changed = new Set();
    this.#pauses = 0;
    const [file = ""] = files;
    const [first] = this.processes;
    if (!first) return;
    const { log, events } = this.#world;
    const { group, watch_action: action } = first.config;
    const what = files.length > 1 ? `${file} and ${files.length - 1} more` : file;
    const told = action.act === "signal" ? `sends ${action.signal}` : action.act;
    log("info", `files of '${this.#name}' have changed: ${what}; watch_action: ${told}`);
    events.emit("WATCH_CHANGED", { group, program: this.#name, files: files.length, file });
    if (action.act === "rollout") this.#rollOut();
    for (const process of this.processes) {
      if (action.act === "signal") process.signal(action.signal);
      else if (action.act === "restart") this.#restart(process, `watch=: ${what}`);
    }
  }

  /** What changes during a rollout is for one more, after it. */
  #rollOut(): void {
    const { rollouts, log } = this.#world;
    const group = this.processes[0]?.config.group ?? "";
    const underWay = rollouts.underWay(group);
    if (underWay) {
      this.#again ??= underWay.ended.then(() => {
        this.#again = undefined;
        if (!this.#closed) this.#rollOut();
      });
      return;
    }
    try {
      rollouts.begin(this.processes, {});
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      log("warn", `no rollout of ${group}: ${error.message}`);
    }
  }

  #restart(process: Supervised, reason: string): void {
    const { name } = process.state;
    const hasFailed =
      name === "FATAL" ||
      name === "BACKOFF" ||
      (name === "EXITED" && process.lastExit?.expected === false);
    if (hasFailed) {
      // It may be mended now.
      this.#world.freezer.whenThawed(() => {
        process.stop(reason);
        process.start();
      });
      return;
    }
    void process
      .until((state) => state.name !== "STARTING")
      .then((state) => state.name === "RUNNING" && process.requestRecycling(reason));
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const anchor of this.#anchors) anchor.close();
    void this.#watcher?.close();
  }
}

/** Where a link leads to is what changes, not what is in a release. */
function watchBelow(watcher: FSWatcher, root: string): void {
  watcher.unwatch(root);
  const stat = unless(["ENOENT", "ENOTDIR", "EACCES"], () => lstatSync(root));
  if (stat && !stat.isSymbolicLink()) watcher.add(root);
}
