import { createServer, type RequestListener, type Server } from "node:http";
import path from "node:path";
import type { Config, InetServerConfig, ServerConfig, UnixServerConfig } from "../config/config.ts";
import { errnoOf } from "../os/errno.ts";
import { limitOf } from "../os/limits.ts";
import { isDirectory } from "../os/machine.ts";
import { listenInet, listenUnix, SocketInUse } from "../os/sockets.ts";
import { Connections } from "../rpc/connections.ts";
import { StartError } from "./errors.ts";

/** What connections that are busy when the server closes have left. */
const LAST_WORDS_MS = 100;

interface OpenServer {
  /** Stops listening, removes the socket and ends the connections. */
  close(): void;
}

/**
 * Opens one control server.
 * @throws StartError in words for the person who starts the daemon
 */
export async function openServer(
  config: ServerConfig,
  listener: RequestListener,
): Promise<OpenServer> {
  const server = createLimited(config, listener);
  try {
    const release = await listen(server, config);
    return {
      close() {
        release();
        server.close();
        // The answer to the call that asked for this may be on its way still; followers never end.
        setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS).unref();
      },
    };
  } catch (error) {
    server.close();
    const why = config.kind === "unix" ? unixFailure(config, error) : inetFailure(config, error);
    throw new StartError(`Error: [${config.section.name}] ${why}`, 2, { cause: error });
  }
}

/** A peer that is gone without a word is found out so: nothing else tells of one that only listens. */
const PROBE_AFTER_MS = 60_000;
/** A server may take so much of the files that the daemon may open. */
const SHARE_OF_FILES = 4;
/** Node has timers of its own for what `Connections` does; its check then never comes. */
const NEVER_MS = 2 ** 31 - 1;

function createLimited(config: ServerConfig, listener: RequestListener): Server {
  const server = createServer({
    maxHeaderSize: config.header_maxbytes,
    highWaterMark: config.stream_buffer_maxbytes,
    // Clients of Unix sockets send all sorts of hosts, and some none.
    requireHostHeader: false,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    connectionsCheckingInterval: NEVER_MS,
  });
  const files = limitOf("nofile").soft;
  const limits = {
    most: Math.max(1, Math.min(config.max_connections, Math.floor(files / SHARE_OF_FILES))),
    idleMs: config.idle_timeout,
    requestMs: config.request_timeout,
  };
  new Connections(server, limits, listener);
  return server;
}

/**
 * What can be told of the servers before anything is stopped for them.
 * @throws StartError
 */
export function expectPlaces({ servers, supervisord }: Config): void {
  for (const server of servers) {
    if (server.kind !== "unix") continue;
    const folder = path.dirname(server.file);
    if (folder === supervisord.rundir || isDirectory(folder)) continue;
    throw new StartError(`Error: [${server.section.name}] ${missingFolder(server.file)}`, 2);
  }
}

const missingFolder = (file: string): string =>
  `file=${file}: the folder ${path.dirname(file)} does not exist`;

async function listen(server: Server, config: ServerConfig): Promise<() => void> {
  if (config.kind === "unix") {
    const { file, chmod, chown } = config;
    return listenUnix(server, { path: file, mode: chmod, owner: chown });
  }
  await listenInet(server, config);
  return () => undefined;
}

function unixFailure({ file }: UnixServerConfig, error: unknown): string {
  const where = `file=${file}`;
  if (error instanceof SocketInUse) return `${where}: ${error.message}`;
  // libuv turns the ENOENT of a bind into EACCES.
  if (!isDirectory(path.dirname(file))) return missingFolder(file);
  switch (errnoOf(error)) {
    case "EACCES":
      return `${where}: no permission to make a socket there`;
    case "EPERM":
      return `${where}: not permitted to give the socket to another owner (chown=)`;
    case "ENAMETOOLONG":
      return `${where}: the path of a socket may have about 100 characters, and this one is longer`;
    default:
      return `${where}: cannot open the control socket: ${error}`;
  }
}

function inetFailure({ host, port }: InetServerConfig, error: unknown): string {
  const where = `port=${host || "*"}:${port}`;
  switch (errnoOf(error)) {
    case "EADDRINUSE":
      return `${where}: another program is already listening there: shut it down first, or choose another port`;
    case "EACCES":
      return `${where}: no permission to listen on a port below 1024`;
    case "EADDRNOTAVAIL":
      return `${where}: this machine has no such address`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${where}: there is no host of that name`;
    default:
      return `${where}: cannot open the control server: ${error}`;
  }
}
