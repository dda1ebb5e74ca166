import { chownSync, closeSync, unlinkSync } from "node:fs";
import { unless } from "./errno.ts";
import { declare, type Native, native } from "./native.ts";

const functions = declare({
  socket: "int socket(int domain, int type, int protocol)",
  bind: "int bind(int fd, const void *address, uint32_t addressLength)",
  recv: "long recv(int fd, void *bytes, size_t length, int flags)",
  fcntl: "int fcntl(int fd, int command, ...)",
  createEpoll: "int epoll_create1(int flags)",
  controlEpoll: "int epoll_ctl(int epoll, int operation, int fd, void *event)",
  waitEpoll: "int epoll_wait(int epoll, void *events, int most, int timeout)",
});

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const NONBLOCK = 0o4_000;
const CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const [F_GETFL, F_SETFL, F_SETOWN, F_SETSIG] = [3, 4, 8, 10];
const O_ASYNC = 0o20_000;
/** Who has no handler for it ignores it. */
const SIGURG = 23;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;

/** struct epoll_event is packed on x86 alone. */
const [EVENT_SIZE, DATA_AT] = process.arch === "x64" ? [12, 4] : [16, 8];

/** What is taken in one turn of the loop: others have their turn, too. */
const MOST_SOCKETS = 64;
const MOST_OF_ONE = 16;
/** What is taken of one that is closed: more than a socket holds, and who never stops is not waited for. */
const MOST_AT_LAST = 1_024;

/** Longer ones are cut. */
const MOST_BYTES = 4_096;
/** sun_path, with the zero byte at its end. */
const LONGEST_PATH = 108;

/** A datagram socket of this process, on which others speak to it. */
export interface Inbox {
  /** Receives what has come by now, and nothing more. */
  close(): void;
}

/** Whether datagrams can be received: Node alone cannot. */
export const hearsDatagrams = (): boolean => native() !== undefined;

/**
 * Receives datagrams at a path. Node cannot, and nobody waits here either: the kernel tells by a signal
 * that something has come, and an epoll where.
 * @param user who may send, beside root and this process's own user
 * @returns undefined without the optional package that Node needs for system calls
 * @throws what the kernel gives
 */
export function openInbox(
  path: string,
  user: { uid: number; gid: number } | undefined,
  received: (text: string) => void,
): Inbox | undefined {
  const library = native();
  if (!library) return undefined;
  arrivals ??= new Arrivals(library);
  const fd = bindAt(library, path, user);
  arrivals.add(fd, received);
  return {
    close() {
      arrivals?.remove(fd);
      closeSync(fd);
      unless(["ENOENT"], () => unlinkSync(path));
    },
  };
}

let arrivals: Arrivals | undefined;

const failed = (code: string, what: string): Error =>
  Object.assign(new Error(`${code}: ${what}`), { code });

function bindAt(
  library: Native,
  path: string,
  user: { uid: number; gid: number } | undefined,
): number {
  const name = Buffer.from(`${path}\0`);
  if (name.length > LONGEST_PATH) throw failed("ENAMETOOLONG", `bind '${path}'`);
  const { socket, bind } = functions(library);
  const fd = socket(AF_UNIX, SOCK_DGRAM | CLOEXEC | NONBLOCK, 0);
  if (fd < 0) throw failed(library.errno(), "socket");
  const before = process.umask(0o177);
  try {
    unless(["ENOENT"], () => unlinkSync(path));
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
    if (bind(fd, address, address.length) < 0) throw failed(library.errno(), `bind '${path}'`);
    if (user) unless(["EPERM"], () => chownSync(path, user.uid, user.gid));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    process.umask(before);
  }
}

/** All inboxes of this process. */
class Arrivals {
  readonly #library: Native;
  readonly #epoll: number;
  readonly #receivers = new Map<number, (text: string) => void>();
  readonly #events = Buffer.alloc(EVENT_SIZE * MOST_SOCKETS);
  readonly #bytes = Buffer.alloc(MOST_BYTES);

  constructor(library: Native) {
    this.#library = library;
    this.#epoll = functions(library).createEpoll(CLOEXEC);
    if (this.#epoll < 0) throw failed(library.errno(), "epoll_create1");
    process.on("SIGURG", () => this.#take());
  }

  add(fd: number, received: (text: string) => void): void {
    const { controlEpoll, fcntl } = functions(this.#library);
    const event = Buffer.alloc(EVENT_SIZE);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeInt32LE(fd, DATA_AT);
    if (controlEpoll(this.#epoll, EPOLL_CTL_ADD, fd, event) < 0) {
      closeSync(fd);
      throw failed(this.#library.errno(), "epoll_ctl");
    }
    this.#receivers.set(fd, received);
    fcntl(fd, F_SETOWN, "int", process.pid);
    fcntl(fd, F_SETSIG, "int", SIGURG);
    fcntl(fd, F_SETFL, "int", fcntl(fd, F_GETFL, "int", 0) | O_ASYNC);
  }

  /** Before it is closed, by which the epoll forgets it. */
  remove(fd: number): void {
    this.#receive(fd, MOST_AT_LAST);
    this.#receivers.delete(fd);
  }

  #take(): void {
    const ready = functions(this.#library).waitEpoll(this.#epoll, this.#events, MOST_SOCKETS, 0);
    if (ready <= 0) return;
    const found = Array.from({ length: ready }, (_, at) =>
      this.#events.readInt32LE(at * EVENT_SIZE + DATA_AT),
    );
    // There may be more, of which nobody tells again.
    setImmediate(() => this.#take());
    for (const fd of found) this.#receive(fd);
  }

  #receive(fd: number, most = MOST_OF_ONE): void {
    const { recv } = functions(this.#library);
    for (let taken = 0; taken < most; taken++) {
      // What was told of an earlier one may have closed it.
      const received = this.#receivers.get(fd);
      if (!received) return;
      const length = recv(fd, this.#bytes, MOST_BYTES, MSG_DONTWAIT);
      if (length < 0) return;
      received(this.#bytes.toString("utf8", 0, Number(length)));
    }
  }
}
