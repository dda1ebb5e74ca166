import { Backlog, type Piece } from "../os/backlog.ts";
import { systemClock } from "../os/clock.ts";

/** Nothing tells when a disk has room again, so it is tried, ever more seldom. */
export const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 2_000;

export const nextRetryMs = (ms: number): number => Math.min(ms * 2, MOST_RETRY_MS);

/** What could not be written and may not be lost, until it is tried again. */
export class Retry<O> {
  readonly #backlog = new Backlog<O>();
  readonly #again: () => void;
  readonly #cancel: () => void;

  /** @param again is to close this, and to write what it gives */
  constructor(pieces: readonly Piece<O>[], afterMs: number, again: () => void) {
    for (const { bytes, owner } of pieces) this.#backlog.push(bytes, owner);
    this.#again = again;
    this.#cancel = systemClock.after(afterMs, again);
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#backlog.bytes;
  }

  /** Who writes here is to wait. */
  get full(): boolean {
    return true;
  }

  /** @param chunk may be overwritten after this returns */
  push(chunk: Uint8Array, owner: O): void {
    this.#backlog.push(chunk, owner);
  }

  /** There may be room. */
  now(): void {
    this.#again();
  }

  /** Gives up what waits. */
  close(): Piece<O>[] {
    this.#cancel();
    return this.#backlog.takeAll();
  }
}
