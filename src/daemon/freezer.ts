import type { Clock } from "../os/clock.ts";
import type { Log } from "./log.ts";

/**
 * While the fleet is frozen, nothing is started by itself: not what has crashed, and not what is to be
 * replaced, which runs on. It thaws by itself.
 */
export class Freezer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #untilMs: number | undefined;

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** When it thaws, in milliseconds since the Epoch; undefined: it is not frozen. */
  get untilMs(): number | undefined {
    return this.#untilMs;
  }

  /** From now on for so long, also when it was frozen for another time before. */
  freeze(ms: number): void {
    this.#cancel?.();
    this.#untilMs = this.#clock.wallMs() + ms;
    this.#log("info", `frozen for ${ms / 1_000} s: nothing is started by itself`);
    this.#cancel = this.#clock.after(ms, () => this.thaw());
  }

  /** @returns false when it was not frozen */
  thaw(): boolean {
    if (this.#untilMs === undefined) return false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#untilMs = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#log("info", `thawed: ${waiting.length} that waited go on`);
    for (const act of waiting) act();
    return true;
  }

  /**
   * Does something at once, or when it has thawed.
   * @returns what takes it back, as long as it waits
   */
  whenThawed(act: () => void): () => void {
    if (this.#untilMs === undefined) {
      act();
      return () => undefined;
    }
    this.#waiting.add(act);
    return () => this.#waiting.delete(act);
  }

  /** For the daemon's end: nothing wakes it any more. */
  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }
}
