import type { Clock } from "../os/clock.ts";
import { type Snapshot, snapshot } from "../os/tree.ts";
import { isScarce } from "./errors.ts";

const FIRST_LOOK_MS = 20;
const SELDOM_MS = 1_000;

/** Something of which it can be told, by a look at all processes, whether anything is left. */
interface Leaver {
  leftovers(now: Snapshot): number;
}

/** @returns undefined when there is no descriptor left to look with: then it is looked again */
function lookAround(): Snapshot | undefined {
  try {
    return snapshot();
  } catch (error) {
    if (!isScarce(error)) throw error;
    return undefined;
  }
}

/**
 * Waits for what children have left behind. Where droverd is told of the ends of orphans it looks
 * then; the ends of others nobody tells, so it also looks by itself, ever more seldom. One look
 * serves all that are waited for.
 */
export class Clearing {
  readonly #clock: Clock;
  readonly #waiting = new Map<Leaver, () => void>();
  #pauseMs = FIRST_LOOK_MS;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when nothing of it is left. */
  until(leaver: Leaver): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(leaver, resolve);
      this.#pauseMs = FIRST_LOOK_MS;
      this.#lookAfter(this.#pauseMs);
    });
  }

  /** Somebody has ended: perhaps the last of those that are waited for. */
  nudge(): void {
    if (this.#waiting.size > 0) this.#lookAfter(0);
  }

  #lookAfter(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    const now = lookAround();
    for (const [leaver, resolve] of this.#waiting) {
      if (!now || leaver.leftovers(now) > 0) continue;
      this.#waiting.delete(leaver);
      resolve();
    }
    if (this.#waiting.size === 0 || this.#cancel) return;
    this.#pauseMs = Math.min(this.#pauseMs * 2, SELDOM_MS);
    this.#lookAfter(this.#pauseMs);
  }
}
