/** Events that have come together are one run, and no run has more. */
export const MOST_EVENTS = 1_000;

/** What waits until a hook has a turn. */
export class Queue<T> {
  readonly #most: number;
  readonly #jobs: T[][] = [];

  /** @param most jobs; then the oldest is dropped */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#jobs.length;
  }

  /** @returns what was dropped for it */
  add(events: T[]): T[] {
    this.#jobs.push(events);
    return this.#jobs.length > this.#most ? (this.#jobs.shift() ?? []) : [];
  }

  take(): T[] | undefined {
    return this.#jobs.shift();
  }
}
