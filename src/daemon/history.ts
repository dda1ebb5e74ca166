import { isExpected } from "../process/exit.ts";
import { countWithin, type Policy } from "../process/policy.ts";
import {
  describeCause,
  type ExitRecord,
  recordExit,
  type Stop,
  whyGivenUp,
} from "../process/record.ts";
import type { Event, Exited, State } from "../process/step.ts";
import type { Stdio } from "./stdio.ts";
import type { World } from "./world.ts";

/** Enough to see a pattern; a process that dies every second must not fill the memory. */
const MOST_EXITS = 10;

/** One step of a process's chart. `reason`: by whose wish, where it is a stop. */
export interface Happened {
  from: State;
  event: Event;
  to: State;
  reason: string;
}

/** What is known of the end of one child. */
export interface End {
  event: Exited;
  pid: number;
  usage: { cpuMs: number; peakBytes: number | undefined } | undefined;
}

/** What is remembered of a process: its starts and stops, what went wrong, how its children ended. */
export class History {
  /** What went wrong with the latest start; empty when nothing did. */
  spawnerr = "";
  exitstatus = 0;
  /** Milliseconds since the Epoch, to show; 0: never. */
  startedAt = 0;
  stoppedAt = 0;
  /** Restarts that nobody asked for. */
  restarts = 0;
  readonly #stdio: Stdio;
  readonly #world: Pick<World, "clock" | "oomStruck">;
  readonly #exits: ExitRecord[] = [];
  /** Moments of the restarts, monotonic; as far back as restart_limit looks. */
  #moments: number[] = [];
  /** What is being done to the child. */
  #stop: Stop | undefined;

  constructor(stdio: Stdio, world: Pick<World, "clock" | "oomStruck">) {
    this.#stdio = stdio;
    this.#world = world;
  }

  /** How the latest children ended, the oldest first. */
  get exits(): readonly ExitRecord[] {
    return this.#exits;
  }

  /** Somebody asks for a start: what was before does not count for restart_limit any more. */
  forgive(): void {
    this.#moments = [];
  }

  /** A start begins. @param again nobody has asked for it */
  begin(again: boolean, { restart_limit }: Policy): void {
    this.spawnerr = "";
    this.exitstatus = 0;
    this.#stop = undefined;
    this.startedAt = this.#world.clock.wallMs();
    if (!again) return;
    this.restarts++;
    if (!restart_limit) return;
    this.#moments.push(this.#world.clock.monotonicMs());
    if (this.#moments.length > restart_limit.count) this.#moments.shift();
  }

  restartsWithin(windowMs: number): number {
    return countWithin(this.#moments, this.#world.clock.monotonicMs(), windowMs);
  }

  /** The child had to be killed, as it did not end when it was asked to. */
  killed(): void {
    if (this.#stop) this.#stop.killed = true;
  }

  /** Takes down an end; its output must have been drained. */
  addExit(
    { event: { exit, uptimeMs }, pid, usage }: End,
    exitcodes: readonly number[],
  ): ExitRecord {
    const signal = "signal" in exit ? exit.signal : null;
    const stop = this.#stop;
    const oomKilled = signal === "SIGKILL" && !stop?.killed && this.#world.oomStruck();
    const record: ExitRecord = {
      time: Math.floor(this.#world.clock.wallMs() / 1_000),
      pid,
      code: "code" in exit ? exit.code : null,
      signal,
      core_dumped: "signal" in exit && exit.coreDumped === true,
      expected: stop ? !stop.unhealthy : isExpected(exit, exitcodes),
      uptime: Math.round(uptimeMs) / 1_000,
      cpu_seconds: usage ? usage.cpuMs / 1_000 : null,
      peak_memory: usage?.peakBytes ?? null,
      oom_killed: oomKilled,
      cause: describeCause(exit, stop, oomKilled),
      last_output: {
        stdout: this.#stdio.lastLines("stdout"),
        stderr: this.#stdio.lastLines("stderr"),
      },
    };
    this.#exits.push(record);
    if (this.#exits.length > MOST_EXITS) this.#exits.shift();
    return record;
  }

  /** supervisord's bookkeeping of a step. */
  add({ from, event, to, reason }: Happened, policy: Policy): void {
    if (event.type === "spawned") this.startedAt = this.#world.clock.wallMs();
    if (event.type === "spawnFailed") this.spawnerr = event.error;
    if (to.name === "STOPPING" && from.name !== "STOPPING") {
      const unhealthy = event.type === "unhealthy";
      this.#stop = event.type === "exited" ? undefined : { reason, killed: false, unhealthy };
    }
    this.spawnerr = whyGivenUp(to, policy) ?? this.spawnerr;
    if (event.type === "exited") this.stoppedAt = this.#world.clock.wallMs();
    const cleared = event.type === "cleared" && from.name === "STOPPING" ? from.ended : undefined;
    const ended = event.type === "exited" ? event : cleared;
    if (!ended || to.name === "STOPPING") return;
    const ending = recordExit(to, ended.exit, policy.exitcodes);
    this.exitstatus = ending.exitstatus;
    this.spawnerr = ending.spawnerr ?? this.spawnerr;
  }
}
