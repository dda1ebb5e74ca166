import { randomInt } from "node:crypto";
import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import type { LogTarget } from "../config/kinds/paths.ts";
import type { Log } from "./log.ts";

export interface AutoLogs {
  dir: string;
  identifier: string;
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789_";

/**
 * Gives the AUTO logs of a process their files. As in supervisord they are made before the first
 * start, for the owner only, and named after the process, the stream and the daemon.
 */
export function withAutoLogs(config: ProcessConfig, auto: AutoLogs): ProcessConfig {
  const resolve = (stream: "stdout" | "stderr"): LogTarget => {
    if (stream === "stderr" && config.redirect_stderr) return { to: "none" };
    const target = config[`${stream}_logfile`];
    return target.to === "auto" ? { to: "file", path: create(config.name, stream, auto) } : target;
  };
  return { ...config, stdout_logfile: resolve("stdout"), stderr_logfile: resolve("stderr") };
}

function create(name: string, stream: string, { dir, identifier }: AutoLogs): string {
  const random = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
  const file = path.join(dir, `${name}-${stream}---${identifier}-${random}.log`);
  closeSync(openSync(file, "ax", 0o600));
  return file;
}

/** Removes the AUTO logs of earlier runs of this daemon: those that carry its identifier. */
export function removeAutoLogs({ dir, identifier }: AutoLogs, log: Log): void {
  const mark = `---${identifier}-`;
  for (const name of readdirSync(dir)) {
    const at = name.indexOf(mark);
    if (at < 1 || !/^\w{8}\.log(?:\.\d{1,4})?$/.test(name.slice(at + mark.length))) continue;
    try {
      unlinkSync(path.join(dir, name));
    } catch (error) {
      log("warn", `Failed to clean up '${path.join(dir, name)}': ${error}`);
    }
  }
}
