import { lookup } from "node:dns/promises";
import { chmodSync, chownSync, linkSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { errnoOf, unless } from "./errno.ts";

/** Another program answers on the socket's path, or something that is no socket stands there. */
export class SocketInUse extends Error {
  override readonly name = "SocketInUse";
}

export interface SocketSpec {
  path: string;
  mode: number;
  owner: { uid: number; gid: number } | undefined;
}

/** Connections that wait to be taken; supervisord's. A client of a Unix socket is refused when it is full. */
const BACKLOG = 1_024;

/** Linux's sun_path, less the closing NUL. */
const LONGEST_PATH = 107;

/**
 * Makes a server listen on a Unix socket that appears at its path complete: bound under a temporary
 * name, given its mode and owner, then linked. A socket left by a dead daemon is replaced.
 * @returns a release that removes the socket, if it is still the same one
 * @throws SocketInUse, or what the kernel gives
 */
export async function listenUnix(server: Server, spec: SocketSpec): Promise<() => void> {
  const { path, mode, owner } = spec;
  const temporary = `${path}.${process.pid}`;
  // libuv would cut a longer name without a word, and bind another one.
  if (Buffer.byteLength(temporary) > LONGEST_PATH) {
    throw Object.assign(new Error(`longer than ${LONGEST_PATH} bytes`), { code: "ENAMETOOLONG" });
  }
  unless(["ENOENT"], () => unlinkSync(temporary));
  await bind(server, temporary);
  try {
    chmodSync(temporary, mode);
    if (owner) chownSync(temporary, owner.uid, owner.gid);
    const { ino } = statSync(temporary);
    await putInPlace(temporary, path);
    return () => {
      if (unless(["ENOENT"], () => lstatSync(path).ino) === ino) unlinkSync(path);
    };
  } finally {
    unless(["ENOENT"], () => unlinkSync(temporary));
  }
}

/**
 * Makes a server listen on an IPv4 address; an empty host is every address.
 * @throws what the kernel gives
 */
export async function listenInet(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const { address } = await lookup(host || "0.0.0.0", { family: 4 });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Nobody may connect before the mode is set: libuv binds within this call.
    const before = process.umask(0o177);
    try {
      server.listen({ path, backlog: BACKLOG }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function putInPlace(temporary: string, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      linkSync(temporary, path);
      return;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST" || attempt > 3) throw error;
    }
    if (!lstatSync(path).isSocket()) {
      throw new SocketInUse(`${path} exists and is not a socket: remove it or choose another path`);
    }
    if (await answers(path)) {
      throw new SocketInUse(
        `another program is already listening on ${path}: shut it down first, or choose another path`,
      );
    }
    unless(["ENOENT"], () => unlinkSync(path));
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => settle(true));
    // Only a refused or vanished socket is stale; one we may not connect to is somebody's.
    socket.on("error", (error) =>
      settle(!["ECONNREFUSED", "ENOENT"].includes(errnoOf(error) ?? "")),
    );
  });
