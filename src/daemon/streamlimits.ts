import type { Readable } from "node:stream";
import { Fault } from "../faults.ts";
import { errnoOf } from "../os/errno.ts";
import type { Log } from "./log.ts";

/** Most logs that are read at once for one client: each is an open file. */
const MOST_LOGS = 256;

/** Bounds what clients read at once. */
export class StreamLimits {
  readonly #log: Log;
  readonly #maxStreams: number;
  #streams = 0;
  #logs = 0;

  /** @param maxStreams most clients */
  constructor(log: Log, maxStreams: number) {
    this.#log = log;
    this.#maxStreams = maxStreams;
  }

  /**
   * Counts them from now on, while it is looked for where they begin too, until their stream ends.
   * @param logs so many of them are open for it
   * @throws Fault FAILED
   */
  async within<T extends Readable | undefined>(
    logs: number,
    open: () => T | Promise<T>,
  ): Promise<T> {
    this.#check(logs);
    this.#count(1, logs);
    const end = () => this.#count(-1, -logs);
    try {
      const stream = await open();
      if (stream) this.#watch(stream, end);
      else end();
      return stream;
    } catch (error) {
      end();
      throw error;
    }
  }

  #check(logs: number): void {
    if (logs > MOST_LOGS) {
      throw new Fault("FAILED", `these are ${logs} logs; at most ${MOST_LOGS} are read at once`);
    }
    const most = this.#maxStreams;
    if (this.#streams < most && this.#logs + logs <= most + MOST_LOGS) return;
    throw new Fault("FAILED", "too many clients read logs or events just now; try again later");
  }

  #count(streams: number, logs: number): void {
    this.#streams += streams;
    this.#logs += logs;
  }

  #watch(stream: Readable, end: () => void): void {
    stream.once("error", (error) => {
      // Of a client that went away there is nothing to tell.
      if (!errnoOf(error)?.startsWith("ERR_"))
        this.#log("error", `cannot read on for a client: ${error}`);
    });
    stream.once("close", end);
  }
}
