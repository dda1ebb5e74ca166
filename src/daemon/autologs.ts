import { randomInt } from "node:crypto";
import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import path from "node:path";
import type { Config, GroupConfig, ProcessConfig } from "../config/config.ts";
import { type LogPlace, type LogTarget, targetsOf } from "../config/kinds/paths.ts";
import { autoLogName, isAutoLog } from "../logs/autoname.ts";
import { fulfil } from "../os/logfile.ts";
import { machine } from "../os/machine.ts";
import { StartError } from "./errors.ts";
import type { Log } from "./log.ts";

interface AutoLogs {
  dir: string;
  identifier: string;
  log: Log;
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789_";

const autoLogsOf = ({ identifier, childlogdir }: Config["supervisord"], log: Log): AutoLogs => ({
  dir: childlogdir ?? machine().tempDir,
  ...{ identifier, log },
});

/** Removes what earlier runs of this daemon have left, unless it is to stay. */
export function clearAutoLogs({ supervisord }: Config, log: Log): void {
  if (!supervisord.nocleanup) removeAutoLogs(autoLogsOf(supervisord, log), log);
}

/**
 * Groups as they run: each process with its logs' files.
 * @throws StartError
 */
export function withLogs(
  groups: readonly GroupConfig[],
  { supervisord }: Config,
  log: Log,
): GroupConfig[] {
  const auto = autoLogsOf(supervisord, log);
  const bySection = new Map(
    groups.flatMap(({ processes }) => processes.map((config) => [config.section, config] as const)),
  );
  for (const config of bySection.values()) warnOfLogs(config, log);
  return groups.map((group) => ({
    ...group,
    processes: group.processes.map((config) => openAutoLogs(config, auto)),
  }));
}

/** In supervisord's words, once for all copies of a program. */
function warnOfLogs(config: ProcessConfig, log: Log): void {
  const { section, redirect_stderr } = config;
  const files = targetsOf(config.stderr_logfile).filter(({ to }) => to === "file");
  if (redirect_stderr && files.length > 0) {
    log(
      "warn",
      `For [${section.name}], redirect_stderr=true but stderr_logfile has also been set to a ` +
        "filename, the filename has been ignored",
    );
  }
  for (const stream of redirect_stderr ? (["stdout"] as const) : (["stdout", "stderr"] as const)) {
    const option = `${stream}_logfile` as const;
    const isAuto = targetsOf(config[option]).some(({ to }) => to === "auto");
    if (!isAuto || config[`${option}_maxbytes`] > 0) continue;
    log(
      "warn",
      `For [${section.name}], AUTO logging used for ${option} without rollover, set maxbytes > 0 ` +
        "to avoid filling up filesystem unintentionally",
    );
  }
}

function openAutoLogs(config: ProcessConfig, auto: AutoLogs): ProcessConfig {
  try {
    return withAutoLogs(config, auto);
  } catch (error) {
    const message = `Error: cannot make the AUTO logs of ${config.name} in ${auto.dir}: ${error}`;
    throw new StartError(message, 1, { cause: error });
  }
}

/**
 * Gives the AUTO logs of a process their files. As in supervisord they are made before the first
 * start, for the owner only, and named after the process, the stream and the daemon.
 */
function withAutoLogs(config: ProcessConfig, auto: AutoLogs): ProcessConfig {
  const resolve = (stream: "stdout" | "stderr"): LogTarget => {
    if (stream === "stderr" && config.redirect_stderr) return { to: "none" };
    const target = config[`${stream}_logfile`];
    const places = targetsOf(target);
    const at = places.findIndex(({ to }) => to === "auto");
    if (at < 0) return target;
    const file: LogPlace = { to: "file", path: create(config, stream, auto) };
    // More than one AUTO is the same one.
    const others = places.filter(({ to }) => to !== "auto");
    return others.length === 0 ? file : { to: "several", places: others.toSpliced(at, 0, file) };
  };
  const [stdout_logfile, stderr_logfile] = [resolve("stdout"), resolve("stderr")];
  // Of those without, and that is most, there is to be one object only.
  const isAsItIs =
    stdout_logfile === config.stdout_logfile && stderr_logfile === config.stderr_logfile;
  return isAsItIs ? config : { ...config, stdout_logfile, stderr_logfile };
}

function create(config: ProcessConfig, stream: string, { dir, identifier, log }: AutoLogs): string {
  const random = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
  const file = path.join(dir, autoLogName({ process: config.name, stream, identifier, random }));
  const fd = openSync(file, "ax", 0o600);
  const trouble = fulfil(fd, { mode: config.log_mode, owner: config.log_owner });
  closeSync(fd);
  if (trouble) log("error", `${file} ${trouble}`);
  return file;
}

/** Removes the AUTO logs of earlier runs of this daemon, and what they were rotated to. */
function removeAutoLogs({ dir, identifier }: AutoLogs, log: Log): void {
  for (const name of namesIn(dir, log)) {
    if (!isAutoLog(name, identifier)) continue;
    try {
      unlinkSync(path.join(dir, name));
    } catch (error) {
      log("warn", `Failed to clean up '${path.join(dir, name)}': ${error}`);
    }
  }
}

function namesIn(dir: string, log: Log): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    log("warn", `Could not clear childlog dir ${dir}: ${error}`);
    return [];
  }
}
