import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createRawServer, type Socket } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EventRecord } from "../../src/events/json.ts";
import {
  configText,
  droverd,
  eventually,
  isAlive,
  root,
  run,
  startDaemon,
  type TestDaemon,
  tempDir,
} from "../support/daemon.ts";
import { available } from "../support/peers.ts";

/** The lines that a hook has written. */
const linesIn = (daemon: TestDaemon, file: string): string[] =>
  daemon.file(file).split("\n").slice(0, -1);

const eventsIn = (daemon: TestDaemon, file: string): EventRecord[] =>
  linesIn(daemon, file).map((line) => JSON.parse(line));

const failures = async (daemon: TestDaemon): Promise<EventRecord[]> => {
  const { stdout } = await daemon.ctl("events", "HOOK", "--json", "--after", "0");
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
};

const failure = (daemon: TestDaemon, hook: string): Promise<EventRecord> =>
  eventually(`${hook} has failed`, async () =>
    (await failures(daemon)).find((event) => event.hook === hook),
  );

const bad = (name: string) => `
[program:${name}]
command=sh -c 'echo why >&2; exit 3'
autostart=false
startsecs=60
startretries=0
`;

test("run= is run for what it is for, without a shell, with the event on its stdin", async () => {
  const daemon = await startDaemon(`${bad("mail")}${bad("web")}
[program:two;words]
command=sleep 1000
autostart=false
startsecs=0
[hook:page]
on=PROCESS_STATE_FATAL
programs=mail*
run=sh -c 'echo "$0 $DROVER_HOOK $EXTRA" >> %(here)s/words; cat >> %(here)s/events; echo said; echo worse >&2' "%(process)s is %(event)s; $(reboot) \`x\` %(cause)s"
environment=EXTRA="and more"
[hook:started]
on=PROCESS_STATE_RUNNING
run=tee -a %(here)s/%(process)s.started
`);
  await daemon.ctl("start", "web");
  await daemon.ctl("start", "mail");
  await eventually("its event", () => linesIn(daemon, "events").length === 1);
  const cause = "Exited too quickly (process log may have details)";
  expect(linesIn(daemon, "words")).toEqual([
    `mail is PROCESS_STATE_FATAL; $(reboot) \`x\` ${cause} page and more`,
  ]);
  const [event] = eventsIn(daemon, "events");
  expect(event).toMatchObject({ type: "PROCESS_STATE_FATAL", process: "mail", group: "mail" });
  expect(event?.number).toBeGreaterThan(0);
  await eventually("what it said", () => daemon.log().includes("hook 'page': worse"));
  expect(daemon.log()).toContain("hook 'page': said");
  await daemon.client.call("supervisor.startProcess", { name: "two;words", wait: true });
  await eventually("the other", () => existsSync(path.join(daemon.dir, "two;words.started")));
  expect(await failures(daemon)).toEqual([]);
});

test("a hook that hangs, forks, floods, is missing, fails or reads nothing is told of, and delays nobody", async () => {
  const daemon = await startDaemon(
    `${bad("mail")}
[hook:hangs]
on=PROCESS_STATE_FATAL
run=sh -c 'echo $$ > %(here)s/hangs.pid; sleep 1000 & echo $! > %(here)s/child.pid; wait'
timeout=300ms
[hook:forks]
on=PROCESS_STATE_FATAL
run=sh -c 'setsid sleep 1000 & echo $! > %(here)s/away.pid; exit 0'
[hook:floods]
on=PROCESS_STATE_FATAL
run=sh -c 'printf "\\033[31mred\\r\\n"; yes | head -c 5000000; exit 7'
[hook:missing]
on=PROCESS_STATE_FATAL
run=/nonexistent/program
[hook:deaf]
on=PROCESS_STATE_FATAL
run=true
`,
  );
  await daemon.ctl("start", "mail");
  expect(await failure(daemon, "hangs")).toMatchObject({
    error: "it took more than timeout=0.3s, terminated by SIGTERM",
    events: 1,
  });
  const pids = ["hangs", "child"].map((name) => Number(daemon.file(`${name}.pid`)));
  await eventually("both are gone", () => !pids.some(isAlive));
  expect((await failure(daemon, "floods")).error).toMatch(/^exit status 7: y/);
  expect(daemon.log()).toMatch(/hook 'floods': and \d{7} bytes more/);
  expect(daemon.log()).toContain("hook 'floods': \\x1b[31mred\n");
  expect((await failure(daemon, "missing")).error).toMatch(
    /^cannot run \/nonexistent\/program: can't find command/,
  );
  const away = Number(await eventually("its child", () => daemon.file("away.pid")));
  onTestFinished(() => void process.kill(away, "SIGKILL"));
  expect((await failures(daemon)).map(({ hook }) => hook).sort()).toEqual([
    ...["floods", "hangs", "missing"],
  ]);
});

test("concurrency=, buffer_size=, every= and quiet= bound what is run", async () => {
  const daemon = await startDaemon(`
[program:noop]
command=sleep 1000
autostart=false
startsecs=0
[hook:slow]
on=REMOTE_COMMUNICATION
run=sh -c 'cat >> %(here)s/slow; while [ ! -e %(here)s/go ]; do sleep 0.01; done'
concurrency=2
buffer_size=3
[hook:batch]
on=REMOTE_COMMUNICATION
run=sh -c 'echo %(count)s >> %(here)s/counts; cat >> %(here)s/batch'
every=300ms
[hook:quiet]
on=REMOTE_COMMUNICATION
run=sh -c 'cat >> %(here)s/quiet'
quiet=700ms
`);
  const send = (data: string) =>
    daemon.client.call("supervisor.sendRemoteCommEvent", { type: "t", data });
  for (let number = 0; number < 8; number++) await send(`a\nb:${number} ü`);
  const dropped = await eventually("what was dropped", async () => {
    const told = (await failures(daemon)).filter(({ type }) => type === "HOOK_DROPPED");
    return told.length === 3 ? told : undefined;
  });
  expect(dropped.map(({ hook, events }) => ({ hook, events }))).toEqual(
    dropped.map(() => ({ hook: "slow", events: 1 })),
  );
  expect(linesIn(daemon, "slow")).toHaveLength(2);
  writeFileSync(path.join(daemon.dir, "go"), "");
  await eventually("the others", () => linesIn(daemon, "slow").length === 5);
  const all = await eventually("all in one", () => {
    const events = eventsIn(daemon, "batch");
    return events.length === 8 ? events : undefined;
  });
  expect(all.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `a\nb:${n} ü`));
  expect(
    linesIn(daemon, "counts")
      .map(Number)
      .reduce((sum, count) => sum + count),
  ).toBe(8);
  await eventually("the first", () => linesIn(daemon, "quiet").length === 1);
  await eventually("it is not quiet any more", async () => {
    await send("again");
    return eventsIn(daemon, "quiet").at(1);
  });
  const [first, second] = eventsIn(daemon, "quiet");
  expect(first).not.toHaveProperty("silenced");
  expect(second?.silenced).toBeGreaterThanOrEqual(7);
});

interface Seen {
  at: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A web server that answers each request with the next of the answers, and the last from then on. */
async function startWeb(answers: readonly ((response: ServerResponse) => void)[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    seen.push({ at: Date.now(), headers: request.headers, body: Buffer.concat(chunks).toString() });
    answers[Math.min(seen.length, answers.length) - 1]?.(response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, seen };
}

/** A server that does as it likes with each connection once something has been said to it. */
async function startRaw(answer: (socket: Socket) => void): Promise<string> {
  const server = createRawServer((socket) => {
    socket.on("error", () => undefined).once("data", () => answer(socket));
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return `http://127.0.0.1:${port}`;
}

const says =
  (status: number, headers = {}, body = "") =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(body);

test("post= posts JSON with a signature, tries again what may go better, and follows nobody", async () => {
  const flaky = await startWeb([says(500), says(429, { "Retry-After": "1" }), says(204)]);
  const elsewhere = await startWeb([says(200)]);
  const moved = await startWeb([says(302, { Location: elsewhere.url })]);
  const refusing = await startWeb([says(403)]);
  const silent = await startWeb([() => undefined]);
  const huge = await startWeb([says(200, {}, "x".repeat(5_000_000))]);
  const nonsense = createRawServer((socket) => socket.end("SSH-2.0-nonsense\r\n"));
  onTestFinished(() => void nonsense.close());
  await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
  const { port } = nonsense.address() as { port: number };
  const secretFile = path.join(tempDir(), "secret");
  writeFileSync(secretFile, "s3cret\n");
  const hook = (name: string, url: string, more = "") =>
    `[hook:${name}]\non=PROCESS_STATE_FATAL\npost=${url}/x?a=1\n${more}\n`;
  const daemon = await startDaemon(
    [
      bad("mail"),
      hook("flaky", flaky.url, `secret_file=${secretFile}`),
      hook("moved", moved.url, "secret=hidden-word"),
      hook("refusing", refusing.url),
      hook("silent", silent.url, "timeout=200ms\nretries=0"),
      hook("huge", huge.url, "every=100ms"),
      hook("nonsense", `http://127.0.0.1:${port}`, "retries=0"),
      hook("away", "http://127.0.0.1:1", "retries=0"),
    ].join("\n"),
  );
  await daemon.ctl("start", "mail");
  await eventually("three tries", () => flaky.seen.length === 3);
  for (const { headers, body } of flaky.seen) {
    const signature = createHmac("sha256", "s3cret").update(body).digest("hex");
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "x-drover-hook": "flaky",
      "x-drover-signature": `sha256=${signature}`,
    });
    expect(JSON.parse(body)).toMatchObject({ type: "PROCESS_STATE_FATAL", process: "mail" });
  }
  expect(flaky.seen.map(({ headers }) => headers["x-drover-attempt"])).toEqual(["1", "2", "3"]);
  const [, second, third] = flaky.seen;
  expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThanOrEqual(990);
  expect((await failure(daemon, "moved")).error).toBe(
    "status 302: it redirects, which is not followed",
  );
  expect((await failure(daemon, "refusing")).error).toBe("status 403");
  expect((await failure(daemon, "silent")).error).toBe("no answer within timeout=0.2s");
  expect((await failure(daemon, "nonsense")).error).toMatch(/Parse Error/);
  expect((await failure(daemon, "away")).error).toMatch(/ECONNREFUSED/);
  await eventually("an array", () => huge.seen.length === 1);
  expect(JSON.parse(huge.seen[0]?.body ?? "")).toMatchObject([{ process: "mail" }]);
  expect(elsewhere.seen).toEqual([]);
  expect(daemon.log()).not.toMatch(/s3cret|hidden-word/);
  const told = (await failures(daemon)).map(({ hook: name }) => name).sort();
  expect(told).toEqual(["away", "moved", "nonsense", "refusing", "silent"]);
});

test("no answer and no secret_file= keeps droverd from going on, or makes it post without a signature", async () => {
  const [upgrade, mute, signed] = await Promise.all([
    startRaw((socket) =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
    ),
    startRaw((socket) => socket.end()),
    startWeb([says(200)]),
  ]);
  const dir = tempDir();
  const [fifo, empty] = ["fifo", "empty"].map((name) => path.join(dir, name));
  await run("mkfifo", [fifo ?? ""]);
  writeFileSync(empty ?? "", "\n");
  const hook = (name: string, url: string, more = "") =>
    `[hook:${name}]\non=REMOTE_COMMUNICATION\npost=${url}\nretries=0\n${more}\n`;
  const daemon = await startDaemon(
    [
      hook("upgrade", upgrade),
      hook("mute", mute),
      hook("fifo", signed.url, `secret_file=${fifo}`),
      hook("empty", signed.url, `secret_file=${empty}`),
      hook("zero", signed.url, "secret_file=/dev/zero"),
    ].join("\n"),
  );
  await daemon.client.call("supervisor.sendRemoteCommEvent", { type: "t", data: "x" });
  expect((await failure(daemon, "mute")).error).toMatch(/socket hang up/);
  expect((await failure(daemon, "upgrade")).error).toMatch(/without an answer/);
  expect((await failure(daemon, "fifo")).error).toMatch(/cannot read secret_file=: .*regular file/);
  expect((await failure(daemon, "zero")).error).toMatch(/cannot read secret_file=: .*regular file/);
  expect((await failure(daemon, "empty")).error).toMatch(/secret_file=.* empty/);
  expect(signed.seen).toEqual([]);
  expect(await daemon.stop()).toBe(0);
});

test("update takes hooks over, and those that are as they were go on", async () => {
  const hook = (name: string, more = "") =>
    `[hook:${name}]\non=REMOTE_COMMUNICATION\nrun=tee -a %(here)s/${name}\n${more}\n`;
  const daemon = await startDaemon(hook("a") + hook("b", "every=1h") + hook("c"));
  const send = () => daemon.client.call("supervisor.sendRemoteCommEvent", { type: "t", data: "x" });
  await send();
  await eventually("a", () => linesIn(daemon, "a").length === 1);
  writeFileSync(daemon.config, configText(hook("b", "every=2h") + hook("c") + hook("d")));
  expect((await daemon.ctl("update")).stdout).toBe(
    "hook:d: added hook\nhook:b: updated hook\nhook:a: removed hook\n",
  );
  // It was told of one while it gathered.
  await eventually("what b had", () => linesIn(daemon, "b").length === 1);
  await send();
  await eventually("d", () => linesIn(daemon, "d").length === 1);
  await eventually("c", () => linesIn(daemon, "c").length === 2);
  expect(linesIn(daemon, "a")).toHaveLength(1);
  writeFileSync(daemon.config, configText("[hook:e]\non=NOSUCH\n"));
  expect((await daemon.ctl("update")).code).toBe(1);
  await send();
  await eventually("c goes on", () => linesIn(daemon, "c").length === 3);
  expect((await daemon.ctl("update")).code).toBe(1);
});

test("at the daemon's end hooks do what they were told of, and none outlives it for long", async () => {
  const daemon = await startDaemon(`
[program:web]
command=sleep 1000
startsecs=0
[hook:last]
on=PROCESS_STATE_STOPPED
run=sh -c 'sleep 0.3; cat >> %(here)s/last'
[hook:for-ever]
on=SUPERVISOR_STATE_CHANGE_STOPPING
run=sh -c 'echo $$ > %(here)s/for-ever.pid; exec sleep 1000'
`);
  await daemon.state("web", "RUNNING");
  await daemon.stop();
  expect(eventsIn(daemon, "last")).toMatchObject([{ process: "web" }]);
  expect(isAlive(Number(daemon.file("for-ever.pid")))).toBe(false);
  expect(daemon.log()).toContain("hook 'for-ever' has failed: droverd did not wait for it");
}, 30_000);

test.runIf(available("setpriv"))("a hook ends with a daemon that is killed", async () => {
  const daemon = await startDaemon(`
[hook:orphan]
on=SUPERVISOR_STATE_CHANGE_RUNNING
run=sh -c 'echo $$ > %(here)s/pid; exec sleep 1000'
`);
  const pid = Number(await eventually("it runs", () => daemon.file("pid")));
  process.kill(daemon.pid, "SIGKILL");
  await eventually("it is gone", () => !isAlive(pid));
});

test.runIf(process.getuid?.() === 0)("user= and directory= are a hook's own", async () => {
  const daemon = await startDaemon(`
[hook:who]
on=SUPERVISOR_STATE_CHANGE_RUNNING
run=sh -c 'echo "$(id -un) $(pwd)"'
user=nobody
directory=/usr
`);
  await eventually("who it is", () => daemon.log().includes("hook 'who': nobody /usr"));
});

test("what is wrong with hooks is told with its place, and nothing starts", async () => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(
    config,
    configText(`
[hook:none]
on=PROCESS_STATE_FATAL
[hook:both]
on=PROCESS_STATE_FATL
run=true
post=https://example.com/
[hook:bad]
on=PROCESS_STATE_RUNNING:expected
run=page %(proces)s
timeout=0
secret=x
[hook:circle]
on=HOOK_FAILED
post=ftp://example.com/
user=root
[hook:two words]
on=PROCESS_STATE_FATAL
run=true
[hook:]
on=PROCESS_STATE_FATAL
run=true
[hook:nobody]
on=PROCESS_STATE_FATAL
run=true
programs=
[hook:unsigned]
on=PROCESS_STATE_FATAL
post=https://example.com/
secret=
[hook:wide]
on=PROCESS_STATE_FATAL
run=page %(process)10s %%(group)r %(pid).2s
`),
  );
  const { code, stderr } = await run(process.execPath, [droverd, "-n", "-c", config]);
  expect(code).toBe(2);
  for (const text of [
    "[hook:none]: expected either run= or post=",
    '[hook:both] on: expected event types such as PROCESS_STATE_FATAL, PROCESS_STATE_EXITED:unexpected, got "PROCESS_STATE_FATL"; there is no event type "PROCESS_STATE_FATL"; did you mean "PROCESS_STATE_FATAL"?',
    "[hook:both] post: expected either run= or post=",
    "only PROCESS_STATE_EXITED is expected or not",
    "[hook:bad] run: %(proces)s names nothing that can be expanded here; available: cause, count,",
    "[hook:bad] timeout: expected a duration such as 10s, 5m or 2h, more than 0",
    "[hook:bad] secret: a hook with run= has no use for it",
    "a hook is not told of hooks that fail: it would never end",
    '[hook:circle] post: expected a URL such as https://example.com/hook, got "ftp://example.com/"',
    "[hook:circle] user: a hook with post= has no use for it",
    '[hook:two words]: expected a name without spaces, colons and slashes, got "two words"',
    '[hook:]: expected a name without spaces, colons and slashes, got ""',
    "[hook:nobody] programs: expected patterns of names such as mail*, got none",
    "[hook:unsigned] secret: expected a secret, got none: without one leave it out",
    "[hook:wide] run: %(process)10s: expected %(process)s",
  ]) {
    expect(stderr).toContain(text);
  }
  expect(readFileSync(config, "utf8")).toContain("[hook:none]");
});

test("the sample of docs/events.md is a configuration", async () => {
  const page = readFileSync(path.join(root, "docs/events.md"), "utf8");
  const [, sample = ""] = /```ini\n(\[hook:.+?)```/s.exec(page) ?? [];
  const config = path.join(tempDir(), "drover.conf");
  writeFileSync(config, configText(sample));
  const { code, stdout } = await run(process.execPath, [droverd, "check", "--strict", config]);
  expect(stdout).toContain("0 errors");
  expect(code).toBe(0);
});
