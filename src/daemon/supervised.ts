import type { ProcessConfig } from "../config/config.ts";
import { signalChild } from "../os/children.ts";
import {
  type Context,
  type Effect,
  type Event,
  isStoppable,
  type Policy,
  type State,
  transition,
} from "../process/chart.ts";
import { describe } from "../process/describe.ts";
import type { Exit } from "../process/exit.ts";
import { narrate } from "../process/narrate.ts";
import { recordExit } from "../process/record.ts";
import { type SignalName, signalOf } from "../process/signals.ts";
import { stateCodes } from "../process/states.ts";
import type { ProcessInfo } from "../rpc/methods.ts";
import { ChildMaker, describeForkFailure, SpawnError } from "./child.ts";
import type { Entry } from "./ledger.ts";
import { untilGone } from "./survivors.ts";
import type { World } from "./world.ts";

/** One process of the fleet: runs its chart, performs its effects, remembers how its children ended. */
export class Supervised {
  readonly config: ProcessConfig;
  readonly maker: ChildMaker;
  readonly #world: World;
  #state: State = { name: "STOPPED", retries: 0 };
  #closing = false;
  /** The configuration's, or that of an earlier one for a child that it started. */
  #policy: Policy;
  #pid = 0;
  #spawnerr = "";
  #exitstatus = 0;
  /** Wall clock, to show. */
  #startedAt = 0;
  #stoppedAt = 0;
  /** Monotonic, to measure. */
  #upSince = 0;
  #cancelTimer: (() => void) | undefined;
  #unspawn: (() => void) | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(config: ProcessConfig, world: World) {
    this.config = config;
    this.#policy = config;
    this.#world = world;
    this.maker = new ChildMaker(config, world);
  }

  get state(): State {
    return this.#state;
  }

  get pid(): number {
    return this.#pid;
  }

  /** What went wrong with the latest start; empty when nothing did. */
  get spawnerr(): string {
    return this.#spawnerr;
  }

  get stoppable(): boolean {
    return isStoppable(this.#state);
  }

  /** Takes over a child of an earlier daemon, to stop it; what it still writes is logged. */
  async endSurvivor(survivor: Entry): Promise<void> {
    this.#pid = survivor.pid;
    this.#policy = { ...this.config, ...survivor };
    try {
      this.maker.listen();
    } catch (error) {
      this.#world.log("error", `cannot read the output of '${this.config.name}': ${error}`);
    }
    this.#send({ type: "found" });
    await untilGone(survivor);
    this.#policy = this.config;
    this.#exited({ unknown: true });
  }

  start(): void {
    this.#send({ type: "start" });
  }

  stop(): void {
    this.#send({ type: "stop" });
  }

  /** The daemon is going down: nothing starts by itself from here on. */
  close(): void {
    this.#closing = true;
    this.#send({ type: "close" });
  }

  /** Reads no output any more; for the daemon's end, after the child's. */
  release(): void {
    this.maker.close();
  }

  /** The first state of which `done` holds, asked now and after every change. */
  until(done: (state: State) => boolean): Promise<State> {
    if (done(this.#state)) return Promise.resolve(this.#state);
    return new Promise((resolve) => {
      const watcher = () => {
        if (!done(this.#state)) return;
        this.#watchers.delete(watcher);
        resolve(this.#state);
      };
      this.#watchers.add(watcher);
    });
  }

  info(): ProcessInfo {
    const { name, group } = this.config;
    const { clock } = this.#world;
    const state = this.#state.name;
    const seconds = (ms: number) => Math.floor(ms / 1_000);
    const [start, stop] = [seconds(this.#startedAt), seconds(this.#stoppedAt)];
    const uptime = seconds(clock.monotonicMs() - this.#upSince);
    const shown = { name, state, pid: this.#pid, start, stop, uptime, spawnerr: this.#spawnerr };
    const logOf = (stream: "stdout" | "stderr") => this.logfile(stream) ?? "";
    return {
      name,
      group,
      start,
      stop,
      now: seconds(clock.wallMs()),
      state: stateCodes[state],
      statename: state,
      spawnerr: this.#spawnerr,
      exitstatus: this.#exitstatus,
      logfile: logOf("stdout"),
      stdout_logfile: logOf("stdout"),
      stderr_logfile: logOf("stderr"),
      pid: this.#pid,
      description: describe(shown),
    };
  }

  /** Path of a stream's log; undefined when it has none of its own. */
  logfile(stream: "stdout" | "stderr"): string | undefined {
    if (stream === "stderr" && this.config.redirect_stderr) return undefined;
    const target = this.config[`${stream}_logfile`];
    return target.to === "file" ? target.path : undefined;
  }

  #send(event: Event): void {
    const from = this.#state;
    const context: Context = { policy: this.#policy, closing: this.#closing };
    const step = transition(from, event, context);
    if (!step) return;
    // A timer belongs to the state that asked for it.
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (step.wakeMs !== undefined) {
      this.#cancelTimer = this.#world.clock.after(step.wakeMs, () =>
        this.#send({ type: "timeout" }),
      );
    }
    this.#remember(step.next, event);
    this.#state = step.next;
    const { name } = this.config;
    const happening = { name, pid: this.#pid, from, event, to: step.next, policy: this.#policy };
    for (const { level, text } of narrate(happening)) this.#world.log(level, text);
    if (event.type === "exited") this.#pid = 0;
    for (const effect of step.effects ?? []) this.#perform(effect);
    for (const watcher of [...this.#watchers]) watcher();
  }

  #remember(to: State, event: Event): void {
    if (event.type === "spawnFailed") this.#spawnerr = event.error;
    if (event.type !== "exited") return;
    this.#stoppedAt = this.#world.clock.wallMs();
    const ending = recordExit(to, event.exit, this.config.exitcodes);
    this.#exitstatus = ending.exitstatus;
    this.#spawnerr = ending.spawnerr ?? this.#spawnerr;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "spawn":
        this.#spawnerr = "";
        this.#exitstatus = 0;
        this.#startedAt = this.#world.clock.wallMs();
        this.#unspawn = this.#world.launcher.enqueue(() => this.#spawn());
        break;
      case "unspawn":
        this.#unspawn?.();
        break;
      case "signal":
        this.#signal(effect.signal, effect.group);
        break;
    }
  }

  #spawn(): void {
    const { name } = this.config;
    let pid: number | undefined;
    try {
      pid = this.maker.spawn({
        failed: (errno) =>
          this.#send({ type: "spawnFailed", error: describeForkFailure(name, errno) }),
        exited: (exit) => this.#exited(exit),
      });
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      this.#send({ type: "spawnFailed", error: error.message });
    }
    if (pid !== undefined) this.#spawned(pid);
  }

  #spawned(pid: number): void {
    this.#pid = pid;
    this.#startedAt = this.#world.clock.wallMs();
    this.#upSince = this.#world.clock.monotonicMs();
    try {
      this.#world.ledger.add(this.config, pid);
    } catch (error) {
      this.#world.log("error", `cannot note the child of ${this.config.name}: ${error}`);
    }
    this.#send({ type: "spawned" });
  }

  #exited(exit: Exit): void {
    const uptimeMs = this.#world.clock.monotonicMs() - this.#upSince;
    try {
      // What the child wrote before it died is in its log before its death is told.
      this.maker.drain();
      this.#world.ledger.remove(this.config);
    } finally {
      this.#send({ type: "exited", exit, uptimeMs });
    }
  }

  #signal(signal: SignalName, group: boolean): void {
    const { name } = this.config;
    try {
      if (signalChild(this.#pid, signalOf(signal), group)) return;
      const why = "it probably just exited on its own";
      this.#world.log("debug", `unable to signal ${name} (pid ${this.#pid}), ${why}`);
    } catch (error) {
      this.#send({ type: "signalFailed", error: String(error) });
    }
  }
}
