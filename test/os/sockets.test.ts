import { existsSync, linkSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { listenUnix, SocketInUse } from "../../src/os/sockets.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A server that greets with `greeting` and closes when the test is over. */
function server(greeting: string): Server {
  const own = createServer((socket) => {
    // Who only looks whether somebody answers goes away without reading.
    socket.on("error", () => socket.destroy());
    socket.end(greeting);
  });
  onTestFinished(() => void own.close());
  return own;
}

const listen = (greeting: string, file: string, mode = 0o700) =>
  listenUnix(server(greeting), { path: file, mode, owner: undefined });

function greetingAt(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connect(file)
      .on("data", (chunk) => {
        text += chunk;
      })
      .on("end", () => resolve(text))
      .on("error", reject);
  });
}

/** A socket that a dead daemon has left: it is there, and nobody listens. */
async function leaveSocket(file: string): Promise<void> {
  const dead = createServer();
  const bound = `${file}.dead`;
  await new Promise<void>((resolve) => dead.listen(bound, resolve));
  linkSync(bound, file);
  await new Promise((resolve) => dead.close(resolve));
}

const socketPath = () => path.join(temporaryFolder(), "control.sock");

test.each([[0o700], [0o770], [0o600]])(
  "clients find the server at its path, with mode %o",
  async (mode) => {
    const file = socketPath();
    await listen("hello", file, mode);
    expect(await greetingAt(file)).toBe("hello");
    expect(lstatSync(file).mode & 0o777).toBe(mode);
    expect(readdirSync(path.dirname(file))).toEqual(["control.sock"]);
  },
);

test.runIf(process.getuid?.() === 0)("the socket has its owner (only as root)", async () => {
  const file = socketPath();
  const owner = { uid: 65_533, gid: 65_534 };
  await listenUnix(server(""), { path: file, mode: 0o700, owner });
  expect(lstatSync(file)).toMatchObject(owner);
});

test("the umask is as it was", async () => {
  const before = process.umask(0o027);
  onTestFinished(() => void process.umask(before));
  await listen("", socketPath());
  expect(process.umask()).toBe(0o027);
});

test("a socket that a dead daemon has left is replaced", async () => {
  const file = socketPath();
  await leaveSocket(file);
  await listen("new", file);
  expect(await greetingAt(file)).toBe("new");
});

describe("refused", () => {
  test("a path on which another server answers, which goes on", async () => {
    const file = socketPath();
    await listen("first", file);
    await expect(listen("second", file)).rejects.toThrow(SocketInUse);
    expect(await greetingAt(file)).toBe("first");
    expect(readdirSync(path.dirname(file))).toEqual(["control.sock"]);
  });

  test("a path where a file is, which stays as it is", async () => {
    const file = socketPath();
    writeFileSync(file, "precious");
    await expect(listen("", file)).rejects.toThrow(SocketInUse);
    expect(readFileSync(file, "utf8")).toBe("precious");
    expect(readdirSync(path.dirname(file))).toEqual(["control.sock"]);
  });

  test("a folder that is not there", async () => {
    await expect(listen("", path.join(temporaryFolder(), "no/s"))).rejects.toThrow();
  });

  test("a path that is longer than the kernel takes, and nothing is left at a shorter one", async () => {
    const folder = temporaryFolder();
    await expect(listen("", path.join(folder, "x".repeat(120)))).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("the release", () => {
  test("removes the socket", async () => {
    const file = socketPath();
    const release = await listen("", file);
    release();
    expect(existsSync(file)).toBe(false);
    expect(release).not.toThrow();
  });

  test("leaves the socket of a later daemon alone", async () => {
    const file = socketPath();
    const release = await listen("first", file);
    release();
    await listen("second", file);
    release();
    expect(await greetingAt(file)).toBe("second");
  });
});
