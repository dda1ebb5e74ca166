import type { Daemon } from "./daemon.ts";
import { describeBug, StartError } from "./errors.ts";

type Handler = (daemon: Daemon, signal: string) => void;

const shutdown: Handler = (daemon, signal) => {
  daemon.log("warn", `received ${signal} indicating exit request`);
  daemon.shutdown();
};

const restart: Handler = (daemon, signal) => {
  if (daemon.ending === "shutdown") {
    const why = "indicating restart request (shutdown in progress)";
    daemon.log("warn", `ignored ${signal} ${why}`);
    return;
  }
  daemon.log("warn", `received ${signal} indicating restart request`);
  try {
    daemon.restart();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    daemon.log("error", `cannot use the new configuration, the old one stays: ${error.message}`);
  }
};

const reopen: Handler = (daemon, signal) => {
  daemon.log("info", `received ${signal} indicating log reopen request`);
  daemon.log("info", "supervisord logreopen");
  daemon.reopenLogs();
};

const childQuit: Handler = (daemon, signal) =>
  daemon.log("debug", `received ${signal} indicating a child quit`);

const ignore: Handler = (daemon, signal) => daemon.log("info", `ignored ${signal}`);

const handlers: readonly [NodeJS.Signals, Handler][] = [
  ["SIGTERM", shutdown],
  ["SIGINT", shutdown],
  ["SIGQUIT", shutdown],
  ["SIGHUP", restart],
  ["SIGCHLD", childQuit],
  ["SIGUSR1", ignore],
  ["SIGUSR2", reopen],
];

/**
 * The signals to this process, from before its first daemon to after its last. What comes while
 * none is up waits for the next one: no signal may take its default action.
 */
export class Signals {
  #daemon: Daemon | undefined;
  #waiting: (() => void)[] = [];

  constructor() {
    for (const [signal, handler] of handlers) {
      process.on(signal, () => {
        const daemon = this.#daemon;
        if (daemon) handler(daemon, signal);
        else if (signal !== "SIGCHLD")
          this.#waiting.push(() => this.#daemon && handler(this.#daemon, signal));
      });
    }
    // A bug in one place must not take the fleet down, nor leave it without a supervisor.
    process.on("uncaughtException", (error) => {
      if (!this.#daemon) throw error;
      this.#daemon.log("critical", `unexpected error: ${describeBug(error)}`);
    });
  }

  deliverTo(daemon: Daemon): void {
    this.#daemon = daemon;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act();
  }

  hold(): void {
    this.#daemon = undefined;
  }
}
