import type { HookValues } from "./options/hooks.ts";
import type { FcgiValues, ListenerValues, ProgramValues } from "./options/programs.ts";
import type { CtlValues, InetServerValues, UnixServerValues } from "./options/servers.ts";
import type { SupervisordValues } from "./options/supervisord.ts";
import type { Problem } from "./problems.ts";
import type { RawSection } from "./raw.ts";

/** What kind of program a process is of, as its section is headed. */
export type ProgramKind = "program" | "fcgi-program" | "eventlistener";

/** One process as configured: every copy of a program has its own. */
export interface ProcessConfig extends Omit<ProgramValues, "killasgroup"> {
  name: string;
  group: string;
  kind: ProgramKind;
  killasgroup: boolean;
  /** The socket that it shares with the others of its fcgi-program. */
  socket: FcgiValues | undefined;
  /** `numprocs=` of a program that has been scaled to another number of copies. */
  scaledFrom: number | undefined;
  /** Where it was configured: all copies of a program share it. */
  section: RawSection;
}

export interface GroupConfig {
  name: string;
  priority: number;
  /** In their order of starting. */
  processes: ProcessConfig[];
  /** What it listens to, when it is a pool of event listeners. */
  pool: ListenerValues | undefined;
  /** The section that makes it a group: its own, or that of its program. */
  section: RawSection;
}

export interface HookConfig extends HookValues {
  name: string;
  section: RawSection;
}

export interface UnixServerConfig extends UnixServerValues {
  kind: "unix";
  section: RawSection;
}

export interface InetServerConfig extends Omit<InetServerValues, "port"> {
  kind: "inet";
  /** Empty: every address of the machine. */
  host: string;
  port: number;
  section: RawSection;
}

export type ServerConfig = UnixServerConfig | InetServerConfig;

/** A whole configuration, expanded and checked. */
export interface Config {
  supervisord: SupervisordValues;
  /** In their order of opening. */
  servers: ServerConfig[];
  /** In their order of starting. */
  groups: GroupConfig[];
  hooks: HookConfig[];
  /** Every section as written, by its name. */
  sections: ReadonlyMap<string, RawSection>;
  warnings: Problem[];
}

/** What a control program needs of a configuration. */
export interface CtlConfig {
  ctl: CtlValues;
  servers: ServerConfig[];
  rundir: string | undefined;
}
