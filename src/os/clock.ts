/** Time as the daemon needs it: monotonic to decide with, the wall clock only to show. */
export interface Clock {
  /** Milliseconds that no change of the system's clock touches. */
  monotonicMs(): number;
  /** Milliseconds since the Epoch, for people. */
  wallMs(): number;
  /** Calls `run` after so long, at once (in a later turn of the loop) for 0. @returns a cancel. */
  after(ms: number, run: () => void): () => void;
}

/** One moment by both clocks, for whoever tells of many things at once. */
export interface Moment {
  monotonicMs: number;
  wallMs: number;
}

export const momentOf = (clock: Clock): Moment => ({
  monotonicMs: clock.monotonicMs(),
  wallMs: clock.wallMs(),
});

/** How far local time is ahead of UTC at a moment; both in milliseconds. */
export const localOffsetMs = (atMs: number): number => new Date(atMs).getTimezoneOffset() * -60_000;

/** setTimeout fires at once for longer delays than this; 24 days are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, run) {
    if (ms <= 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const piece = Math.min(left, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (left > piece ? wait(left - piece) : run()), piece);
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
