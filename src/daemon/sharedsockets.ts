import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessConfig } from "../config/config.ts";
import type { FcgiValues } from "../config/options/programs.ts";
import { Hosts } from "../os/hosts.ts";
import {
  type InetPlace,
  type ListeningSocket,
  listenForChildren,
  type UnixPlace,
} from "../os/listening.ts";
import { native } from "../os/native.ts";
import { isScarce, SpawnError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Supervised } from "./supervised.ts";

interface Shared {
  /** The section of the program whose it is. */
  program: string;
  socket: ListeningSocket;
  /** The processes that have it, or are about to. */
  holders: Set<ProcessConfig>;
}

/** A start does not wait longer for a name server: a process whose address is missing is tried again. */
const LONGEST_LOOKUP_MS = 2_000;

/**
 * The listening sockets of fcgi-programs. As in supervisord each is made for the first process of
 * its program that starts, and closed when the last one is down, whatever follows.
 */
export class SharedSockets {
  readonly #log: Log;
  readonly #hosts = new Hosts();
  /** By URL. */
  readonly #open = new Map<string, Shared>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Looks up the hosts that are named, as nobody can wait for an answer in the middle of a start. */
  async lookUp(configs: readonly ProcessConfig[]): Promise<void> {
    const hosts = new Set(configs.flatMap((config) => hostOf(config) ?? []));
    if (hosts.size === 0) return;
    const answered = Promise.all([...hosts].map((host) => this.#hosts.ask(host)));
    const enough = sleep(LONGEST_LOOKUP_MS, undefined, { ref: false });
    await Promise.race([answered, enough]);
  }

  /**
   * A process is about to start: its program's socket is there from here on, until `follow` is told
   * that the process is down.
   * @throws SpawnError
   */
  hold(config: ProcessConfig): void {
    if (!config.socket) return;
    const url = urlOf(config.socket);
    const program = config.section.name;
    const shared = this.#open.get(url);
    if (!shared) {
      const socket = this.#listen(config, config.socket, url);
      this.#open.set(url, { program, socket, holders: new Set([config]) });
    } else if (shared.program === program) shared.holders.add(config);
    else throw failure(url, new Error(`[${shared.program}] is listening there already`));
  }

  /** A descriptor of the socket that a process holds, for the caller to close. */
  descriptorFor(config: ProcessConfig): number {
    const shared = config.socket && this.#open.get(urlOf(config.socket));
    if (!shared) throw new Error(`${config.name} holds no socket`);
    return shared.socket.duplicate();
  }

  /** To be told of each change of a process's state. */
  readonly follow = ({
    pid,
    state,
    config,
  }: Pick<Supervised, "pid" | "state" | "config">): void => {
    // What a child has left of its tree may have the socket too.
    if (!config.socket || pid !== 0 || state.name === "STOPPING") return;
    const url = urlOf(config.socket);
    const shared = this.#open.get(url);
    if (!shared?.holders.delete(config) || shared.holders.size > 0) return;
    this.#open.delete(url);
    this.#log("info", `Closing socket ${url}`);
    try {
      shared.socket.close();
    } catch (error) {
      this.#log("warn", `cannot remove the socket ${url}: ${error}`);
    }
  };

  #listen(config: ProcessConfig, values: FcgiValues, url: string): ListeningSocket {
    const library = native();
    if (!library) {
      const why = "fcgi-program needs the optional package koffi, which is not installed";
      throw new SpawnError(why, false);
    }
    this.#log("info", `Creating socket ${url}`);
    const host = hostOf(config);
    try {
      return listenForChildren(library, this.#placeOf(config, values), values.socket_backlog);
    } catch (error) {
      // It may have another address by now.
      if (host !== undefined) void this.#hosts.ask(host);
      throw failure(url, error);
    }
  }

  #placeOf({ user }: ProcessConfig, values: FcgiValues): UnixPlace | InetPlace {
    const { socket, socket_mode = DEFAULT_MODE, socket_owner } = values;
    if (socket.family === "unix") {
      const other = user && user.uid !== process.getuid?.() ? user : undefined;
      const owner = socket_owner ?? other;
      return { family: "unix", path: normalized(socket.path), mode: socket_mode, owner };
    }
    return { family: "inet", address: this.#hosts.addressOf(socket.host), port: socket.port };
  }
}

const DEFAULT_MODE = 0o700;

const failure = (url: string, error: unknown): SpawnError => {
  const why = error instanceof Error ? error.message : String(error);
  const message = `Could not create FastCGI socket ${url}: ${why}`;
  return new SpawnError(message, isScarce(error), { cause: error });
};

const hostOf = ({ socket }: ProcessConfig): string | undefined =>
  socket?.socket.family === "inet" ? socket.socket.host : undefined;

/** The socket as supervisord's log names it. */
const urlOf = ({ socket }: FcgiValues): string =>
  socket.family === "unix"
    ? `unix://${normalized(socket.path)}`
    : `tcp://${socket.host}:${socket.port}`;

const normalized = (file: string): string => path.normalize(file);
