import type { Clock } from "../../src/os/clock.ts";

/** A clock that stands still until the test says so. */
export class StillClock implements Clock {
  #monotonic = 0;
  #wall: number;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  constructor(wallMs: number) {
    this.#wall = wallMs;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  wallMs(): number {
    return this.#wall;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#monotonic + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** What was due on the way is called, in its order. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#pass(next.at - this.#monotonic);
      next.run();
    }
    this.#pass(end - this.#monotonic);
  }

  /** Somebody sets the clock on the wall. */
  set(wallMs: number): void {
    this.#wall = wallMs;
  }

  #pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}
