import { closeSync } from "node:fs";
import { declare, native } from "./native.ts";

const functions = declare({
  socket: "int socket(int domain, int type, int protocol)",
  sendto:
    "long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)",
});

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** A way to a datagram socket of the machine's that somebody listens on. */
export interface DatagramSocket {
  /**
   * Sends one datagram, and never waits.
   * @returns the name of the kernel's error, EAGAIN while the other side has no room for more;
   *   undefined when it was taken
   */
  send(bytes: Uint8Array): string | undefined;
  close(): void;
}

/**
 * @param path of the socket; with `@` first, its name in the kernel's own name space
 * @returns undefined without the optional package that Node needs for such sockets
 */
export function openDatagramSocket(path: string): DatagramSocket | undefined {
  const library = native();
  if (!library) return undefined;
  const { socket, sendto } = functions(library);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const why = library.errno();
    return { send: () => why, close: () => undefined };
  }
  const to = addressOf(path);
  return {
    send(bytes) {
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      // Not connected: the socket may be made anew, and its name stays.
      const sent = sendto(fd, bytes, bytes.length, flags, to, to.length);
      return sent < 0 ? library.errno() : undefined;
    },
    close: () => closeSync(fd),
  };
}

/** struct sockaddr_un. An abstract name starts with a zero byte and ends where its length says. */
function addressOf(path: string): Buffer {
  const family = Buffer.from([AF_UNIX, 0]);
  const name = path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`;
  return Buffer.concat([family, Buffer.from(name)]);
}
