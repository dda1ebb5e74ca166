import type { IncomingMessage } from "node:http";
import { hostname } from "node:os";
import type { InetServerConfig, ServerConfig, UnixServerConfig } from "../config/config.ts";
import { native } from "../os/native.ts";
import { peerOf } from "../os/peer.ts";
import { type Credentials, Login } from "../rpc/auth.ts";
import type { Caller, RoleRules } from "../rpc/callers.ts";
import { type Audit, Door } from "../rpc/door.ts";
import { StartError } from "./errors.ts";

/**
 * The door of a server as it is configured.
 * @throws StartError when it could not tell people apart, and is to
 */
export function createDoor(config: ServerConfig, audit: Audit): Door {
  const credentials = credentialsOf(config);
  return new Door({
    login: credentials && new Login(credentials),
    hosts: config.kind === "inet" ? hostsOf(config) : undefined,
    rules: config.kind === "unix" ? rulesOf(config) : undefined,
    maxCalls: config.max_calls,
    callerOf: config.kind === "inet" ? inetCaller : unixCaller,
    audit,
  });
}

/** As in supervisord an empty name turns the login off, and an empty password is one. */
export const credentialsOf = ({ username, password }: ServerConfig): Credentials | undefined =>
  username && password !== undefined ? { username, password } : undefined;

/** Behind a password a foreign name does no harm: the browser that was led here has none for it. */
function hostsOf(config: InetServerConfig): readonly string[] | undefined {
  const { allowed_hosts: allowed, host } = config;
  if (!allowed && credentialsOf(config)) return undefined;
  return [host, hostname(), ...(allowed ?? [])].map((name) => name.toLowerCase());
}

function rulesOf({ section, operators, read_only_gids }: UnixServerConfig): RoleRules | undefined {
  if (!operators && !read_only_gids) return undefined;
  if (!native()) {
    const option = operators ? "operators" : "read_only_gids";
    throw new StartError(
      `Error: [${section.name}] ${option}= needs the optional package koffi, which is not installed`,
      2,
    );
  }
  return {
    daemonUid: process.getuid?.() ?? 0,
    operators: operators ?? { uids: [], gids: [] },
    readOnlyGids: read_only_gids ?? [],
  };
}

const inetCaller = ({ socket: { remoteAddress } }: IncomingMessage): Caller => ({
  by: "inet",
  address: remoteAddress ?? "a connection that has ended",
  username: undefined,
});

const known = new WeakMap<IncomingMessage["socket"], Caller>();

/** Asked once of each connection: the kernel tells of who has made it. */
function unixCaller({ socket }: IncomingMessage): Caller {
  const found = known.get(socket);
  if (found) return found;
  const library = native();
  const peer = library && peerOf(library, socket);
  const caller: Caller = peer ? { by: "unix", ...peer } : { by: "unix" };
  known.set(socket, caller);
  return caller;
}
