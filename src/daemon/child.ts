import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import { rlimits } from "../config/options/resources.ts";
import { BadValue } from "../config/problems.ts";
import { repr } from "../config/pyrepr.ts";
import { splitCommand } from "../config/shlex.ts";
import { isChained, noPrivileges, type Privileges } from "../os/chain.ts";
import { closeFd } from "../os/channels.ts";
import { type ChildEvents, type Extra, spawnChild } from "../os/children.ts";
import { CommandError, findCommand } from "../os/command.ts";
import { accessFault, execFault } from "../os/execfault.ts";
import { hearsDatagrams } from "../os/inbox.ts";
import { folderFault } from "../os/machine.ts";
import { native } from "../os/native.ts";
import type { Release } from "../process/release.ts";
import { channelName, tokenOf } from "./channelname.ts";
import { describeFailure, describeForkFailure, isScarce, SpawnError } from "./errors.ts";
import { releaseOf } from "./releases.ts";
import { Stdio } from "./stdio.ts";
import { voicesOf, voiceVariables } from "./voices.ts";
import type { World } from "./world.ts";

/** As ChildEvents, with the failure in supervisord's words. */
export interface SpawnEvents extends Omit<ChildEvents, "failed"> {
  /** @param scarce the machine has no room for another process just now */
  failed(error: string, scarce: boolean): void;
}

interface Command {
  file: string;
  argv: readonly string[];
}

/** What runs in place of the program, beside it, or as it. */
interface Run extends Command {
  privileges: Privileges;
  cwd: string | undefined;
  /** Beside the program: variables that it does not have itself. */
  variables?: Record<string, string | undefined>;
  /** One descriptor more than the standard streams. */
  extra?: Extra | undefined;
}

/** What a process needs to have children: its command, its environment, its streams. */
export class ChildMaker {
  readonly stdio: Stdio;
  /** What the latest child was started from. */
  release: Release | undefined;
  #config: ProcessConfig;
  readonly #world: World;
  readonly #privileges: Privileges;

  constructor(config: ProcessConfig, world: World) {
    this.#config = config;
    this.#world = world;
    this.stdio = new Stdio(config, world);
    this.#privileges = privilegesOf(config);
  }

  get config(): ProcessConfig {
    return this.#config;
  }

  /** Takes over what may change while there is a child. */
  reconfigure(config: ProcessConfig): void {
    this.#config = config;
    this.stdio.reconfigure(config);
  }

  /**
   * The program and its words.
   * @throws CommandError for what the RPC tells before it looks at anything else
   */
  command(): Command {
    return this.#find(this.config.command);
  }

  /** What its processes have in their environment, to be known by when stoptree looks for them. */
  get treeToken(): string {
    return tokenOf(this.#world.channels, channelName(this.config));
  }

  /**
   * Starts a child. As in supervisord, what goes wrong between the fork and the program is told by a
   * child that writes it to its stderr and exits with 127.
   * @param extra one descriptor more for it
   * @throws SpawnError when there can be no child at all
   */
  spawn(events: SpawnEvents, extra?: Extra): void {
    this.#world.sockets.hold(this.config);
    const { file, argv } = this.#orSpawnError(() => this.command());
    const fault = this.#orSpawnError(() => this.#faultBeforeExec({ file, argv }));
    if (fault !== undefined) {
      this.#spawnFailing(fault, events);
      return;
    }
    const failed = this.#execFailed(argv[0], events);
    this.release = releaseOf({ file, argv, directory: this.config.directory });
    this.#start({ file, argv, ...this.#place(), extra }, { ...events, failed });
  }

  /** Apart, so that what lives as long as the child does not hold its whole command line. */
  #execFailed(word: string | undefined, events: SpawnEvents): (errno: string) => void {
    return (errno) => {
      if (isScarce(errno)) events.failed(describeForkFailure(this.config.name, errno), true);
      else this.#trySpawnFailing(`couldn't exec ${word}: ${errno}`, events);
    };
  }

  /**
   * Runs a command beside the child, as the child is run: same user, environment and logs.
   * @throws SpawnError
   */
  spawnBeside(command: string, mainPid: number, events: SpawnEvents): void {
    const { file, argv } = this.#orSpawnError(() => this.#find(command));
    const failed = (errno: string) => events.failed(`couldn't exec ${argv[0]}: ${errno}`, false);
    // It is none of those that the child has started.
    const variables = { MAINPID: String(mainPid), DROVER_TREE: undefined };
    this.#start({ file, argv, ...this.#place(), variables }, { ...events, failed });
  }

  #find(command: string): Command {
    let argv: readonly string[];
    try {
      argv = splitCommand(command);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw new CommandError(`can't parse command ${repr(command)}: ${error.message}`);
    }
    const [word] = argv;
    if (word === undefined) throw new CommandError("command is empty");
    return { file: findCommand(word, this.#searchPath()), argv };
  }

  /** A PATH that is configured counts even when it is empty; the daemon's only when it is not. */
  #searchPath(): string | undefined {
    const { environment, inherited } = this.#world;
    return this.config.environment.PATH ?? environment.PATH ?? (inherited.PATH || undefined);
  }

  /** What supervisord's child would stumble over between its fork and its exec. */
  #faultBeforeExec({ file, argv }: Command): string | undefined {
    const { directory } = this.config;
    const other = this.#otherUser();
    if (other && process.getuid?.() !== 0) {
      return `couldn't setuid to ${other.uid}: Can't drop privilege as nonroot user`;
    }
    const mayNot = (at: string) => (other ? accessFault(at, other) : undefined);
    const fault = directory && folderFault(directory);
    // What is closed to root may be open to another user.
    const counts = fault && !(other && fault === "EACCES");
    const cannotEnter = counts ? fault : directory && mayNot(directory);
    if (cannotEnter) return `couldn't chdir to ${directory}: ${cannotEnter}`;
    // Where the kernel is asked directly it answers for itself.
    if (native() && !isChained(this.#privileges)) return undefined;
    const program = path.resolve(directory ?? "", file);
    const cannotRun = execFault(program) ?? mayNot(program);
    return cannotRun === undefined ? undefined : `couldn't exec ${argv[0]}: ${cannotRun}`;
  }

  #otherUser(): ProcessConfig["user"] {
    const { user } = this.config;
    return user && user.uid !== process.getuid?.() ? user : undefined;
  }

  /** Where it runs and as whom. What is closed to root another user may still enter, as on NFS. */
  #place(): Pick<Run, "cwd" | "privileges"> {
    const { directory } = this.config;
    const privileges = this.#privileges;
    return directory !== undefined && this.#otherUser() && folderFault(directory) === "EACCES"
      ? { cwd: undefined, privileges: { ...privileges, folder: directory } }
      : { cwd: directory, privileges };
  }

  /** A child that does nothing but tell what could not be done. */
  #spawnFailing(fault: string, events: SpawnEvents): void {
    const lines = [`supervisor: ${fault}`, "supervisor: child process was not spawned"];
    const argv = ["sh", "-c", 'printf "%s\\n" "$@" >&2; exit 127', "sh", ...lines];
    const failed = (errno: string) =>
      events.failed(describeForkFailure(this.config.name, errno), isScarce(errno));
    const run = { file: "/bin/sh", argv, cwd: undefined, privileges: noPrivileges };
    this.#start(run, { ...events, failed });
  }

  /** After the kernel's answer, which may come later than the call. */
  #trySpawnFailing(fault: string, events: SpawnEvents): void {
    try {
      this.#spawnFailing(fault, events);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      events.failed(error.message, error.scarce);
    }
  }

  #start(run: Run, events: ChildEvents): void {
    const { umask, name } = this.config;
    const { softFiles } = this.#world;
    const stdio = this.stdio.open(run.variables !== undefined);
    try {
      const env = { ...this.environment(), ...run.variables };
      this.#orSpawnError(() => spawnChild({ ...run, env, umask, stdio, softFiles }, events));
    } catch (error) {
      if (error instanceof SpawnError) throw error;
      throw new SpawnError(describeFailure(name, error), isScarce(error), { cause: error });
    } finally {
      for (const fd of new Set(stdio)) closeFd(fd);
    }
  }

  #orSpawnError<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      const cause = error;
      const { name } = this.config;
      if (isScarce(error)) throw new SpawnError(describeFailure(name, error), true, { cause });
      if (!(error instanceof CommandError)) throw error;
      throw new SpawnError(error.message, false, { cause });
    }
  }

  /** What its children have in their environment. */
  environment(): Record<string, string | undefined> {
    const { name, group, environment, serverurl, stoptree } = this.config;
    const url = serverurl ?? this.#world.serverUrl;
    return {
      ...this.#world.inherited,
      SUPERVISOR_ENABLED: "1",
      ...(url && { SUPERVISOR_SERVER_URL: url }),
      SUPERVISOR_PROCESS_NAME: name,
      SUPERVISOR_GROUP_NAME: group,
      ...this.#world.environment,
      ...environment,
      ...(stoptree && { DROVER_TREE: this.treeToken }),
      ...voiceVariables(
        voicesOf(this.config, this.#world.meeting.path, hearsDatagrams()),
        this.config,
      ),
    };
  }
}

function privilegesOf(config: ProcessConfig): Privileges {
  const { user, nice, oom_score_adj, no_new_privileges } = config;
  const limits = (Object.keys(rlimits) as (keyof typeof rlimits)[]).flatMap((resource) => {
    const limit = config[`rlimit_${resource}`];
    return limit === undefined ? [] : [[resource, limit] as const];
  });
  return {
    user,
    rlimits: limits,
    nice,
    oomScoreAdj: oom_score_adj,
    noNewPrivileges: no_new_privileges,
  };
}
