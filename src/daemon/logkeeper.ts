import path from "node:path";
import { planRetention } from "../logs/rotation.ts";
import { nextRotation } from "../logs/schedule.ts";
import { type Clock, localOffsetMs } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import { contentOf, movable, remove } from "../os/logplace.ts";
import { Compressor, removeLeftovers } from "./compressor.ts";
import { isScheduled } from "./logcare.ts";
import { highestIn, rotatedFiles } from "./rotator.ts";
import type { Sink } from "./sink.ts";

/** A clock that is set, or a machine that has slept, is noticed within this. */
const LONGEST_WAIT_MS = 600_000;
/** A clock that is off by less is only being adjusted. */
const LEAST_STEP_MS = 500;
/** Of the event loop at a time: at midnight there may be hundreds of logs to rotate. */
const LONGEST_TURN_MS = 5;

/** When a disk that did not answer is asked again. */
const ASK_AGAIN_MS = 60_000;

/** What is known of the places of logs. */
interface Places {
  /** On a file system whose server may be gone: to ask it may take for ever. */
  mayHang(file: string): boolean;
  /** Whether it answers now. */
  answers(file: string): Promise<boolean>;
}

const local: Places = { mayHang: () => false, answers: async () => true };

/** What is known of one log. */
interface Kept {
  sink: Sink;
  /** When it is to be rotated by the clock; undefined: not looked at yet. Milliseconds since the Epoch. */
  dueMs: number | undefined;
  /** When its rotated logs are to be looked at again. */
  lookMs: number;
  /** The highest number of its rotated logs: there may be more than are kept now. */
  highest: number;
  /** What was said last of what went wrong with them. */
  told: string;
  /** When its disk may be asked again: it did not answer. Infinity: it is being asked. */
  askMs: number;
}

/**
 * Does what is to be done with logs when nothing is written to them: rotates by the clock, has
 * rotated logs compressed, removes those that are too old. One timer for all of them, and none
 * without them.
 */
export class LogKeeper {
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #kept = new Map<Sink, Kept>();
  readonly #compressor = new Compressor((spec, why) => {
    for (const kept of this.#kept.values()) {
      if (kept.sink.spec === spec) complain(kept, `cannot compress: ${why}`);
    }
  });
  /** Have been rotated, and are looked at in a moment. */
  readonly #rotated = new Set<Kept>();
  /** By folder, until all logs have been looked at for the first time. */
  readonly #highest = new Map<string, ReadonlyMap<string, number>>();
  #cancel: (() => void) | undefined;
  /** When it is to wake; milliseconds since the Epoch. */
  #wakesMs = Infinity;
  #latest: { wallMs: number; monotonicMs: number };
  #closed = false;

  constructor(clock: Clock, places = local) {
    this.#clock = clock;
    this.#places = places;
    this.#latest = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  }

  /** Keeps a log from here on. What an earlier daemon has left to do is done soon. */
  add(sink: Sink): void {
    this.#kept.set(sink, {
      sink,
      dueMs: undefined,
      lookMs: -Infinity,
      highest: 0,
      told: "",
      askMs: -Infinity,
    });
    sink.keeper = this;
    this.#wakeBy(-Infinity);
  }

  /** Keeps it no more. */
  remove(sink: Sink): void {
    this.#kept.delete(sink);
    sink.keeper = undefined;
  }

  /**
   * A log is about to be written to: what was due before that is done first, by the time of its last
   * write. That is on the disk, so that no restart of the daemon makes a difference.
   */
  opened(sink: Sink): void {
    // On a disk that may hang it is done a moment later.
    if (isScheduled(sink.care) && !this.#places.mayHang(sink.spec.path)) this.#catchUp(sink);
  }

  #catchUp(sink: Sink): void {
    const { care } = sink;
    if (!isScheduled(care)) return;
    const last = contentOf(sink.spec.path);
    if (!last || last.size === 0) return;
    const dueMs = nextRotation(last.mtimeMs, care.schedule, localOffsetMs);
    if (dueMs <= this.#clock.wallMs()) sink.rotate();
  }

  /** A log has been rotated: there is one more to compress and to remove one day. */
  rotated(sink: Sink): void {
    const kept = this.#kept.get(sink);
    if (!kept) return;
    if (this.#rotated.size === 0) this.#clock.after(0, () => this.#lookAtRotated());
    this.#rotated.add(kept);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#compressor.close();
  }

  #wakeBy(atMs: number): void {
    if (this.#closed || atMs >= this.#wakesMs) return;
    this.#wakesMs = atMs;
    this.#cancel?.();
    const ms = Math.min(Math.max(atMs - this.#clock.wallMs(), 0), LONGEST_WAIT_MS);
    this.#cancel = this.#clock.after(ms, () => this.#look());
  }

  #lookAtRotated(): void {
    const nowMs = this.#clock.wallMs();
    const rotated = [...this.#rotated];
    this.#rotated.clear();
    if (this.#closed) return;
    for (const kept of rotated) {
      if (this.#places.mayHang(kept.sink.spec.path)) kept.lookMs = -Infinity;
      else this.#tidy(kept, nowMs);
      this.#wakeBy(nextOf(kept));
    }
  }

  #look(): void {
    this.#wakesMs = Infinity;
    const started = this.#clock.monotonicMs();
    const nowMs = this.#clock.wallMs();
    if (this.#wasSetBack()) this.#planAnew(nowMs);
    let nextMs = Infinity;
    for (const kept of this.#kept.values()) {
      const isLong =
        this.#keep(kept, nowMs) && this.#clock.monotonicMs() - started > LONGEST_TURN_MS;
      nextMs = isLong ? -Infinity : Math.min(nextMs, nextOf(kept));
      if (isLong) break;
    }
    if (nextMs > -Infinity) this.#highest.clear();
    this.#wakeBy(nextMs);
  }

  #planAnew(nowMs: number): void {
    for (const kept of this.#kept.values()) {
      if (kept.dueMs !== undefined && kept.dueMs > nowMs) plan(kept, nowMs);
    }
  }

  /** Whether the clock on the wall has gone slower since the last look than the one that counts. */
  #wasSetBack(): boolean {
    const before = this.#latest;
    this.#latest = { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() };
    const elapsedMs = this.#latest.monotonicMs - before.monotonicMs;
    return this.#latest.wallMs - before.wallMs < elapsedMs - LEAST_STEP_MS;
  }

  /** @returns whether there was anything to do */
  #keep(kept: Kept, nowMs: number): boolean {
    const { sink, dueMs, lookMs } = kept;
    if (dueMs !== undefined && dueMs > nowMs && lookMs > nowMs) return false;
    if (kept.askMs > nowMs) return false;
    if (this.#places.mayHang(sink.spec.path)) void this.#keepOnceThere(kept);
    else this.#keepNow(kept, nowMs);
    return true;
  }

  /** A disk that does not answer holds up nobody: it is asked again in a while. */
  async #keepOnceThere(kept: Kept): Promise<void> {
    kept.askMs = Infinity;
    const isThere = await this.#places.answers(kept.sink.spec.path);
    if (this.#closed || this.#kept.get(kept.sink) !== kept) return;
    const nowMs = this.#clock.wallMs();
    kept.askMs = isThere ? nowMs : nowMs + ASK_AGAIN_MS;
    if (isThere) this.#keepNow(kept, nowMs);
    this.#wakeBy(nextOf(kept));
  }

  #keepNow(kept: Kept, nowMs: number): void {
    const { sink, dueMs, lookMs } = kept;
    if (dueMs === undefined) attempt(kept, () => this.#begin(kept));
    else if (dueMs <= nowMs && contentOf(sink.spec.path)?.size) sink.rotate();
    if (dueMs === undefined || dueMs <= nowMs) plan(kept, nowMs);
    if (lookMs <= nowMs) this.#tidy(kept, nowMs);
  }

  /** What was due, or half done, when the last daemon ended. */
  #begin(kept: Kept): void {
    const { spec, care } = kept.sink;
    this.#catchUp(kept.sink);
    const file = movable(spec.path);
    if (file === undefined) return;
    if (care.compress) removeLeftovers({ file, backups: spec.backups });
    if (care.keepMs === undefined) return;
    const folder = path.dirname(file);
    const highest = this.#highest.get(folder) ?? highestIn(folder);
    this.#highest.set(folder, highest);
    kept.highest = highest.get(path.basename(file)) ?? 0;
  }

  #tidy(kept: Kept, nowMs: number): void {
    const { spec, care } = kept.sink;
    kept.lookMs = Infinity;
    const file = movable(spec.path);
    if (file === undefined) return;
    if (care.keepMs !== undefined) {
      const files = rotatedFiles(file, Math.max(spec.backups, kept.highest));
      const retention = planRetention(files, care.keepMs, nowMs);
      kept.lookMs = retention.nextMs;
      for (const old of retention.remove) {
        attempt(kept, () => unless(["ENOENT"], () => remove(old.path)));
      }
    }
    if (care.compress) this.#compressor.add(spec);
  }
}

/** When there is something to do for a log. */
const nextOf = ({ dueMs = -Infinity, lookMs, askMs }: Kept): number =>
  Math.max(Math.min(dueMs, lookMs), askMs);

/** When it is to be rotated next, by the clock as it is now. */
function plan(kept: Kept, nowMs: number): void {
  kept.dueMs = nextRotation(nowMs, kept.sink.care.schedule, localOffsetMs);
}

function attempt(kept: Kept, act: () => void): void {
  try {
    act();
  } catch (error) {
    complain(kept, error instanceof Error ? error.message : String(error));
  }
}

/** Once, however often it goes wrong in the same way. */
function complain(kept: Kept, why: string): void {
  if (kept.told === why) return;
  kept.told = why;
  kept.sink.complain(`cannot keep the rotated logs of ${kept.sink.spec.path} in order: ${why}`);
}
