import type { ProcessConfig } from "../config/config.ts";
import { emitChange } from "../events/states.ts";
import { signalChild } from "../os/children.ts";
import { isAtRest, isStoppable, transition } from "../process/chart.ts";
import { narrate } from "../process/narrate.ts";
import { formatMs, type Policy } from "../process/policy.ts";
import type { ExitRecord } from "../process/record.ts";
import { type SignalName, signalOf } from "../process/signals.ts";
import { isSignallable, isStopped } from "../process/states.ts";
import type { Context, Effect, Event, State } from "../process/step.ts";
import { whoAsks } from "../rpc/asking.ts";
import { Attention } from "./attention.ts";
import { enclosureOf } from "./channelname.ts";
import { ChildMaker } from "./child.ts";
import { type Happened, History } from "./history.ts";
import { logfileOf } from "./info.ts";
import { Keeper } from "./keeper.ts";
import type { Entry } from "./ledger.ts";
import type { Recycler } from "./recycler.ts";
import { untilGone } from "./survivors.ts";
import type { World } from "./world.ts";

const REQUEST = "a request";

/** One process of the fleet: runs its chart, performs its effects, remembers how its children ended. */
export class Supervised {
  #config: ProcessConfig;
  readonly maker: ChildMaker;
  readonly #world: World;
  readonly recycler: Recycler;
  /** What is remembered of it. */
  readonly history: History;
  #state: State = { name: "STOPPED", retries: 0 };
  #closing = false;
  /** The configuration's, or that of an earlier one for a child that it started. */
  #policy: Policy;
  readonly #keeper: Keeper;
  readonly #attention: Attention;
  /** The signal of a stop that is to follow has been sent. */
  #hastened = false;
  /** When the timer of its state ends, in milliseconds since the Epoch. */
  #wakesAt: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #unspawn: (() => void) | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(config: ProcessConfig, world: World, recycler: Recycler) {
    this.#config = config;
    this.#policy = config;
    this.#world = world;
    this.recycler = recycler;
    this.maker = new ChildMaker(config, world);
    this.history = new History(this.maker.stdio, world);
    this.#attention = new Attention({
      world,
      maker: this.maker,
      config: () => this.#config,
      pid: () => this.pid,
      uptimeMs: () => this.uptimeMsAt(world.clock.monotonicMs()),
      changed: () => this.#notify(),
      late: (why) => this.requestRecycling(why),
      unhealthy: (inARow, why) => this.#send({ type: "unhealthy", inARow }, why),
      quieted: () => this.#send({ type: "quieted" }),
    });
    this.#keeper = new Keeper({
      ...{ world, maker: this.maker, history: this.history, attention: this.#attention },
      config: () => this.#config,
      send: (event) => this.#send(event),
      spawned: () => world.needs.spawned(this),
      collected: () => this.look(),
    });
  }

  get config(): ProcessConfig {
    return this.#config;
  }

  /**
   * Takes over options that cost no restart. What a timer that runs was set by, as max_lifetime, counts
   * from the next child on.
   */
  reconfigure(config: ProcessConfig): void {
    const isOwn = this.#policy === this.#config;
    this.#config = config;
    if (isOwn) this.#policy = config;
    this.maker.reconfigure(config);
    if (isOwn && this.pid > 0) this.#keeper.noteAgain();
  }

  get state(): State {
    return this.#state;
  }

  get pid(): number {
    const isGone = this.#state.name === "STOPPING" && this.#state.ended !== undefined;
    return isGone ? 0 : this.#keeper.pid;
  }

  /** It runs, and is known to be ready where it says by what. */
  get ready(): boolean {
    return this.#state.name === "RUNNING" && (this.vitals?.ready ?? true);
  }

  /** What is known of its child; undefined: nothing beside that it runs. */
  get vitals(): Attention["vitals"] {
    return this.#attention.vitals;
  }

  /** How the latest child ended. */
  get lastExit(): ExitRecord | undefined {
    return this.history.exits.at(-1);
  }

  /** What went wrong with the latest start; empty when nothing did. */
  get spawnerr(): string {
    return this.history.spawnerr;
  }

  /** In supervisord's set of states in which a process may be sent signals. */
  get signallable(): boolean {
    return isSignallable(this.#state.name);
  }

  get stoppable(): boolean {
    return this.waits || isStoppable(this.#state);
  }

  /**
   * Takes over a child of an earlier daemon, to stop it; what it still writes is logged.
   * @param after whether to start one of its own then
   */
  async endSurvivor(survivor: Entry, after: "start" | "rest"): Promise<void> {
    this.#keeper.adopt(survivor);
    this.#policy = { ...this.config, ...survivor };
    this.#send({ type: "found", after }, "a new droverd");
    await untilGone(survivor);
    this.#policy = this.config;
    this.#keeper.exited({ unknown: true }, undefined);
  }

  /** With what it needs, and once that is up. */
  start(): void {
    this.history.forgive();
    const go = () => this.#send({ type: "start" });
    if (!isStopped(this.#state.name)) go();
    else if (!this.#world.needs.start(this, go)) this.#notify();
  }

  #forgetStart(): void {
    if (this.#world.needs.forget(this)) this.#notify();
  }

  /** It is to be started, and waits for what it needs. */
  get waits(): boolean {
    return this.#world.needs.isHeld(this);
  }

  /** What it waits for, for people; empty: nothing. */
  get waitsFor(): string[] {
    const waits = this.waits || waitsToStart(this.#state);
    return waits ? this.#world.needs.unmet(this) : [];
  }

  /** @param reason for those who ask later why the child has ended */
  stop(reason = REQUEST): void {
    this.#forgetStart();
    if (reason === REQUEST) this.#world.needs.tellOfStop(this);
    this.#send({ type: "stop" }, reason);
  }

  /**
   * Sends the signal with which a stop begins. The stop is to follow: with it, it is told, and
   * everything else is done.
   */
  hasten(): void {
    const step = transition(this.#state, { type: "stop" }, this.#context());
    const [first] = step?.effects ?? [];
    if (!step || first?.type !== "signal" || this.#attention.hasAsked(step.next)) return;
    this.#keeper.signal(first);
    this.#hastened = true;
  }

  /** Replaces a running child by a fresh one. */
  recycle(reason: string): void {
    this.#send({ type: "recycle" }, reason);
  }

  /** Has it recycled as soon as its group allows. */
  requestRecycling(reason: string): void {
    const { pid } = this;
    this.#world.freezer.whenThawed(() => {
      if (this.pid === pid) this.recycler.request(this, reason);
    });
  }

  /**
   * Sends a signal to the child alone.
   * @returns false when there is no child
   * @throws what the kernel gives
   */
  signal(signal: SignalName): boolean {
    this.#world.log("debug", `sending ${this.config.name} (pid ${this.pid}) sig ${signal}`);
    return this.pid > 0 && signalChild(this.pid, signalOf(signal), false);
  }

  /**
   * Has it take no more jobs.
   * @returns false when there is no child, or no signal for that
   * @throws what the kernel gives
   */
  quiet(): boolean {
    const { quietsignal } = this.config;
    return quietsignal !== undefined && this.#attention.quiet(() => this.signal(quietsignal));
  }

  /** The daemon is going down: nothing starts by itself from here on. */
  close(): void {
    this.#closing = true;
    this.#forgetStart();
    this.#send({ type: "close" });
  }

  /** Reads no output any more; for the daemon's end, after the child's. */
  release(): void {
    this.maker.stdio.close();
    // The last of a tree may have been on its way out still when its child was buried.
    if (this.config.stoptree) enclosureOf(this.maker.treeToken)?.remove();
  }

  /** It is given up, being at rest: nothing is done any more, and nothing of it stays. */
  retire(): void {
    this.close();
    this.#wake(undefined);
    this.maker.stdio.retire();
  }

  /** The first state of which `done` holds, asked now and after every change. */
  until(done: (state: State) => boolean): Promise<State> {
    return new Promise((resolve) => {
      this.#once(
        () => done(this.#state),
        () => resolve(this.#state),
      );
    });
  }

  /** Calls `act` as soon as it is at rest: before anything else is told. */
  onceAtRest(act: () => void): void {
    this.#once(() => isAtRest(this.#state), act);
  }

  /** Calls `act` once nothing of it runs any more, which may be before that is acted on. */
  onceGone(act: () => void): void {
    const isGone = () =>
      isAtRest(this.#state) || (this.#keeper.isCollected && !this.config.stoptree);
    this.#once(isGone, act);
  }

  #once(isSo: () => boolean, act: () => void): void {
    const watcher = () => {
      if (!isSo()) return;
      this.#watchers.delete(watcher);
      act();
    };
    this.#watchers.add(watcher);
    watcher();
  }

  /** Of its child, in milliseconds; 0: there is none. @param monotonicMs the moment */
  uptimeMsAt(monotonicMs: number): number {
    return this.#keeper.uptimeMsAt(monotonicMs);
  }

  /** When it is started again by itself, in seconds since the Epoch; null: not of its own accord. */
  get nextStart(): number | null {
    if (!waitsToStart(this.#state) || this.#wakesAt === undefined) return null;
    return Math.max(this.#wakesAt, this.#world.freezer.untilMs ?? 0) / 1_000;
  }

  /** Path of a stream's log, the first file where it has several; undefined: it has none of its own. */
  logfile(stream: "stdout" | "stderr"): string | undefined {
    if (stream === "stderr" && this.config.redirect_stderr) return undefined;
    return logfileOf(this.config[`${stream}_logfile`]);
  }

  /**
   * Begins its logs anew. As in supervisord those of a process without a child stay as they are.
   * @throws what the kernel gives
   */
  clearLogs(): void {
    if (this.#keeper.pid > 0) this.maker.stdio.clearLogs();
  }

  #send(event: Event, reason = ""): void {
    const from = this.#state;
    const step = transition(from, event, this.#context());
    if (!step) return;
    const { next, wakeMs, effects = [] } = step;
    if (wakeMs !== "keep") this.#wake(wakeMs);
    this.history.add({ from, event, to: next, reason }, this.#policy);
    this.#state = next;
    this.#tell({ from, event, to: next, reason });
    if (next.name !== "STOPPING") {
      this.#keeper.endStopCommand();
      if (event.type === "exited" || event.type === "cleared") {
        this.#keeper.bury();
      }
    }
    for (const effect of effects) this.#perform(effect);
    if (this.#state.name === "STOPPING") this.#attention.stopping(this.#state, this.#policy);
    this.#notify();
    for (const watcher of this.#world.watchers) watcher(this);
  }

  #notify(): void {
    this.look();
    this.#world.needs.noticed(this);
  }

  /** Those who wait for something of it look again. */
  look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #context(): Context {
    const { restart_limit } = this.#policy;
    const restarts = restart_limit ? this.history.restartsWithin(restart_limit.windowMs) : 0;
    const random = this.#world.random();
    const quiet = this.vitals?.quiet === "quiet";
    return { policy: this.#policy, closing: this.#closing, random, restarts, quiet };
  }

  /** A timer belongs to the state that asked for it. */
  #wake(wakeMs: number | undefined): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#wakesAt = wakeMs === undefined ? undefined : this.#world.clock.wallMs() + wakeMs;
    if (wakeMs === undefined) return;
    this.#cancelTimer = this.#world.clock.after(wakeMs, () => this.#due());
  }

  /** What its state has waited for is due, unless that is a start and the fleet is frozen. */
  #due(): void {
    const over = () => this.#send({ type: "timeout" });
    const givesUp = "over" in this.#state && this.#state.over !== undefined;
    if (!waitsToStart(this.#state) || givesUp) {
      over();
      return;
    }
    // Somebody has asked for its start meanwhile, which waits already.
    if (this.waits) return;
    const { freezer, needs } = this.#world;
    const whenMet = () => {
      const cancel = needs.whenMet(this, over);
      if (cancel) this.#cancelTimer = cancel;
    };
    if (freezer.untilMs === undefined) whenMet();
    else this.#cancelTimer = freezer.whenThawed(whenMet);
  }

  #tell({ from, event, to, reason }: Happened): void {
    const { name, group } = this.config;
    const happening = { name, pid: this.#keeper.pid, from, event, to, policy: this.#policy };
    const exit = event.type === "exited" ? this.lastExit : undefined;
    const fields = exit && { event: "PROCESS_EXIT", process: name, group, exit };
    for (const { level, text } of narrate(happening)) this.#world.log(level, text, fields);
    const { restarts, spawnerr: error } = this.history;
    const told = { ...{ process: name, group, from, to }, pid: happening.pid };
    emitChange(this.#world.events, { ...told, restarts, reason, by: whoAsks(), error, exit });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "spawn":
        this.history.begin(effect.again, this.#policy);
        this.#unspawn = this.#world.launcher.enqueue(() => this.#keeper.spawn());
        break;
      case "unspawn":
        this.#unspawn?.();
        break;
      case "signal":
        // A first act that is SIGKILL was not preceded by anything that asked.
        if (effect.signal === "SIGKILL" && this.#isBeyondFirstAct()) this.history.killed();
        if (!this.#hastened && !this.#attention.hasAsked(this.#state)) this.#keeper.signal(effect);
        this.#hastened = false;
        break;
      case "stopcommand":
        this.#keeper.runStopCommand(this.#policy.stopcommand ?? "");
        break;
      case "expire": {
        const { max_lifetime } = this.#policy;
        const lifetime = max_lifetime ? ` of ${formatMs(max_lifetime.ms)}` : "";
        this.requestRecycling(`max_lifetime${lifetime}`);
        break;
      }
    }
  }

  #isBeyondFirstAct(): boolean {
    return this.#state.name === "STOPPING" && this.#state.act > 0;
  }
}

/** In these a timer that ends is a start. */
const waitsToStart = ({ name }: State): boolean =>
  name === "BACKOFF" || name === "EXITED" || name === "STOPPED";
