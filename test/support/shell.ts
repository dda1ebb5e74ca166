import { isAtRest, isStoppable, transition } from "../../src/process/chart.ts";
import type { Exit } from "../../src/process/exit.ts";
import { countWithin, type Policy, PRELUDE } from "../../src/process/policy.ts";
import type { Effect, Event, State } from "../../src/process/step.ts";

type Answer = "works" | "fails" | "no room";

/** Between two starts that nobody has asked for. */
const LEAST_INTERVAL_MS = 100;

/**
 * The shell around one chart, as dull as can be, with a clock that moves only when told to, and a
 * fuse in place of everything that a shell may rely on.
 */
export class Shell {
  state: State = { name: "STOPPED", retries: 0 };
  now = 0;
  closing = false;
  childLives = false;
  /** Processes of a tree whose child is gone. */
  leftovers = 0;
  spawnQueued = false;
  timerAt: number | undefined;
  expired = false;
  quiet = false;
  /** When each attempt to start a child was made. */
  readonly starts: number[] = [];
  readonly #policy: Policy;
  readonly #random: () => number;
  /** Nobody has asked for a start since the last stop, or since the close. */
  #mayNotSpawn = false;
  /** Somebody has asked for the next spawn. */
  #asked = false;
  #upSince = 0;
  #restarts: number[] = [];

  constructor(policy: Policy, random: () => number = () => 0) {
    this.#policy = policy;
    this.#random = random;
  }

  start(): void {
    if (this.closing) return;
    const before = this.#mayNotSpawn;
    this.#mayNotSpawn = false;
    this.#asked = true;
    if (this.#send({ type: "start" })) this.#restarts = [];
    else this.#mayNotSpawn = before;
    this.#asked = false;
  }

  stop(): void {
    const stoppable = isStoppable(this.state);
    hold("a stop is taken", this.#send({ type: "stop" }), stoppable);
    this.#mayNotSpawn = true;
  }

  close(): void {
    this.closing = true;
    this.#mayNotSpawn = true;
    this.#send({ type: "close" });
  }

  recycle(): void {
    const runs = this.state.name === "RUNNING" && !this.closing;
    hold("a recycle is taken", this.#send({ type: "recycle" }), runs);
  }

  fallIll(inARow: number): void {
    const { name } = this.state;
    const runs = name === "RUNNING" ? !this.closing : name === "STARTING" && this.state.spawned;
    hold("an illness is taken", this.#send({ type: "unhealthy", inARow }), runs);
  }

  becomeQuiet(): void {
    const { state } = this;
    const waits = state.name === "STOPPING" && state.prelude === "quiet" && state.act === PRELUDE;
    hold("a quiet worker is stopped", this.#send({ type: "quieted" }), waits);
  }

  /** Moves the clock, and tells every timer that runs out on the way. */
  advance(ms: number): void {
    const until = this.now + ms;
    while (this.timerAt !== undefined && this.timerAt <= until) this.wait();
    this.now = Math.max(this.now, until);
  }

  /** Moves the clock while the shell is too busy to hear its timer. */
  beBusy(ms: number): void {
    this.now += ms;
  }

  /** Moves the clock to the timer, if there is one. */
  wait(): void {
    if (this.timerAt === undefined) return;
    this.now = Math.max(this.now, this.timerAt);
    this.timerAt = undefined;
    this.#send({ type: "timeout" });
  }

  answerSpawn(answer: Answer): void {
    if (!this.spawnQueued) return;
    hold("a queued spawn outlived a stop or a close", this.#mayNotSpawn, false);
    this.spawnQueued = false;
    this.childLives = answer === "works";
    this.#upSince = this.now;
    this.starts.push(this.now);
    const failure = { type: "spawnFailed", error: "no", scarce: answer === "no room" } as const;
    const taken = this.#send(this.childLives ? { type: "spawned" } : failure);
    hold("somebody waits for the spawn", taken, true);
  }

  /** @param leftovers of its tree, where that is looked after */
  endChild(exit: Exit, leftovers = 0): void {
    if (!this.childLives) return;
    this.childLives = false;
    this.leftovers = this.#policy.stoptree ? leftovers : 0;
    const uptimeMs = this.now - this.#upSince;
    const taken = this.#send({ type: "exited", exit, uptimeMs, leftovers: this.leftovers });
    hold("somebody waits for the child's end", taken, true);
  }

  clear(): void {
    if (this.leftovers === 0) return;
    this.leftovers = 0;
    hold("somebody waits for what is left", this.#send({ type: "cleared" }), true);
  }

  failCommand(): void {
    this.#send({ type: "commandFailed", error: "exit status 1" });
  }

  /** The kernel refuses a signal; it is told only of one that was just sent. */
  refuseSignal(): void {
    if (this.state.name === "STOPPING") this.#send({ type: "signalFailed", error: "EPERM" });
  }

  /** What the state says must be so. */
  check(): void {
    const { state, childLives, leftovers, spawnQueued } = this;
    const { name } = state;
    const isSwept = name === "STOPPING" && state.ended !== undefined;
    const lives =
      ["RUNNING", "STOPPING", "UNKNOWN"].includes(name) || (name === "STARTING" && state.spawned);
    hold("a child lives", childLives, lives && !isSwept);
    hold("something is left of a tree", leftovers > 0, isSwept);
    hold("a spawn is queued", spawnQueued, name === "STARTING" && !state.spawned);
    hold("a timer runs", this.timerAt !== undefined, this.#waits(state));
    if (isAtRest(state)) hold("what is at rest can be stopped", isStoppable(state), false);
  }

  #waits(state: State): boolean {
    switch (state.name) {
      case "BACKOFF":
        // At the daemon's end some wait only to be stopped.
        return !this.closing || this.timerAt !== undefined;
      case "STOPPING":
        return true;
      case "STARTING":
        return state.spawned;
      case "EXITED":
        return state.restarting;
      case "STOPPED":
        return state.again === true;
      case "RUNNING":
        return this.#policy.max_lifetime !== undefined && !this.expired;
      default:
        return false;
    }
  }

  #send(event: Event): boolean {
    const step = transition(this.state, event, {
      policy: this.#policy,
      closing: this.closing,
      random: this.#random(),
      restarts: this.#recentRestarts(),
      quiet: this.quiet,
    });
    if (!step) return false;
    if (step.wakeMs === "keep") hold("no timer to keep", this.timerAt === undefined, false);
    else this.#setTimer(step.wakeMs);
    if (step.next.name !== this.state.name) this.expired = false;
    this.state = step.next;
    for (const effect of step.effects ?? []) this.#perform(effect);
    return true;
  }

  #setTimer(wakeMs: number | undefined): void {
    hold("a timer in the past", (wakeMs ?? 0) < 0, false);
    this.timerAt = wakeMs === undefined ? undefined : this.now + wakeMs;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "spawn":
        this.#queueSpawn(effect.again);
        break;
      case "unspawn":
        hold("there is a spawn to forget", this.spawnQueued, true);
        this.spawnQueued = false;
        break;
      case "signal":
        if (this.childLives) break;
        hold("there is somebody to signal", this.leftovers > 0, true);
        hold("what is left is signalled as", effect.to, "tree");
        break;
      case "stopcommand":
        hold("there is a child for the stop command", this.childLives, true);
        break;
      case "expire":
        hold("what has grown old is", this.state.name, "RUNNING");
        this.expired = true;
        break;
    }
  }

  #queueSpawn(again: boolean): void {
    hold("spawn beside a living child", this.childLives, false);
    hold("spawn beside what an earlier child has left", this.leftovers, 0);
    hold("spawn beside a queued spawn", this.spawnQueued, false);
    hold("spawn after a stop or a close", this.#mayNotSpawn, false);
    this.spawnQueued = true;
    if (this.#asked) return;
    const interval = this.now - (this.starts.at(-1) ?? Number.NEGATIVE_INFINITY);
    hold("two starts right after each other", interval < LEAST_INTERVAL_MS, false);
    if (again) this.#countRestart();
  }

  #countRestart(): void {
    this.#restarts.push(this.now);
    const { count = Infinity } = this.#policy.restart_limit ?? {};
    hold("too many restarts", this.#recentRestarts() > count, false);
  }

  #recentRestarts(): number {
    const { windowMs = Infinity } = this.#policy.restart_limit ?? {};
    return countWithin(this.#restarts, this.now, windowMs);
  }
}

/** As `expect`, for what is asked a million times. */
function hold<T>(what: string, actual: T, wanted: T): void {
  if (actual !== wanted) throw new Error(`${what}: ${actual}`);
}
