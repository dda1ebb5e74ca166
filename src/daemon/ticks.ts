import type { World } from "./world.ts";

const periods = [
  ["TICK_5", 5],
  ["TICK_60", 60],
  ["TICK_3600", 3_600],
] as const;

/** supervisord's TICK events, by one timer for all; none while nobody listens. */
export class Ticks {
  readonly #world: Pick<World, "clock" | "events">;
  #cancel: (() => void) | undefined;
  /** When it was looked last, in seconds since the Epoch. */
  #looked = 0;

  constructor(world: Pick<World, "clock" | "events">) {
    this.#world = world;
  }

  /** To be called when there are other listeners than before. */
  update(): void {
    const isRunning = this.#cancel !== undefined;
    this.stop();
    if (!this.#isWanted()) return;
    if (!isRunning) this.#looked = this.#seconds();
    this.#wait();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #isWanted(): boolean {
    return periods.some(([type]) => this.#world.events.isWanted(type));
  }

  #seconds(): number {
    return this.#world.clock.wallMs() / 1_000;
  }

  #wait(): void {
    const period = Math.min(
      ...periods.filter(([type]) => this.#world.events.isWanted(type)).map(([, each]) => each),
    );
    // Looked at often enough for a clock that is set; a timer may be a little early.
    const step = Math.min(period, 60);
    const ms = (step - (this.#seconds() % step)) * 1_000 + 1;
    this.#cancel = this.#world.clock.after(ms, () => this.#tick());
  }

  #tick(): void {
    const now = this.#seconds();
    for (const [type, period] of periods) {
      const when = Math.floor(now / period) * period;
      if (when !== Math.floor(this.#looked / period) * period) {
        this.#world.events.emit(type, { when });
      }
    }
    this.#looked = now;
    this.#wait();
  }
}
