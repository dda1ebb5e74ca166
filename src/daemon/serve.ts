import { createServer, type RequestListener } from "node:http";
import path from "node:path";
import type { UnixServerConfig } from "../config/config.ts";
import { errnoOf } from "../os/errno.ts";
import { isDirectory } from "../os/machine.ts";
import { listenUnix, SocketInUse } from "../os/sockets.ts";
import type { Credentials } from "../rpc/auth.ts";
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
  config: UnixServerConfig,
  listener: RequestListener,
): Promise<OpenServer> {
  const server = createServer(listener);
  const { file, chmod, chown } = config;
  try {
    const release = await listenUnix(server, { path: file, mode: chmod, owner: chown });
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
    throw new StartError(describeFailure(config, error), 2, { cause: error });
  }
}

function describeFailure({ section, file }: UnixServerConfig, error: unknown): string {
  const where = `[${section}] file=${file}`;
  if (error instanceof SocketInUse) return `Error: ${where}: ${error.message}`;
  const folder = path.dirname(file);
  // libuv turns the ENOENT of a bind into EACCES.
  if (!isDirectory(folder)) return `Error: ${where}: the folder ${folder} does not exist`;
  switch (errnoOf(error)) {
    case "EACCES":
      return `Error: ${where}: no permission to make a socket there`;
    case "EPERM":
      return `Error: ${where}: not permitted to give the socket to another owner (chown=)`;
    case "ENAMETOOLONG":
      return `Error: ${where}: the path of a socket may have about 100 characters, and this one is longer`;
    default:
      return `Error: ${where}: cannot open the control socket: ${error}`;
  }
}

/** Both or nothing: a password without a name protects nothing, as in supervisord. */
export const credentialsOf = ({ username, password }: UnixServerConfig): Credentials | undefined =>
  username && password ? { username, password } : undefined;
