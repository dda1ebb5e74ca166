import { fileURLToPath } from "node:url";
import type { Bus } from "../events/bus.ts";
import type { EventData } from "../events/types.ts";
import { Disks } from "./disks.ts";
import type { Log } from "./log.ts";
import type { SinkReports } from "./sink.ts";

type LogEvent = "LOG_FAILING" | "LOG_RECOVERED" | "LOG_ABANDONED" | "LOG_SLOW";

/**
 * Tells what happens to the logs: in the daemon's own one, and as events. Never at once: it is told in
 * the middle of a write, which may be that log's own, or the journal's.
 */
export class LogNews {
  readonly #log: Log;
  readonly #events: Bus;

  constructor(log: Log, events: Bus) {
    this.#log = log;
    this.#events = events;
  }

  say(level: "warn" | "error", text: string): void {
    queueMicrotask(() => this.#log(level, text));
  }

  tell<T extends LogEvent>(type: T, data: EventData<T>, level: "warn" | "error", text: string) {
    queueMicrotask(() => {
      this.#log(level, text, { event: type, ...(data as object) });
      this.#events.emit(type, data);
    });
  }
}

/** What sinks say of themselves. */
export const logReports = (news: LogNews): SinkReports => ({
  failing(logfile, errno, waits) {
    const then = waits ? "; who writes to it waits" : "";
    const text = `cannot write to ${logfile}: ${errno}${then}`;
    news.tell("LOG_FAILING", { logfile, errno, waits }, "error", text);
  },
  recovered(logfile, lost_bytes) {
    const what = lost_bytes > 0 ? `${lost_bytes} bytes of output were lost` : "nothing was lost";
    const text = `writing to ${logfile} again; ${what}`;
    news.tell("LOG_RECOVERED", { logfile, lost_bytes }, "warn", text);
  },
  abandoned(logfile, lost_bytes) {
    const text = `${lost_bytes} bytes of output for ${logfile} were lost: it could not be written`;
    news.tell("LOG_ABANDONED", { logfile, lost_bytes }, "error", text);
  },
  trouble: (text) => news.say("error", text),
  disputed: (file) =>
    news.say(
      "warn",
      `${file} is named with different sizes, backups or other rules; the first one counts`,
    ),
});

/** The disks of the daemon's logs. @param folder for the pipes of the processes that write slow ones */
export function watchedDisks(folder: string, news: LogNews): Disks {
  const script = fileURLToPath(new URL("./logwriter.js", import.meta.url));
  return new Disks({ script, folder }, (logfile, ms) => {
    const took_ms = Math.round(ms);
    const how = "what is on that disk is written by a process of its own while it is slow";
    const text = `writing to ${logfile} took ${took_ms} ms; ${how}`;
    news.tell("LOG_SLOW", { logfile, took_ms }, "warn", text);
  });
}
