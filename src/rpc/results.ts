import type { ExitRecord } from "../process/record.ts";
import type { StateName } from "../process/states.ts";

/** One process as clients see it; supervisord's keys. Times in seconds since the Epoch, 0 for never. */
export interface ProcessInfo {
  name: string;
  group: string;
  start: number;
  stop: number;
  now: number;
  state: number;
  statename: StateName;
  spawnerr: string;
  exitstatus: number;
  logfile: string;
  stdout_logfile: string;
  stderr_logfile: string;
  pid: number;
  description: string;
}

/** Of each stream, how many bytes since the daemon started never came into its log. */
export interface LostBytes {
  stdout: number;
  stderr: number;
}

/** One process among all. */
export interface ListedProcess extends ProcessInfo {
  /** Missing when nothing was lost. */
  lost_bytes?: LostBytes;
}

/** What is known of a process beside its state. */
export interface Vitals {
  /** What it depends on and is not up yet, as `db (FATAL)`. */
  waits_for?: string[];
  /** It may be ready before it is RUNNING. Missing where that is all that is known of it (ready=startsecs). */
  ready?: boolean;
  /** null: not found out yet. Missing where nothing is looked at. */
  health?: "healthy" | "unhealthy" | null;
  unhealthy_because?: string;
  /** Whether it has been asked to take no more jobs, and whether it has none. */
  quiet?: "asked" | "quiet";
  /** In its own words what it does. */
  says?: string;
  /** Why it runs something older than what would be started now. */
  stale?: string;
}

/** What drover knows besides. */
export interface ProcessDetails extends ProcessInfo, Vitals {
  lost_bytes: LostBytes;
  /** How its latest children ended, the oldest first. */
  exits: ExitRecord[];
  /** Restarts that nobody asked for, since the daemon started. */
  restarts: number;
  /** When it is started again by itself, in seconds since the Epoch; null: it is not going to be. */
  next_start: number | null;
  /** Of event listeners only: events that their pool had no room for. */
  dropped_events?: number;
}

/** What a process and all that descends from it use. */
export interface Usage {
  /** With what has ended and was waited for. */
  cpu_seconds: number;
  /** Resident bytes, of each process in full. */
  memory: number;
  processes: number;
}

/** One process among all, with what only drover tells. */
export interface FleetProcess extends ListedProcess, Vitals {
  /** The name of its section: the copies of a program share it. */
  program: string;
  /** Where its program has been scaled, the number of copies that it is configured to have. */
  scaled_from?: number;
  /** Seconds since its child started; 0 without one. */
  uptime: number;
  restarts: number;
  next_start: number | null;
  /** While the fleet is frozen: when it thaws. */
  frozen_until?: number;
  /** How its latest child has ended; null: none has. */
  last_exit: { time: number; cause: string; expected: boolean } | null;
  /** Missing when it was not asked for; null: there is no child. */
  usage?: Usage | null;
}

/** One process of those that a supervised child has started, or the child. */
export interface ProcessTreeMember {
  pid: number;
  parent: number;
  command: string;
}

/** How one process is configured; supervisord's keys. What is not set is `none`. */
export interface ConfigInfo {
  name: string;
  group: string;
  command: string;
  directory: string;
  serverurl: string;
  uid: number | "none";
  autostart: boolean;
  autorestart: boolean | "unexpected";
  /** Its group is part of what runs. */
  inuse: boolean;
  exitcodes: number[];
  group_prio: number;
  process_prio: number;
  startretries: number;
  startsecs: number;
  stopsignal: number;
  stopwaitsecs: number;
  killasgroup: boolean;
  redirect_stderr: boolean;
  stdout_logfile: string;
  stdout_logfile_maxbytes: number;
  stdout_logfile_backups: number;
  stdout_capture_maxbytes: number;
  stdout_events_enabled: boolean;
  stdout_syslog: boolean;
  stderr_logfile: string;
  stderr_logfile_maxbytes: number;
  stderr_logfile_backups: number;
  stderr_capture_maxbytes: number;
  stderr_events_enabled: boolean;
  stderr_syslog: boolean;
}

/** What became of one process in an operation on several. */
export interface ProcessStatus {
  name: string;
  group: string;
  /** 80 or the code of a fault. */
  status: number;
  description: string;
}

/** One option of a process, and where its value comes from. */
export interface ConfiguredOption {
  option: string;
  text: string | null;
  file: string | null;
  line: number | null;
  section: string | null;
}

/** How far a rollout is, or how it has ended. Times in seconds since the Epoch. */
export interface RolloutStatus {
  group: string;
  state: "running" | "paused" | "done" | "failed" | "aborted" | "interrupted";
  total: number;
  /** Replaced, and up. */
  done: string[];
  /** Not yet replaced, or not at all. */
  left: string[];
  started: number;
  ended?: number;
  failure?: { process: string; error: string; last_lines: string[] };
}

/** Which hooks are others now, by name. */
export interface HookChanges {
  added: string[];
  changed: string[];
  removed: string[];
}

/** What an update does to one process, and because of which options. */
export interface PlannedChange {
  group: string;
  name: string;
  /** change: it takes something over, and runs on. */
  action: "start" | "stop" | "restart" | "change";
  because: {
    option: string;
    from?: string | undefined;
    to?: string | undefined;
    file: string;
    line: number;
  }[];
}

/** One line of a log. */
export interface LogLine {
  name: string;
  stream: string;
  time?: string;
  line: string;
  partial?: boolean;
  missed?: boolean;
}
