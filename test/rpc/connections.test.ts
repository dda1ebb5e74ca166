import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ConnectionLimits, Connections } from "../../src/rpc/connections.ts";
import { eventually, tempDir } from "../support/daemon.ts";

const roomy: ConnectionLimits = { most: 100, idleMs: 60_000, requestMs: 60_000 };
const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** What a client has got so far, and whether the other side has closed. */
interface Peer {
  socket: Socket;
  got: string;
  closed: boolean;
}

async function serve(limits: Partial<ConnectionLimits>, handle?: RequestListener) {
  const server: Server = createServer({ keepAliveTimeout: 0, requireHostHeader: false });
  new Connections(server, { ...roomy, ...limits }, (request, response) => {
    if (handle) handle(request, response);
    else request.resume().on("end", () => response.end(`<${request.url}>`));
  });
  const file = path.join(tempDir(), "s");
  await new Promise<void>((resolve) => server.listen(file, resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const open = async (text = "") => {
    const peer: Peer = { socket: connect(file), got: "", closed: false };
    peer.socket.on("error", () => undefined);
    peer.socket.on("close", () => {
      peer.closed = true;
    });
    peer.socket.on("data", (chunk) => {
      peer.got += chunk;
    });
    await new Promise((resolve) => peer.socket.once("connect", resolve));
    if (text !== "") peer.socket.write(text);
    return peer;
  };
  const ask = async (peer: Peer) => {
    peer.got = "";
    peer.socket.write(GET);
    await eventually("an answer", () => peer.got.includes("</>"));
  };
  return { open, ask };
}

describe("when there is no room the oldest goes that", () => {
  test("has asked nothing, and then that has not asked all", async () => {
    const { open, ask } = await serve({ most: 3 });
    const idle = await open();
    const used = await open();
    await ask(used);
    const slow = await open("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab");
    await eventually("it is taken in", () => slow.socket.bytesWritten > 0);
    await ask(await open());
    await eventually("the first has gone", () => idle.closed);
    await ask(used);
    // Two that wait for nobody, so that the slow one is all that is left to close.
    const [one, two, three] = [await open(), await open(), await open()];
    await eventually("used has gone", () => used.closed);
    for (const peer of [one, two, three]) peer.socket.write(GET);
    await eventually(
      "two are answered",
      () => [one, two, three].filter((peer) => peer.got).length >= 2,
    );
  });

  test("has not asked all, when all have begun to", async () => {
    let begun = 0;
    const { open, ask } = await serve({ most: 2 }, (request, response) => {
      begun++;
      request.resume().on("end", () => response.end("</>"));
    });
    const half = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab";
    const slow = [await open(half)];
    await eventually("it has begun", () => begun === 1);
    slow.push(await open(half));
    await eventually("both have", () => begun === 2);
    const early = await open();
    await eventually("the first has gone", () => slow[0]?.closed);
    await ask(early);
    expect(slow[1]?.closed).toBe(false);
  });

  test("none goes that is being answered: the new one is told so", async () => {
    const finish: (() => void)[] = [];
    const { open } = await serve({ most: 2 }, (_, response) => {
      response.write("<");
      finish.push(() => response.end("/>"));
    });
    const busy = [await open(GET), await open(GET)];
    await eventually("both are", () => finish.length === 2);
    const third = await open(GET);
    await eventually("it is told", () => third.got.startsWith("HTTP/1.1 503 ") && third.closed);
    for (const end of finish) end();
    await eventually("both end well", () => busy.every(({ got }) => got.includes("/>")));
  });

  test("a crowd that sends its requests by the byte does not keep others out", async () => {
    const { open, ask } = await serve({ most: 10 });
    const crowd = await Promise.all(Array.from({ length: 30 }, () => open("GET / HT")));
    for (let round = 0; round < 5; round++) {
      const other = await open();
      await ask(other);
      other.socket.destroy();
    }
    expect(crowd.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(10);
  });
});

describe("closed by itself", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["half a head", "GET / HTTP/1.1\r\nHo"],
    ["half a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"],
    [
      "an endless body in chunks",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
  ])("one that has sent %s when a request should have come", async (_, text) => {
    const { open } = await serve({ requestMs: 300 });
    const peer = await open(text);
    await eventually("it is closed", () => peer.closed);
    expect(peer.got).toBe("");
  });

  test("one that asks nothing any more; not one that is still answered", async () => {
    const { open, ask } = await serve({ idleMs: 1_500, requestMs: 1_500 }, (request, response) => {
      if (request.url === "/stream") response.write("<");
      else response.end("</>");
    });
    const streaming = await open("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    const peer = await open();
    await ask(peer);
    await ask(peer);
    await eventually("it is closed", () => peer.closed);
    const later = await open();
    await eventually("that too", () => later.closed);
    expect(streaming.closed).toBe(false);
  });
});

test("requests of one connection are answered one after the other", async () => {
  const events: string[] = [];
  const { open } = await serve({}, (request, response) => {
    events.push(`begin ${request.url}`);
    setImmediate(() => {
      events.push(`end ${request.url}`);
      response.end(`<${request.url}>`);
    });
  });
  const urls = ["/1", "/2", "/3"];
  const peer = await open(urls.map((url) => GET.replace("/", url)).join(""));
  await eventually("all answers", () => peer.got.includes("</3>"));
  expect(events).toEqual(urls.flatMap((url) => [`begin ${url}`, `end ${url}`]));
  expect([...peer.got.matchAll(/<(\/\d)>/g)].map(([, url]) => url)).toEqual(urls);
});

test("one that asks on and on without waiting is closed", async () => {
  let begun = 0;
  const { open } = await serve({}, () => void begun++);
  const peer = await open(GET.repeat(10_000));
  await eventually("it is closed", () => peer.closed);
  expect(begun).toBe(1);
});
