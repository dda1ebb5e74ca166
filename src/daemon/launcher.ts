import { systemClock } from "../os/clock.ts";

/**
 * A start blocks the loop for as long as the fork takes. After so many milliseconds of starting,
 * everything else has a turn.
 */
const BUSY_MS = 10;

/** Starts children one after another, and lets the daemon answer in between. */
export class Launcher {
  readonly #waiting = new Set<() => void>();
  readonly #afterwards: (() => void)[] = [];
  #scheduled = false;

  /** @returns a way to take it back, as long as it has not happened */
  enqueue(start: () => void): () => void {
    this.#waiting.add(start);
    this.#schedule();
    return () => this.#waiting.delete(start);
  }

  /** Does something once nothing waits to be started; for what is in no hurry. */
  afterwards(act: () => void): void {
    this.#afterwards.push(act);
    this.#schedule();
  }

  /**
   * As `afterwards`, where something waits to be started.
   * @returns false when nothing does: it is to be done at once
   */
  readonly postpone = (act: () => void): boolean => {
    if (this.#waiting.size === 0) return false;
    this.afterwards(act);
    return true;
  };

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size + this.#afterwards.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      try {
        this.#run();
      } finally {
        // A start that throws is a bug of its own; those behind it still have their turn.
        this.#schedule();
      }
    });
  }

  #run(): void {
    const began = systemClock.monotonicMs();
    for (let act = this.#next(); act; act = this.#next()) {
      act();
      if (systemClock.monotonicMs() - began > BUSY_MS) return;
    }
  }

  #next(): (() => void) | undefined {
    const [start] = this.#waiting;
    if (!start) return this.#afterwards.shift();
    this.#waiting.delete(start);
    return start;
  }
}
