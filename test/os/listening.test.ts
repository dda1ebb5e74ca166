import {
  closeSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { errnoOf } from "../../src/os/errno.ts";
import {
  type InetPlace,
  type ListeningSocket,
  listenForChildren,
  type UnixPlace,
} from "../../src/os/listening.ts";
import { native } from "../../src/os/native.ts";
import { SocketInUse } from "../../src/os/sockets.ts";
import { descriptorOf, freePort, listensOn, say } from "../support/sockets.ts";
import { temporaryFolder } from "../support/temporary.ts";

function listen(place: UnixPlace | InetPlace, backlog?: number): ListeningSocket {
  const library = native();
  if (!library) throw new Error("koffi is not installed: npm ci");
  const socket = listenForChildren(library, place, backlog);
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  onTestFinished(close);
  return { duplicate: () => socket.duplicate(), close };
}

const unixAt = (file: string, more: Partial<UnixPlace> = {}): UnixPlace => ({
  family: "unix",
  path: file,
  mode: 0o700,
  owner: undefined,
  ...more,
});
const inetAt = (port: number, address = "127.0.0.1"): InetPlace => ({
  family: "inet",
  address,
  port,
});
const socketPath = () => path.join(temporaryFolder(), "app.sock");

/** Accepts on a descriptor that was made for a child, which it takes over. */
async function serveOn(fd: number): Promise<Server> {
  const server = createServer((client) => {
    client.on("error", () => undefined); // who only looked whether somebody is there has gone
    client.end("hello");
  });
  await new Promise<void>((resolve) => server.listen({ fd }, resolve));
  onTestFinished(() => void server.close());
  return server;
}

const ended = (server: Server) => new Promise((resolve) => server.close(resolve));

/** Flags of an open descriptor of this process, from open(2). */
function flagsOf(fd: string | number) {
  const [, octal = "0"] =
    /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
  const flags = Number.parseInt(octal, 8);
  return { nonblocking: (flags & 0o4_000) !== 0, closeOnExec: (flags & 0o2_000_000) !== 0 };
}

/** Descriptors of this process by what they are. */
function descriptors(what: (link: string) => boolean): string[] {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return what(descriptorOf("self", Number(fd)));
    } catch {
      return false; // that of the reading itself
    }
  });
}

describe("a socket for children", () => {
  test.each<[string, () => Promise<UnixPlace | InetPlace>]>([
    ["TCP", async () => inetAt(await freePort())],
    ["unix", async () => unixAt(socketPath())],
  ])("answers whoever accepts on a duplicate, as long as there is one: %s", async (_, place) => {
    const at = await place();
    const to = at.family === "unix" ? { path: at.path } : { host: at.address, port: at.port };
    const socket = listen(at);
    const first = await serveOn(socket.duplicate());
    expect((await say(to)).toString()).toBe("hello");
    await ended(first);
    const waiting = say(to); // with nobody there to accept
    await serveOn(socket.duplicate());
    expect((await waiting).toString()).toBe("hello");
  });

  test("blocks, and no child inherits it by itself", () => {
    const fd = listen(unixAt(socketPath())).duplicate();
    onTestFinished(() => closeSync(fd));
    const same = descriptorOf("self", fd);
    const flags = descriptors((link) => link === same).map(flagsOf);
    const expected = { nonblocking: false, closeOnExec: true };
    expect(flags).toEqual([expected, expected]);
    expect(fd).toBeGreaterThan(2);
  });

  test("TCP listens on the address that is asked for, and again at once after its clients", async () => {
    const port = await freePort();
    const socket = listen(inetAt(port, "127.0.0.1"));
    const fd = socket.duplicate();
    expect(listensOn(descriptorOf("self", fd))).toBe(
      `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`,
    );
    const server = await serveOn(fd);
    // The server's end closes first, and waits a minute in TIME_WAIT.
    await say({ host: "127.0.0.1", port });
    await ended(server);
    socket.close();
    await expect(say({ host: "127.0.0.1", port })).rejects.toThrow("ECONNREFUSED");
    await serveOn(listen(inetAt(port)).duplicate());
    expect((await say({ host: "127.0.0.1", port })).toString()).toBe("hello");
  });

  test("lets as many wait as it is told", async () => {
    const file = socketPath();
    listen(unixAt(file), 2);
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => {
        const client = connect(file);
        onTestFinished(() => void client.destroy());
        return new Promise((resolve) => {
          client.on("connect", () => resolve("waits"));
          client.on("error", (error) => resolve(errnoOf(error)));
        });
      }),
    );
    // Linux takes one more than it is told.
    expect(outcomes).toEqual(["waits", "waits", "waits", "EAGAIN", "EAGAIN"]);
  });
});

describe("the file of a Unix socket", () => {
  test.each([
    [0o700, 0o022],
    [0o666, 0o777],
    [0o600, 0o000],
    [0o770, 0o027],
  ])("has mode %o whatever the umask, here %o", (mode, umask) => {
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    const file = socketPath();
    listen(unixAt(file, { mode }));
    expect(lstatSync(file).mode & 0o7777).toBe(mode);
    expect(process.umask()).toBe(umask);
  });

  test.runIf(process.getuid?.() === 0)("has its owner (only as root)", () => {
    const file = socketPath();
    listen(unixAt(file, { owner: { uid: 65_533, gid: 65_534 } }));
    expect(lstatSync(file)).toMatchObject({ uid: 65_533, gid: 65_534 });
    const other = socketPath();
    listen(unixAt(other, { owner: { uid: 65_533, gid: -1 } }));
    expect(lstatSync(other)).toMatchObject({ uid: 65_533, gid: process.getgid?.() });
  });

  test("goes with the socket", () => {
    const file = socketPath();
    const socket = listen(unixAt(file));
    expect(lstatSync(file).isSocket()).toBe(true);
    socket.close();
    expect(existsSync(file)).toBe(false);
  });

  test("may be gone already", () => {
    const file = socketPath();
    const socket = listen(unixAt(file));
    rmSync(path.dirname(file), { recursive: true });
    expect(() => socket.close()).not.toThrow();
  });

  test("stays when it is somebody else's by now", async () => {
    const file = socketPath();
    const socket = listen(unixAt(file));
    renameSync(file, `${file}.old`);
    await serveOn(listen(unixAt(file)).duplicate());
    socket.close();
    expect((await say({ path: file })).toString()).toBe("hello");
  });

  test("replaces one that nobody listens on any more", async () => {
    const file = socketPath();
    const dead = listen(unixAt(file));
    renameSync(file, `${file}.kept`);
    dead.close();
    renameSync(`${file}.kept`, file);
    expect(lstatSync(file).isSocket()).toBe(true);
    await serveOn(listen(unixAt(file)).duplicate());
    expect((await say({ path: file })).toString()).toBe("hello");
  });
});

describe("refused, with everything as it was", () => {
  /** Tries to listen in vain. */
  function refusal(place: UnixPlace | InetPlace): Error {
    const before = descriptors((link) => link.startsWith("socket:"));
    try {
      listen(place);
    } catch (error) {
      expect(descriptors((link) => link.startsWith("socket:"))).toEqual(before);
      return error as Error;
    }
    throw new Error("it listens");
  }

  test("a path where another program listens, also one that is too busy to answer", async () => {
    const file = socketPath();
    const other = listen(unixAt(file), 1);
    const { ino } = lstatSync(file);
    expect(refusal(unixAt(file))).toBeInstanceOf(SocketInUse);
    for (let client = 0; client < 3; client++) {
      const waiting = connect(file);
      onTestFinished(() => void waiting.destroy());
      await new Promise((resolve) => waiting.on("connect", resolve).on("error", resolve));
    }
    expect(refusal(unixAt(file))).toBeInstanceOf(SocketInUse);
    expect(lstatSync(file).ino).toBe(ino);
    await serveOn(other.duplicate());
    expect((await say({ path: file })).toString()).toBe("hello");
  });

  test("a path where a file is, or a link", () => {
    const file = socketPath();
    writeFileSync(file, "precious");
    expect(refusal(unixAt(file)).message).toBe(
      `${file} exists and is not a socket: remove it or choose another path`,
    );
    expect(readFileSync(file, "utf8")).toBe("precious");
    const link = `${file}.link`;
    symlinkSync("nowhere", link);
    expect(refusal(unixAt(link))).toBeInstanceOf(SocketInUse);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test("what the kernel refuses, in Python's words", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    const busy = await freePort();
    listen(inetAt(busy));
    const said = (place: UnixPlace | InetPlace) => {
      const error = refusal(place);
      return `${errnoOf(error)} ${error.message}`;
    };
    expect([
      said(unixAt(path.join(folder, "none/app.sock"))),
      said(unixAt(path.join(file, "app.sock"))),
      said(unixAt(path.join(folder, "x".repeat(108 - folder.length - 1)))),
      said(inetAt(busy)),
      said(inetAt(await freePort(), "192.0.2.1")),
    ]).toEqual([
      "ENOENT [Errno 2] No such file or directory",
      "ENOTDIR [Errno 20] Not a directory",
      "ENAMETOOLONG AF_UNIX path too long",
      "EADDRINUSE [Errno 98] Address already in use",
      "EADDRNOTAVAIL [Errno 99] Cannot assign requested address",
    ]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("the longest path is one byte shorter", () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "x".repeat(107 - folder.length - 1));
    listen(unixAt(file));
    expect(readdirSync(folder)).toEqual([path.basename(file)]);
  });
});
