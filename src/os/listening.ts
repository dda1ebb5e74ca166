import { chmodSync, chownSync, closeSync, lstatSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import { errnoOf, unless } from "./errno.ts";
import { declare, type Native } from "./native.ts";
import { SocketInUse } from "./sockets.ts";

const functions = declare({
  socket: "int socket(int family, int type, int protocol)",
  setsockopt: "int setsockopt(int fd, int level, int name, const void *value, uint32_t length)",
  bind: "int bind(int fd, const void *address, uint32_t length)",
  connect: "int connect(int fd, const void *address, uint32_t length)",
  listen: "int listen(int fd, int backlog)",
  fcntl: "int fcntl(int fd, int command, ...)",
  strerror: "const char *strerror(int error)",
});

/** The same on x86 and ARM, in glibc and musl. */
const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4_000;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const F_DUPFD_CLOEXEC = 1_030;
/** sizeof(sun_path), with the closing NUL. */
const PATH_SIZE = 108;
/** Children take it as their 0: a number that is none of the three. */
const LOWEST_FD = 3;
/** The kernel cuts it to its own limit, net.core.somaxconn. */
const MOST_BACKLOG = 65_535;

export interface UnixPlace {
  family: "unix";
  path: string;
  mode: number;
  /** A gid of -1 leaves the group as it is. */
  owner: { uid: number; gid: number } | undefined;
}

export interface InetPlace {
  family: "inet";
  /** IPv4, in numbers. */
  address: string;
  port: number;
}

/** A socket that children take as they are given it, and accept on. */
export interface ListeningSocket {
  /** A descriptor of it for a child, for the caller to close. @throws Error with `code` */
  duplicate(): number;
  /** Ends it here, and removes the file of a Unix socket if that is still its own. */
  close(): void;
}

/**
 * Listens, with a descriptor that blocks, as those expect who accept on it, and that no child
 * inherits by itself. A Unix socket that nobody listens on any more is replaced.
 * @param backlog undefined: as many as the kernel allows
 * @throws SocketInUse, or Error worded as Python would, with `code`
 */
export function listenForChildren(
  library: Native,
  place: UnixPlace | InetPlace,
  backlog: number | undefined,
): ListeningSocket {
  const { listen, fcntl } = functions(library);
  const family = place.family === "unix" ? AF_UNIX : AF_INET;
  const fd = makeSocket(library, family, SOCK_CLOEXEC);
  let remove: () => void = () => undefined;
  try {
    if (place.family === "unix") remove = bindUnix(library, fd, place);
    else bindInet(library, fd, place);
    checked(library, listen(fd, backlog ?? MOST_BACKLOG));
  } catch (error) {
    closeSync(fd);
    remove();
    throw error;
  }
  return {
    duplicate: () => checked(library, fcntl(fd, F_DUPFD_CLOEXEC, "int", LOWEST_FD)),
    close() {
      try {
        remove();
      } finally {
        closeSync(fd);
      }
    },
  };
}

const makeSocket = (library: Native, family: number, flags: number): number =>
  checked(library, functions(library).socket(family, SOCK_STREAM | flags, 0));

function bindInet(library: Native, fd: number, { address, port }: InetPlace): void {
  const { setsockopt, bind } = functions(library);
  const on = Buffer.alloc(4);
  on.writeInt32LE(1);
  checked(library, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, on.length));
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  name.set(address.split(".").map(Number), 4);
  checked(library, bind(fd, name, name.length));
}

/** Nobody can connect before it listens, so that its owner and mode come in time. @returns the way to remove it */
function bindUnix(library: Native, fd: number, place: UnixPlace): () => void {
  const { path, mode, owner } = place;
  const name = unixName(path);
  removeStale(library, path, name);
  checked(library, functions(library).bind(fd, name, name.length));
  const made = lstatSync(path);
  const remove = () => {
    const found = unless(["ENOENT", "ENOTDIR"], () => lstatSync(path));
    if (found?.ino === made.ino && found.dev === made.dev) unlinkSync(path);
  };
  try {
    const what = (word: string) => `Could not change ${word} of socket file: `;
    if (owner) {
      worded(library, path, what("ownership"), () => chownSync(path, owner.uid, owner.gid));
    }
    worded(library, path, what("permissions"), () => chmodSync(path, mode));
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

function unixName(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length >= PATH_SIZE) {
    throw Object.assign(new Error("AF_UNIX path too long"), { code: "ENAMETOOLONG" });
  }
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, bytes, Buffer.alloc(1)]);
}

/** Makes room where a dead process has left its socket. */
function removeStale(library: Native, path: string, name: Buffer): void {
  // Whatever else is wrong with the path, bind() tells.
  const found = unless(["ENOENT", "ENOTDIR", "EACCES"], () => lstatSync(path));
  if (!found) return;
  if (!found.isSocket()) {
    throw new SocketInUse(`${path} exists and is not a socket: remove it or choose another path`);
  }
  if (answers(library, name)) {
    throw new SocketInUse(
      "another program is already listening there: shut it down first, or choose another path",
    );
  }
  worded(library, path, "", () => unless(["ENOENT"], () => unlinkSync(path)));
}

/** Whether somebody listens, or may: of a socket that is not ours to connect to nothing is known. */
function answers(library: Native, name: Buffer): boolean {
  const fd = makeSocket(library, AF_UNIX, SOCK_CLOEXEC | SOCK_NONBLOCK);
  try {
    const refused = functions(library).connect(fd, name, name.length) !== 0;
    return !refused || !["ECONNREFUSED", "ENOENT"].includes(library.errno());
  } finally {
    closeSync(fd);
  }
}

/** @throws Error when a call answered that it has failed */
function checked(library: Native, answer: number): number {
  if (answer < 0) throw refusal(library, library.errno());
  return answer;
}

/** Runs `act`; its failure is worded as Python's, after `what`. */
function worded<T>(library: Native, path: string, what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw refusal(library, errno, what, `: '${path}'`);
  }
}

/** What the kernel says, in the words in which supervisord has it from Python. */
function refusal(library: Native, errno: string, before = "", after = ""): Error {
  const number = constants.errno[errno as keyof typeof constants.errno] ?? 0;
  const text = String(functions(library).strerror(number));
  return Object.assign(new Error(`${before}[Errno ${number}] ${text}${after}`), { code: errno });
}
