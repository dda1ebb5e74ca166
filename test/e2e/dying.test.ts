import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commands } from "../../src/ctl/commands.ts";
import { droverctl, eventually, run, startDaemon, tempDir } from "../support/daemon.ts";
import { clientsOf } from "../support/sockets.ts";

/** What makes each command ask its server for something. */
const words: Readonly<Record<string, readonly string[]>> = {
  add: ["web"],
  avail: [],
  clear: ["web"],
  events: [],
  fg: ["web"],
  freeze: [],
  logs: ["web"],
  maintail: [],
  pid: ["web"],
  quiet: ["web"],
  reload: [],
  remove: ["web"],
  reread: [],
  restart: ["web"],
  rollout: ["web"],
  scale: ["web=2"],
  shutdown: [],
  signal: ["HUP", "web"],
  start: ["web"],
  status: [],
  stop: ["web"],
  tail: ["web"],
  thaw: [],
  top: ["web"],
  update: [],
  version: [],
  wait: ["web"],
  why: ["web"],
};

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** What is left of an answer when the daemon dies. */
const deaths: Readonly<Record<string, (socket: Socket) => void>> = {
  "before it reads": (socket) => socket.destroy(),
  "once it has read": (socket) => socket.once("data", () => socket.destroy()),
  "in the head of its answer": (socket) => socket.once("data", () => socket.end(head)),
  "in its answer": (socket) =>
    socket.once("data", () => socket.end(`${head}Content-Length: 1000\r\n\r\n{"jsonrpc":"2.0",`)),
};

/** A server on a socket of its own that dies so at every call. */
async function startDying(death: (socket: Socket) => void): Promise<string> {
  const file = path.join(tempDir(), "d.sock");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    death(socket);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return `unix://${file}`;
}

const told = /closed the connection|ECONNRESET|ended the stream|Cannot connect/;

const local = ["exit", "help", "open", "quit"];

test("the words below are for all commands that talk to a server", () => {
  expect([...Object.keys(words), ...local].sort()).toEqual(Object.keys(commands).sort());
});

test.each(Object.keys(deaths))(
  "a daemon that dies %s costs each command two lines and its code",
  async (name) => {
    const url = await startDying(deaths[name] as (socket: Socket) => void);
    const asked = Object.entries(words).map(async ([command, given]) => {
      // What is typed is no JSON.
      for (const json of command === "fg" ? [[]] : [[], ["--json"]]) {
        const all = ["-s", url, command, ...given, ...json];
        const { code, stdout, stderr } = await run(process.execPath, [droverctl, ...all]);
        const what = `${command} ${json} ended with ${code}: ${stdout}${stderr}`;
        expect(code, what).toBeGreaterThan(0);
        expect(code, what).toBeLessThan(8);
        expect(stdout + stderr, what).toMatch(told);
        expect(stdout + stderr, what).not.toMatch(/^\s+at /m);
        if (json.length > 0) expect(JSON.parse(stderr), what).toHaveProperty("error.reason");
      }
    });
    await Promise.all(asked);
  },
  60_000,
);

test("a daemon that is killed while commands wait for it is told of in a line, and none hangs", async () => {
  const dir = tempDir();
  mkdirSync(path.join(dir, "state"));
  writeFileSync(path.join(dir, "x"), "");
  const daemon = await startDaemon(
    "[program:deaf]\ncommand=sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nstartsecs=0\nstopwaitsecs=600\n" +
      "[program:slow]\ncommand=sleep 1000\nstartsecs=600\nautostart=false\n",
    "",
    { dir },
  );
  const { pid } = await daemon.state("deaf", "RUNNING");
  onTestFinished(() => void process.kill(pid, "SIGKILL"));
  const lines = [
    ...[
      ["stop", "deaf"],
      ["start", "slow"],
      ["wait", "slow"],
      ["events", "-f"],
    ],
    ...[
      ["logs", "-f", "deaf"],
      ["tail", "-f", "deaf"],
      ["maintail", "-f"],
    ],
  ];
  const running = lines.map((line) => {
    const child = spawn(process.execPath, [droverctl, "-c", daemon.config, ...line]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        text += chunk;
      });
    }
    return new Promise<{ line: string; text: string }>((resolve) =>
      child.on("close", () => resolve({ line: line.join(" "), text })),
    );
  });
  await eventually("all are there", () => clientsOf(daemon.socket) === lines.length);
  await eventually("slow is on its way", () => daemon.log().includes("spawned: 'slow'"));
  const slow = await daemon.info("slow");
  onTestFinished(() => void process.kill(slow.pid, "SIGKILL"));
  process.kill(daemon.pid, "SIGKILL");
  for (const { line, text } of await Promise.all(running)) {
    expect(text, line).toMatch(told);
    expect(text, line).not.toMatch(/^\s+at /m);
  }
});
