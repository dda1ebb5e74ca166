import type { GroupConfig, ProcessConfig } from "../config/config.ts";
import { type LogTarget, targetsOf } from "../config/kinds/paths.ts";
import { signalNumber } from "../config/kinds/words.ts";
import { masked } from "../config/masking.ts";
import type { Handlers } from "../rpc/methods.ts";
import type { ConfigInfo } from "../rpc/results.ts";
import type { Hooks } from "./hooks.ts";
import type { Roster } from "./roster.ts";

type ConfigCalls = Pick<
  Handlers,
  | "supervisor.reloadConfig"
  | "supervisor.addProcessGroup"
  | "supervisor.removeProcessGroup"
  | "supervisor.getAllConfigInfo"
  | "drover.updateHooks"
  | "drover.planUpdate"
  | "drover.scale"
  | "drover.getScales"
  | "drover.resetScale"
  | "drover.updateProcessGroup"
>;

/** Calls about the configuration as it is by now. */
export function configCalls(roster: Roster, hooks: Hooks): ConfigCalls {
  return {
    "supervisor.reloadConfig": () => {
      const { added, changed, removed } = roster.reread();
      return [[added, changed.map(({ name }) => name), removed]];
    },
    "supervisor.addProcessGroup": async ({ name }) => {
      await roster.add(name);
      return true;
    },
    "supervisor.removeProcessGroup": ({ name }) => {
      roster.remove(name);
      return true;
    },
    "drover.scale": ({ program, count }) => roster.scale(program, count),
    "drover.getScales": () => roster.scales,
    "drover.resetScale": ({ names }) => roster.resetScale(names.map(String)),
    "drover.planUpdate": () => roster.plan(),
    "drover.updateProcessGroup": ({ name }) => roster.update(name),
    "drover.updateHooks": () => hooks.takeOver(roster.latest.hooks),
    "supervisor.getAllConfigInfo": () =>
      roster.latest.groups
        .flatMap((group) => {
          const inuse = roster.isActive(group.name);
          return group.processes.map((config) => describe(config, group, inuse));
        })
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  };
}

function describe(config: ProcessConfig, group: GroupConfig, inuse: boolean): ConfigInfo {
  return {
    name: config.name,
    group: group.name,
    command: masked(config.command),
    directory: config.directory ?? "none",
    serverurl: config.serverurl ?? "none",
    uid: config.user?.uid ?? "none",
    autostart: config.autostart,
    autorestart: config.autorestart,
    inuse,
    exitcodes: [...config.exitcodes],
    group_prio: group.priority,
    process_prio: config.priority,
    startretries: clamped(config.startretries),
    startsecs: config.startsecs,
    stopsignal: signalNumber(config.stopsignal),
    stopwaitsecs: config.stopwaitsecs,
    killasgroup: config.killasgroup,
    redirect_stderr: config.redirect_stderr,
    stdout_logfile: logName(config.stdout_logfile),
    stdout_logfile_maxbytes: clamped(config.stdout_logfile_maxbytes),
    stdout_logfile_backups: config.stdout_logfile_backups,
    stdout_capture_maxbytes: clamped(config.stdout_capture_maxbytes),
    stdout_events_enabled: config.stdout_events_enabled,
    stdout_syslog: config.stdout_syslog,
    stderr_logfile: logName(config.stderr_logfile),
    stderr_logfile_maxbytes: clamped(config.stderr_logfile_maxbytes),
    stderr_logfile_backups: config.stderr_logfile_backups,
    stderr_capture_maxbytes: clamped(config.stderr_capture_maxbytes),
    stderr_events_enabled: config.stderr_events_enabled,
    stderr_syslog: config.stderr_syslog,
  };
}

/** Of XML-RPC. supervisord answers 500 where a number is larger. */
const LARGEST = 2 ** 31 - 1;
const clamped = (value: number): number => Math.min(value, LARGEST);

/** Of several places the first. */
function logName(target: LogTarget): string {
  const [first = { to: "none" as const }] = targetsOf(target);
  return first.to === "file" ? first.path : first.to;
}
