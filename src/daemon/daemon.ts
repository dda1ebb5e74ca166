import type { Fleet } from "./fleet.ts";
import type { Log } from "./log.ts";
import type { Sinks } from "./sinks.ts";
import type { ServiceManager } from "./systemd.ts";

/** Why a daemon goes down: for good, or to come up again with a new configuration. */
type Ending = "shutdown" | "restart";

export interface Outcome {
  ending: Ending;
  exitCode: number;
}

export interface DaemonParts {
  log: Log;
  fleet: Fleet;
  sinks: Sinks;
  /** Is told how it goes; undefined when there is none. */
  manager: ServiceManager | undefined;
  /** Reads the configuration for the next life. @throws StartError when it cannot be used */
  prepareRestart(): void;
  /** Waits for what the last events have set off, but not for ever. */
  settle(): Promise<void>;
  /** Gives back everything that was opened: sockets, the pidfile, the channels, the log. */
  release(): void;
}

/** One life of the daemon, from a configuration until everything it started is gone again. */
export class Daemon {
  readonly log: Log;
  readonly #parts: DaemonParts;
  #end: () => void = () => undefined;
  #ending: Ending | undefined;
  #exitCode = 0;
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
    const { fleet, manager, settle, release } = this.#parts;
    if (!this.#ending) {
      fleet.autostart();
      manager?.ready();
    }
    await this.#ended;
    await fleet.close();
    await settle();
    release();
    return { ending: this.#ending ?? "shutdown", exitCode: this.#exitCode };
  }

  /** Why it is going down; undefined while it is not. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** The daemon ends because of one of its processes. The first such reason counts. */
  endBecause({ exitCode, why }: { exitCode: number; why: string }): void {
    if (this.#ending === "shutdown") return;
    this.log("warn", `shutting down: ${why}, exit code ${exitCode}`);
    this.#exitCode = exitCode;
    this.shutdown();
  }

  /** A shutdown during a restart makes it a shutdown. */
  shutdown(): void {
    this.#parts.manager?.stopping();
    this.#ending = "shutdown";
    this.#end();
  }

  /**
   * Does nothing during a shutdown.
   * @throws StartError when there is no usable configuration; then nothing changes
   */
  restart(): void {
    if (this.#ending === "shutdown") return;
    const { manager } = this.#parts;
    manager?.reloading();
    try {
      this.#parts.prepareRestart();
    } catch (error) {
      // It waits for the end of what has begun, also when nothing comes of it.
      if (!this.#ending) manager?.ready();
      throw error;
    }
    this.#ending = "restart";
    this.#end();
  }

  reopenLogs(): void {
    this.#parts.sinks.reopenAll();
  }
}
