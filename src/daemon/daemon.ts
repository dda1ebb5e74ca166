import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import type { Sinks } from "./sinks.ts";

/** Why a daemon went down: for good, or to come up again with a new configuration. */
type Outcome = "shutdown" | "restart";

export interface DaemonParts {
  log: Log;
  fleet: Fleet;
  sinks: Sinks;
  /** Reads the configuration for the next life. @throws StartError when it cannot be used */
  prepareRestart(): void;
  /** Gives back everything that was opened: sockets, the pidfile, the channels, the log. */
  release(): void;
}

/** One life of the daemon, from a configuration until everything it started is gone again. */
export class Daemon {
  readonly log: Log;
  readonly #parts: DaemonParts;
  #end: () => void = () => undefined;
  #outcome: Outcome | undefined;
  readonly #ended: Promise<void>;

  constructor(parts: DaemonParts) {
    this.log = parts.log;
    this.#parts = parts;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Starts the fleet, and resolves when it has been asked to end, is down and all is given back. */
  async run(): Promise<Outcome> {
    const { fleet, release } = this.#parts;
    if (!this.#outcome) fleet.autostart();
    await this.#ended;
    await fleet.close();
    release();
    return this.#outcome ?? "shutdown";
  }

  /** Why it is going down; undefined while it is not. */
  get ending(): Outcome | undefined {
    return this.#outcome;
  }

  /** A shutdown during a restart makes it a shutdown. */
  shutdown(): void {
    this.#outcome = "shutdown";
    this.#end();
  }

  /**
   * Does nothing during a shutdown.
   * @throws StartError when there is no usable configuration; then nothing changes
   */
  restart(): void {
    if (this.#outcome === "shutdown") return;
    this.#parts.prepareRestart();
    this.#outcome = "restart";
    this.#end();
  }

  reopenLogs(): void {
    this.#parts.sinks.reopenAll();
  }
}
