import type { ProcessConfig } from "../config/config.ts";
import type { Probe } from "../config/kinds/readiness.ts";
import { formatMs } from "../process/policy.ts";
import { ask } from "./probe.ts";
import type { World } from "./world.ts";

interface Parts {
  world: World;
  /** As it is now: its times count from the next check on. */
  config: () => ProcessConfig;
  env: Readonly<Record<string, string | undefined>>;
  /** What it writes is not read just now: that is no fault of its own. */
  isHeld(): boolean;
  /** It works no more, and why. */
  ill(why: string): void;
  well(): void;
}

/** Whether the program has anything by which its health is known. */
export const isExamined = ({ healthcheck, heartbeat_timeout, output_timeout }: ProcessConfig) =>
  healthcheck !== undefined || heartbeat_timeout !== undefined || output_timeout !== undefined;

/** A sign that must come at least so often. One timer, which is set when it ends and not by each sign. */
class Deadline {
  readonly #world: World;
  readonly #ms: number;
  readonly #missed: () => void;
  readonly #isExcused: () => boolean;
  #latest: number;
  #cancel: () => void = () => undefined;

  constructor(world: World, ms: number, missed: () => void, isExcused = () => false) {
    this.#world = world;
    this.#ms = ms;
    this.#missed = missed;
    this.#isExcused = isExcused;
    this.#latest = world.clock.monotonicMs();
    this.#wait(ms);
  }

  /** It has come. */
  sign(): void {
    this.#latest = this.#world.clock.monotonicMs();
  }

  #wait(ms: number): void {
    this.#cancel = this.#world.clock.after(ms, () => {
      const left = this.#latest + this.#ms - this.#world.clock.monotonicMs();
      // A loop that was held up itself has not heard what came meanwhile: that is heard before this.
      if (left > 0) this.#wait(left);
      else this.#cancel = this.#world.clock.after(0, () => this.#judge());
    });
  }

  #judge(): void {
    if (this.#isExcused()) this.sign();
    const left = this.#latest + this.#ms - this.#world.clock.monotonicMs();
    if (left <= 0) this.#missed();
    this.#wait(left > 0 ? left : this.#ms);
  }

  close(): void {
    this.#cancel();
  }
}

/** Whether one child that is ready works on, by its healthcheck= and by what it must give a sign of. */
export class Health {
  readonly #parts: Parts;
  readonly #over = new AbortController();
  readonly #startedAt: number;
  #beats: Deadline | undefined;
  #output: Deadline | undefined;
  #failures = 0;
  #successes = 0;
  #cancelCheck: () => void = () => undefined;
  /** What is wrong, by what has found it. */
  readonly #ills = new Map<string, string>();
  /** It has been found to work at least once. */
  #proven = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startedAt = parts.world.clock.monotonicMs();
  }

  /** Begins to look, once the child is ready. */
  begin(): void {
    const { world, config, isHeld } = this.#parts;
    const { healthcheck, heartbeat_timeout, output_timeout } = config();
    const missed = (option: string, what: string, ms: number) => () =>
      this.#found(option, `${what} for ${formatMs(ms)} (${option})`);
    if (heartbeat_timeout !== undefined) {
      const late = missed("heartbeat_timeout", "no heartbeat", heartbeat_timeout);
      this.#beats = new Deadline(world, heartbeat_timeout, late);
    }
    if (output_timeout !== undefined) {
      const late = missed("output_timeout", "no output", output_timeout);
      this.#output = new Deadline(world, output_timeout, late, isHeld);
    }
    // At different times: a fleet that was started at once is not to be asked at once.
    if (healthcheck) this.#checkIn(healthcheck, config().healthcheck_interval * world.random());
  }

  /** What is wrong; undefined: nothing that is known. */
  get ill(): string | undefined {
    return [...this.#ills.values()][0];
  }

  /** null: it has not been found out yet. */
  get verdict(): "healthy" | "unhealthy" | null {
    if (this.#ills.size > 0) return "unhealthy";
    return this.#parts.config().healthcheck && !this.#proven ? null : "healthy";
  }

  /** A sign of life. */
  beat(): void {
    this.#beats?.sign();
    this.#mended("heartbeat_timeout");
    this.#mended("WATCHDOG=trigger");
  }

  /** Something has been written. */
  wrote(): void {
    this.#output?.sign();
    if (this.#ills.size > 0) this.#mended("output_timeout");
  }

  /** The child itself says that it works no more. */
  triggered(): void {
    this.#found("WATCHDOG=trigger", "it has said so (WATCHDOG=trigger)");
  }

  #checkIn(probe: Probe, ms: number): void {
    this.#cancelCheck = this.#parts.world.clock.after(ms, () => void this.#check(probe));
  }

  async #check(probe: Probe): Promise<void> {
    const { world, config, env } = this.#parts;
    const { signal } = this.#over;
    const timeoutMs = config().healthcheck_timeout;
    const why = await ask(probe, { world, config: config(), env, timeoutMs, signal });
    if (signal.aborted) return;
    if (why === undefined) this.#succeeded();
    else this.#failed(why);
    if (!signal.aborted) this.#checkIn(probe, config().healthcheck_interval);
  }

  #succeeded(): void {
    this.#failures = 0;
    if (++this.#successes < this.#parts.config().healthcheck_successes) return;
    this.#proven = true;
    this.#mended("healthcheck");
  }

  #failed(why: string): void {
    const { world, config } = this.#parts;
    const { healthcheck_failures: most, healthcheck_start } = config();
    this.#successes = 0;
    if (!this.#proven && world.clock.monotonicMs() - this.#startedAt < healthcheck_start) return;
    if (++this.#failures < most) return;
    const times = most === 1 ? "" : ` ${this.#failures} times in a row`;
    this.#found("healthcheck", `healthcheck failed${times}: ${why}`);
  }

  #found(by: string, why: string): void {
    if (this.#over.signal.aborted) return;
    const isNew = this.#ills.size === 0;
    this.#ills.set(by, why);
    if (isNew) this.#parts.ill(why);
  }

  #mended(by: string): void {
    if (this.#ills.delete(by) && this.#ills.size === 0) this.#parts.well();
  }

  /** It is about to end: nothing is asked of it any more. */
  close(): void {
    this.#over.abort();
    this.#cancelCheck();
    this.#beats?.close();
    this.#output?.close();
  }
}
