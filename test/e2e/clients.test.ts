import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  configText,
  eventually,
  launch,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";

const PROGRAMS = `
[program:cat]
command=sh -c 'echo hello; exec cat'
startsecs=0
stdout_logfile=%(here)s/cat.log
[program:slow]
command=sh -c 'exec sleep 1000'
autostart=false
startsecs=60
`;

/** A daemon with limits of its own for its clients. */
function start(limits: string): Promise<TestDaemon> {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(PROGRAMS).replace("d.sock\n", `d.sock\n${limits}\n`));
  return launch(dir, config);
}

interface Client {
  socket: Socket;
  got: string;
  closed: boolean;
}

function open({ socket: at }: TestDaemon, text = ""): Promise<Client> {
  const client: Client = { socket: connect(at), got: "", closed: false };
  const { socket } = client;
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.on("close", () => {
    client.closed = true;
  });
  socket.on("data", (chunk) => {
    client.got += chunk;
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.write(text);
      resolve(client);
    });
  });
}

const post = (body: string, url = "/rpc") =>
  `POST ${url} HTTP/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const json = (method: string, params: unknown[] = []) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params,
});
const getPid = post(JSON.stringify(json("supervisor.getPID")));

/** What is its own: pages of the program come and go. */
const memoryMb = (pid: number): number =>
  Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]) /
  1_024;

test("what is configured holds, and who takes too much keeps nobody out", async () => {
  const daemon = await start(
    "max_connections=8\nrequest_timeout=2s\nheader_maxbytes=2KB\nbody_maxbytes=4KB\nmax_calls=3",
  );
  const answered = async (text: string, status: number) => {
    const client = await open(daemon, text);
    await eventually("an answer", () => client.got.includes("\r\n\r\n"));
    expect(client.got).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    return client;
  };
  await answered(`GET / HTTP/1.1\r\nX: ${"x".repeat(2_500)}\r\n\r\n`, 431);
  await answered(post("x".repeat(5_000)), 413);
  const chunk = `${(1_000).toString(16)}\r\n${"x".repeat(1_000)}\r\n`;
  await answered(
    `POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}0\r\n\r\n`,
    413,
  );
  // After a refusal the same connection may be used.
  const again = await answered(post("x".repeat(5_000)), 413);
  again.got = "";
  again.socket.write(getPid);
  await eventually("it is answered", () => again.got.includes(`"result":${daemon.pid}`));

  const batch = Array.from({ length: 4 }, () => json("supervisor.getPID"));
  const many = await answered(post(JSON.stringify(batch)), 200);
  expect(many.got).toMatch(/"code":-32600.*a request may hold 3 calls, and this has more/);
  const nothings = "<value/>".repeat(4);
  const nested = await answered(
    post(
      "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>" +
        `${nothings}</data></array></value></param></params></methodCall>`,
      "/RPC2",
    ),
    200,
  );
  expect(nested.got).toMatch(/faultString.*INCORRECT_PARAMETERS: a request may hold 3 calls/s);

  // More than there is room for, each of which sends a little and then nothing.
  const crowd = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      open(daemon, at % 2 === 0 ? "POST /rpc HT" : post("x".repeat(100)).slice(0, -50)),
    ),
  );
  expect((await daemon.ctl("status", "cat")).stdout).toMatch(/^cat +RUNNING/);
  // The others go when they should have asked, and while they last there is room for us.
  await eventually("all are gone", () => crowd.every(({ closed }) => closed));
});

test("a client may go in the middle of all, and one that stays may be silent for long", async () => {
  const daemon = await startDaemon(PROGRAMS);
  const silent = await open(daemon, getPid);
  const asked = Date.now();
  await eventually("an answer", () => silent.got !== "");
  await eventually("a log", () => daemon.file("cat.log") !== "");
  const whole = post(JSON.stringify(json("supervisor.startProcess", ["slow"])));
  for (let round = 0; round < 20; round++) {
    const texts = [
      getPid.slice(0, 10 + 7 * round),
      "GET /logtail/cat HTTP/1.1\r\n\r\n",
      "GET /logs/all?follow HTTP/1.1\r\n\r\n",
      getPid.repeat(round),
      // It is not answered while it starts.
      round === 0 ? whole : "",
    ];
    const clients = await Promise.all(texts.map((text) => open(daemon, text)));
    if (round % 2 === 0) await eventually("a log", () => clients[1]?.got.includes("hello"));
    for (const { socket } of clients) {
      // With what has come and nobody has read, which is told to the other side as a reset.
      if (round % 3 === 0) socket.pause();
      socket.destroy();
    }
  }
  await daemon.state("slow", "STARTING");
  await daemon.ctl("stop", "slow");
  expect((await daemon.info("cat")).statename).toBe("RUNNING");
  expect(daemon.log()).not.toMatch(/ (CRIT|ERRO) (?!Supervisor is running as root|Server )/);
  // Node by itself closes what has been silent for five seconds, and then fails the next call.
  await eventually("six seconds", () => Date.now() - asked > 6_500);
  silent.got = "";
  silent.socket.write(getPid);
  await eventually("an answer", () => silent.got !== "");
});

test("a thousand streams cost under 30 MB, and others are answered", async () => {
  const daemon = await startDaemon(PROGRAMS);
  await eventually("a log", () => daemon.file("cat.log") !== "");
  const before = memoryMb(daemon.pid);
  const urls = ["/logtail/cat", "/logs/cat?follow&stream=stdout", "/mainlogtail", "/events"];
  const streams: Client[] = [];
  while (streams.length < 1_000) {
    const some = Array.from({ length: 100 }, (_, at) =>
      open(daemon, `GET ${urls[at % urls.length]} HTTP/1.1\r\n\r\n`),
    );
    streams.push(...(await Promise.all(some)));
    await eventually("all have begun", () =>
      streams.every(({ got }) => got.startsWith("HTTP/1.1 200")),
    );
  }
  expect((await daemon.info("cat")).statename).toBe("RUNNING");
  await eventually("little memory", () => memoryMb(daemon.pid) - before < 30);
  for (const { socket } of streams) socket.destroy();
});
