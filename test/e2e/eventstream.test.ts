import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { connect, type EventRecord } from "../../src/index.ts";
import { eventually, launch, root, startDaemon } from "../support/daemon.ts";
import { memoryDisk, needsDisks, testWithDisks } from "../support/disks.ts";
import { available } from "../support/peers.ts";
import { say } from "../support/sockets.ts";

const sleeper = `
[program:web]
command=sleep 1000
startsecs=0
`;

/** Takes events in the background. */
function take(socket: string, query: Parameters<ReturnType<typeof connect>["events"]>[0] = {}) {
  const client = connect({ url: `unix://${socket}`, reconnectMs: 20_000 });
  const over = new AbortController();
  const seen: EventRecord[] = [];
  const taking = (async () => {
    const events = client.events({ ...query, signal: over.signal });
    for await (const event of events) seen.push(event);
  })();
  const end = async () => {
    over.abort();
    await taking;
  };
  return { seen, end };
}

test("who follows the events misses none and has none twice while the daemon begins ten times anew", async () => {
  let daemon = await startDaemon(
    sleeper,
    "event_log=%(here)s/events.log\nevent_log_maxbytes=100KB",
  );
  const { dir, config, socket } = daemon;
  const { seen, end } = take(socket, { after: 0 });
  const greet = (from: number) =>
    daemon.client.call("system.multicall", {
      calls: Array.from({ length: 500 }, (_, n) => ({
        methodName: "supervisor.sendRemoteCommEvent",
        params: ["greeting", `${from + n}`],
      })),
    });
  for (let life = 0; life < 10; life++) {
    await greet(life * 1_000);
    const more = greet(life * 1_000 + 500);
    if (life % 3 !== 2) await more;
    if (life % 3 === 0) await daemon.client.call("supervisor.restart", {});
    // In the middle of things.
    else if (life % 3 === 2) process.kill(daemon.pid, "SIGKILL");
    await more.catch(() => undefined);
    if (life % 3 === 1) await daemon.stop();
    if (life % 3 === 0) await eventually("the next life", () => isAgain(seen, life));
    else daemon = await launch(dir, config);
  }
  const type = "greeting";
  await daemon.client.call("supervisor.sendRemoteCommEvent", { type, data: "the last" });
  await eventually("the last", () => seen.at(-1)?.data === "the last");
  await end();
  const first = seen[0]?.number ?? 0;
  expect(seen.map(({ number }) => number)).toEqual(seen.map((_, n) => first + n));
  const said = seen.filter(({ subject }) => subject === "greeting").map(({ data }) => Number(data));
  const ordered = said.slice(0, -1);
  expect(ordered).toEqual(ordered.toSorted((a, b) => a - b));
  expect(new Set(ordered).size).toBe(ordered.length);
  expect(ordered.length).toBeGreaterThan(8_000);
});

/** The daemon has begun anew in this life. */
const isAgain = (seen: readonly EventRecord[], life: number): boolean =>
  seen.filter(({ type }) => type === "SUPERVISOR_STATE_CHANGE_RUNNING").length > life + 1;

test("an end is told with its cause, over HTTP as it is", async () => {
  const daemon = await startDaemon(`
[program:bad]
command=sh -c "echo oops >&2; exit 3"
startretries=0
startsecs=60
autostart=false
stdout_logfile=NONE
stderr_logfile=NONE
[program:web]
command=sleep 1000
startsecs=0
`);
  const { seen, end } = take(daemon.socket, { types: ["PROCESS_STATE", "LOG"] });
  const ask = async (target: string, head = "GET", rest = "") => {
    const request = `${head} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}\r\n`;
    return (await say({ path: daemon.socket }, Buffer.from(request))).toString();
  };
  await daemon.state("web", "RUNNING");
  await daemon.ctl("start", "bad");
  await daemon.ctl("stop", "web");
  await eventually("its end", () => seen.some(({ type }) => type.endsWith("STOPPED")));
  await end();
  const of = (type: string) => seen.find((event) => event.type === `PROCESS_STATE_${type}`);
  expect(of("BACKOFF")).toMatchObject({
    ...{ process: "bad", group: "bad", from: "STARTING", tries: 1 },
    exit: { code: 3, cause: "exit status 3", last_output: { stderr: ["oops"] } },
  });
  expect(of("FATAL")).toMatchObject({ error: expect.stringContaining("Exited too quickly") });
  expect(of("STOPPING")).toMatchObject({ process: "web", reason: "a request" });
  expect(of("STOPPED")).toMatchObject({ exit: { signal: "SIGTERM", expected: true } });

  const there = await ask("/events?after=0&follow=no&types=SUPERVISOR_STATE_CHANGE");
  expect(there).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(there).toMatch(/^Drover-Newest-Event: \d{16}\r$/m);
  expect(there).toContain('"type":"SUPERVISOR_STATE_CHANGE_RUNNING"}\n');
  expect(await ask("/events?types=TOCK")).toContain('got "TOCK"');
  expect(await ask("/events", "POST", "Content-Length: 0\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await ask("/events/x")).toMatch(/^HTTP\/1\.1 404 /);
});

testWithDisks(`a disk that is full is told as an event${needsDisks}`, async () => {
  const disk = memoryDisk(65_536);
  const daemon = await startDaemon(`
[program:talker]
command=sh -c "while :; do echo talking; sleep 0.01; done"
startsecs=0
autostart=false
stdout_logfile=${disk.at("log")}
`);
  const { seen, end } = take(daemon.socket, { types: ["LOG"] });
  const empty = disk.fill();
  await daemon.ctl("start", "talker");
  await eventually("it fails", () => seen.some(({ type }) => type === "LOG_FAILING"));
  empty();
  await eventually("it is well", () => seen.some(({ type }) => type === "LOG_RECOVERED"));
  await end();
  expect(seen[0]).toMatchObject({ logfile: disk.at("log"), errno: "ENOSPC", waits: false });
  expect(seen[1]?.lost_bytes).toBeGreaterThan(0);
});

const page = readFileSync(path.join(root, "docs/events.md"), "utf8");
const commands = { sh: "sh", php: "php", python: "python3", js: process.execPath };

test.each(Object.entries(commands))(
  "the message in %s of docs/events.md comes",
  async (language, command) => {
    if (!available(command)) {
      expect(process.env.CI, `${command} is needed here`).toBeFalsy();
      return;
    }
    const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)];
    const example = blocks.find(
      ([, name, text = ""]) => name === language && text.includes("XSUPERVISOR"),
    )?.[2];
    const daemon = await startDaemon(`
[program:worker]
command=${command} %(here)s/example
startsecs=0
autorestart=false
autostart=false
stdout_capture_maxbytes=1KB
stdout_logfile=%(here)s/worker.log
`);
    writeFileSync(path.join(daemon.dir, "example"), example ?? "");
    const { seen, end } = take(daemon.socket, { types: ["PROCESS_COMMUNICATION"] });
    await daemon.ctl("start", "worker");
    await eventually("its message", () => seen.length > 0);
    await daemon.state("worker", "EXITED");
    await end();
    expect(seen).toMatchObject([{ type: "PROCESS_COMMUNICATION_STDOUT", data: "job 17 done" }]);
    expect(daemon.file("worker.log").trim()).toBe("");
  },
);
