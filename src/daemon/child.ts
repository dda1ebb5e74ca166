import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import type { LogTarget } from "../config/kinds/paths.ts";
import { BadValue } from "../config/problems.ts";
import { splitCommand } from "../config/shlex.ts";
import { closeFd, makeFifos, openForChild } from "../os/channels.ts";
import { type ChildEvents, spawnChild } from "../os/children.ts";
import { CommandError, findCommand } from "../os/command.ts";
import { errnoOf } from "../os/errno.ts";
import { isDirectory } from "../os/machine.ts";
import { channelName } from "./channelname.ts";
import type { Sink } from "./sink.ts";
import { OutputStream } from "./stream.ts";
import type { World } from "./world.ts";

export type StreamName = "stdout" | "stderr";

/** Why a child could not be started, in supervisord's words. */
export class SpawnError extends Error {
  override readonly name = "SpawnError";
}

/** What a process needs to have children: its command, its environment, its three streams. */
export class ChildMaker {
  readonly #config: ProcessConfig;
  readonly #world: World;
  readonly #streams: Partial<Record<StreamName, OutputStream>> = {};

  constructor(config: ProcessConfig, world: World) {
    this.#config = config;
    this.#world = world;
    for (const name of streamsOf(config)) {
      const sink = this.#sink(config[`${name}_logfile`], name);
      const captureMaxBytes = config[`${name}_capture_maxbytes`];
      if (!sink && captureMaxBytes <= 0) continue;
      const onMessage = () => world.log("debug", `'${config.name}' ${name} emitted a comm event`);
      const fifo = fifoPath(world.channels, config, name);
      const spec = { fifo, sink, captureMaxBytes, onMessage };
      this.#streams[name] = new OutputStream(spec);
    }
  }

  /**
   * The program and its words.
   * @throws CommandError for what the RPC tells before it looks at anything else
   */
  command(): { file: string; argv: readonly string[] } {
    const { command } = this.#config;
    let argv: readonly string[];
    try {
      argv = splitCommand(command);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw new CommandError(`can't parse command '${command}': ${error.message}`);
    }
    const [word] = argv;
    if (word === undefined) throw new CommandError("command is empty");
    return { file: findCommand(word, this.#searchPath()), argv };
  }

  /** A PATH that is configured counts even when it is empty; the daemon's only when it is not. */
  #searchPath(): string | undefined {
    const { environment, inherited } = this.#world;
    return this.#config.environment.PATH ?? environment.PATH ?? (inherited.PATH || undefined);
  }

  /**
   * @returns the child's pid, or undefined when the kernel made none, which comes as an event
   * @throws SpawnError when it cannot even be tried
   */
  spawn(events: ChildEvents): number | undefined {
    const config = this.#config;
    const { file, argv } = this.#orSpawnError(() => this.command());
    if (config.directory !== undefined && !isDirectory(config.directory)) {
      throw new SpawnError(`couldn't chdir to ${config.directory}: ENOENT`);
    }
    const opened = this.#openStreams();
    try {
      const { directory: cwd, umask, user } = config;
      const spec = { file, argv, env: this.#environment(), cwd, umask, stdio: opened, user };
      return spawnChild(spec, events);
    } catch (error) {
      throw new SpawnError(describeFailure(config.name, error), { cause: error });
    } finally {
      for (const fd of new Set(opened)) closeFd(fd);
    }
  }

  /** The child's 0, 1 and 2. @throws SpawnError, with nothing left open */
  #openStreams(): [number, number, number] {
    const { user, redirect_stderr, name } = this.#config;
    const opened: number[] = [];
    const keep = (fd: number): number => {
      opened.push(fd);
      return fd;
    };
    const open = (stream: OutputStream | undefined): number =>
      keep(stream ? stream.open(user) : openForChild("/dev/null", undefined));
    const { channels } = this.#world;
    try {
      // Somebody may have cleaned the run folder up; then they are made again.
      makeFifos(channelsOf(this.#config, channels));
      const stdin = keep(openForChild(fifoPath(channels, this.#config, "stdin"), user));
      const stdout = open(this.#streams.stdout);
      return [stdin, stdout, redirect_stderr ? stdout : open(this.#streams.stderr)];
    } catch (error) {
      for (const fd of opened) closeFd(fd);
      const message = describeFailure(name, error);
      this.#world.log("error", `${message} (${error})`);
      throw new SpawnError(message, { cause: error });
    }
  }

  /** Reads what an earlier daemon's child still writes. */
  listen(): void {
    for (const stream of Object.values(this.#streams)) stream.listen();
  }

  drain(): void {
    for (const stream of Object.values(this.#streams)) stream.drain();
  }

  close(): void {
    for (const stream of Object.values(this.#streams)) stream.close();
  }

  #orSpawnError<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new SpawnError(error.message, { cause: error });
    }
  }

  #environment(): Record<string, string | undefined> {
    const { name, group, environment, serverurl } = this.#config;
    const url = serverurl ?? this.#world.serverUrl;
    return {
      ...this.#world.inherited,
      SUPERVISOR_ENABLED: "1",
      ...(url && { SUPERVISOR_SERVER_URL: url }),
      SUPERVISOR_PROCESS_NAME: name,
      SUPERVISOR_GROUP_NAME: group,
      ...this.#world.environment,
      ...environment,
    };
  }

  #sink(target: LogTarget, stream: StreamName): Sink | undefined {
    if (target.to !== "file") return undefined;
    const maxBytes = this.#config[`${stream}_logfile_maxbytes`];
    const backups = this.#config[`${stream}_logfile_backups`];
    return this.#world.sinks.open({ path: target.path, maxBytes, backups });
  }
}

/** With redirect_stderr there is no stderr of its own. */
const streamsOf = ({ redirect_stderr }: ProcessConfig): StreamName[] =>
  redirect_stderr ? ["stdout"] : ["stdout", "stderr"];

/** The channel of a stream: its name is how a later daemon finds it. */
const fifoPath = (folder: string, config: ProcessConfig, stream: StreamName | "stdin"): string =>
  path.join(folder, `${channelName(config)}.${stream}`);

/** The channels that a process needs before its first start. */
export function channelsOf(config: ProcessConfig, folder: string): string[] {
  const names = ["stdin", ...streamsOf(config)] as const;
  return names.map((name) => fifoPath(folder, config, name));
}

function describeFailure(name: string, error: unknown): string {
  const errno = errnoOf(error);
  if (errno === "EMFILE" || errno === "ENFILE") return `too many open files to spawn '${name}'`;
  return `unknown error making dispatchers for '${name}': ${errno ?? String(error)}`;
}

/** Why the kernel made no child. */
export const describeForkFailure = (name: string, errno: string): string =>
  errno === "EAGAIN"
    ? `Too many processes in process table to spawn '${name}'`
    : `unknown error during fork for '${name}': ${errno}`;
