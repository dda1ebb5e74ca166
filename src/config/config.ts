import type { CtlValues, ProgramValues, SupervisordValues, UnixServerValues } from "./options.ts";
import type { Problem } from "./problems.ts";

/** One process as configured: every copy of a program has its own. */
export interface ProcessConfig extends Omit<ProgramValues, "killasgroup"> {
  name: string;
  group: string;
  killasgroup: boolean;
}

export interface GroupConfig {
  name: string;
  priority: number;
  /** In their order of starting. */
  processes: ProcessConfig[];
}

export interface UnixServerConfig extends UnixServerValues {
  section: string;
}

interface SupervisordConfig extends SupervisordValues {
  logfile: string;
  pidfile: string;
}

/** A whole configuration, expanded and checked. */
export interface Config {
  supervisord: SupervisordConfig;
  servers: UnixServerConfig[];
  /** In their order of starting. */
  groups: GroupConfig[];
  warnings: Problem[];
}

/** What a control program needs of a configuration. */
export interface CtlConfig {
  ctl: CtlValues;
  servers: UnixServerConfig[];
  rundir: string | undefined;
}
