import { Readable } from "node:stream";
import { systemClock } from "../os/clock.ts";

/** A reader that has taken nothing for so long is dropped when there is more for it. */
const PATIENCE_MS = 30_000;
/** Or when it has all the time, as one who pages through what there was. */
const LONG_PATIENCE_MS = 600_000;

/** What is read of logs, as a stream that reads no further than its own reader does. */
export class LogStream extends Readable {
  readonly #source: AsyncGenerator<Buffer>;
  readonly #onClose: () => void;
  #fullSince: number | undefined;
  #cancelTimer: () => void = () => undefined;

  /** @param onClose ends the source's waiting, if it waits */
  constructor(source: AsyncGenerator<Buffer>, onClose: () => void) {
    super();
    this.#source = source;
    this.#onClose = onClose;
  }

  /** There is more: who has not taken what was there before has had its time. */
  noteMore(): void {
    if (this.#fullSince === undefined) return;
    if (systemClock.monotonicMs() - this.#fullSince > PATIENCE_MS) this.destroy();
  }

  override _read(): void {
    this.#fullSince = undefined;
    this.#cancelTimer();
    this.#source.next().then(
      ({ value, done }) => this.#give(done ? null : value),
      (error: Error) => this.destroy(error),
    );
  }

  #give(chunk: Buffer | null): void {
    if (this.destroyed || this.push(chunk) || chunk === null) return;
    this.#fullSince = systemClock.monotonicMs();
    this.#cancelTimer = systemClock.after(LONG_PATIENCE_MS, () => this.destroy());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelTimer();
    this.#onClose();
    // What it fails with now is nobody's concern any more.
    this.#source.return(undefined).catch(() => undefined);
    done(error);
  }
}
