import { fileURLToPath } from "node:url";
import { Disks } from "./disks.ts";
import type { Log } from "./log.ts";
import type { SinkReports } from "./sink.ts";

/** What the daemon's log tells of the other logs; for programs, as PROCESS_EXIT is. */
export const logReports = (log: Log): SinkReports => ({
  failing(file, errno, waits) {
    const then = waits ? "; who writes to it waits" : "";
    const fields = { event: "LOG_FAILING", logfile: file, errno, waits };
    log("error", `cannot write to ${file}: ${errno}${then}`, fields);
  },
  recovered(file, lost) {
    const what = lost > 0 ? `${lost} bytes of output were lost` : "nothing was lost";
    const fields = { event: "LOG_RECOVERED", logfile: file, lost_bytes: lost };
    log("warn", `writing to ${file} again; ${what}`, fields);
  },
  abandoned(file, lost) {
    const text = `${lost} bytes of output for ${file} were lost: it could not be written`;
    log("error", text, { event: "LOG_ABANDONED", logfile: file, lost_bytes: lost });
  },
  trouble: (text) => log("error", text),
  disputed: (file) =>
    log(
      "warn",
      `${file} is named with different sizes, backups or other rules; the first one counts`,
    ),
});

/** The disks of the daemon's logs. @param folder for the pipes of the processes that write slow ones */
export function watchedDisks(folder: string, log: Log): Disks {
  const script = fileURLToPath(new URL("./logwriter.js", import.meta.url));
  return new Disks({ script, folder }, (file, ms) => {
    const how = "what is on that disk is written by a process of its own while it is slow";
    const fields = { event: "LOG_SLOW", logfile: file, took_ms: Math.round(ms) };
    log("warn", `writing to ${file} took ${Math.round(ms)} ms; ${how}`, fields);
  });
}
