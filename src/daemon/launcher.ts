import { systemClock } from "../os/clock.ts";

/**
 * A start blocks the loop for as long as the fork takes. After so many milliseconds of starting,
 * everything else has a turn.
 */
const BUSY_MS = 10;

/** Starts children one after another, and lets the daemon answer in between. */
export class Launcher {
  readonly #waiting = new Set<() => void>();
  #scheduled = false;

  /** @returns a way to take it back, as long as it has not happened */
  enqueue(start: () => void): () => void {
    this.#waiting.add(start);
    this.#schedule();
    return () => this.#waiting.delete(start);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
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
    for (const start of this.#waiting) {
      this.#waiting.delete(start);
      start();
      if (systemClock.monotonicMs() - began > BUSY_MS) return;
    }
  }
}
