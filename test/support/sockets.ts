import { readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type NetConnectOpts } from "node:net";

/** All that a server says to a client that sends `request`. @throws when it cannot be reached */
export function say(to: NetConnectOpts, request = Buffer.alloc(0)): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(to, () => {
      if (request.length > 0) socket.write(request);
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks)));
    socket.on("error", reject);
  });
}

/** A port on the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** What a descriptor of a process is, such as `socket:[123]`. */
export const descriptorOf = (pid: number | "self", fd: number): string =>
  readlinkSync(`/proc/${pid}/fd/${fd}`);

/** Where a socket listens, by the kernel's tables: a path, or an IPv4 address and port in hex. */
export function listensOn(descriptor: string): string | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(descriptor)?.[1];
  const rows = (table: string) =>
    readFileSync(`/proc/net/${table}`, "utf8")
      .split("\n")
      .map((row) => row.trim().split(/\s+/));
  const [, local] = rows("tcp").find((row) => row[9] === inode && row[3] === "0A") ?? [];
  const unix = rows("unix").find((row) => row[6] === inode && row[3] === "00010000");
  return local ?? unix?.[7];
}

/** How many clients are connected to a socket. */
export const clientsOf = (socket: string): number =>
  readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .filter((line) => line.includes(` ${socket}`) && / 0001 03 /.test(line)).length;
