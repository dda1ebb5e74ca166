import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { droverctl, eventually, startDaemon, type TestDaemon, tempDir } from "../support/daemon.ts";

/** Asks for a path; the answer has begun, and nothing of it has been read. */
function open(daemon: TestDaemon, at: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: daemon.socket, path: at, agent: false });
    onTestFinished(() => void outgoing.destroy());
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      response.on("error", () => undefined);
      resolve(response);
    });
    outgoing.end();
  });
}

async function get(daemon: TestDaemon, at: string): Promise<{ status: number; body: string }> {
  const response = await open(daemon, at);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

/** Reads on in the background. */
function reading(response: IncomingMessage) {
  const seen = { text: "", ended: false };
  response.setEncoding("utf8");
  response.on("data", (chunk) => {
    seen.text += chunk;
  });
  response.on("close", () => {
    seen.ended = true;
  });
  return seen;
}

const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;

/** Numbered lines, in bursts, and as many as a FIFO asks for. */
const numbered = (last: number) =>
  `awk 'BEGIN { for (i = 1; i <= ${last}; i++) printf "line %%07d of those that are numbered\\n", i }'`;

const lines = (first: number, last: number): string =>
  Array.from(
    { length: last - first + 1 },
    (_, i) => `line ${String(first + i).padStart(7, "0")} of those that are numbered\n`,
  ).join("");

test("followers quick and slow see every line once while the log is rotated again and again", async () => {
  const daemon = await startDaemon(`
[program:busy]
command=sh -c "cat go; exec ${numbered(100_000).replaceAll('"', '\\"')}"
directory=%(here)s
startsecs=0
autorestart=false
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/busy.log
stdout_logfile_maxbytes=100KB
stdout_logfile_backups=100
`);
  writeFileSync(path.join(daemon.dir, "busy.log"), "");
  makeFifos([path.join(daemon.dir, "go")]);
  await daemon.client.call("supervisor.startProcess", { name: "busy", wait: false });
  const quick = reading(await open(daemon, "/logtail/busy/stdout"));
  const filtered = reading(await open(daemon, "/logs/busy?follow&lines=0&grep=00%20of"));
  const json = reading(await open(daemon, "/logs/busy?follow&lines=0&format=json"));
  const slow = await open(daemon, "/logs/busy?follow&lines=0");
  writeFileSync(path.join(daemon.dir, "go"), "");
  await eventually("the end, for the quick", () => quick.text.includes("line 0100000"));
  const late = reading(slow);
  await eventually("the end, for the slow", () => late.text.includes("line 0100000"));
  await eventually("the last object", () => json.text.includes("line 0100000"));
  await eventually("the last that is wanted", () => filtered.text.includes("line 0100000"));
  expect(quick.text).toBe(lines(1, 100_000));
  expect(late.text).toBe(lines(1, 100_000));
  expect(filtered.text.trimEnd().split("\n")).toHaveLength(1_000);
  const objects = json.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).line);
  expect(`${objects.join("\n")}\n`).toBe(lines(1, 100_000));
  // The history is the same, through all the files.
  expect((await get(daemon, "/logs/busy?lines=all")).body).toBe(lines(1, 100_000));
  expect((await get(daemon, "/logs/busy?lines=54321")).body).toBe(lines(45_680, 100_000));
}, 60_000);

test("who stops reading during a flood costs little, and the others read on", async () => {
  const blocks = 300;
  const daemon = await startDaemon(`
[program:flood]
command=sh -c 'for i in $(seq ${blocks}); do cat block; done'
directory=%(here)s
startsecs=0
autostart=false
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/flood.log
stdout_logfile_maxbytes=0
`);
  writeFileSync(path.join(daemon.dir, "block"), "a line of the flood\n".repeat(50_000));
  writeFileSync(path.join(daemon.dir, "flood.log"), "");
  const stalled = [];
  for (const at of ["/logtail/flood", "/logs/flood?follow", "/logs/flood?follow&format=json"]) {
    for (let i = 0; i < 5; i++) stalled.push(await open(daemon, at));
  }
  let got = 0;
  const other = await open(daemon, "/logs/flood?follow&lines=0");
  other.on("data", (chunk: Buffer) => {
    got += chunk.length;
  });
  const before = memoryOf(daemon.pid);
  let most = 0;
  await daemon.client.call("supervisor.startProcess", { name: "flood", wait: false });
  await eventually(
    "the flood is over for the other",
    () => {
      most = Math.max(most, memoryOf(daemon.pid));
      return got >= blocks * 1_000_000;
    },
    60_000,
  );
  expect(got).toBe(blocks * 1_000_000);
  console.info(`memory: ${before / 1e6} MB before, at most ${most / 1e6} MB`);
  // 15 who stall during 300 MB: not a tenth of one flood.
  expect(most - before).toBeLessThan(100e6);
  expect(stalled.every(({ destroyed }) => !destroyed)).toBe(true);
}, 90_000);

const pair = `
[program:web]
command=sh -c 'echo web-out; echo web-err >&2; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/web.log
stderr_logfile=%(here)s/web.err
[program:worker]
command=sh -c 'echo "worker %(process_num)d"; exec sleep 1000'
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/worker_%(process_num)d.log
[program:shared]
command=sh -c 'echo shared; exec sleep 1000'
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/shared.log
[program:silent]
command=sleep 1000
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
`;

async function withPair(supervisord = ""): Promise<TestDaemon> {
  const daemon = await startDaemon(pair, supervisord);
  await eventually("all have written", async () => {
    const { body } = await get(daemon, "/logs/all?lines=all");
    return body.split("\n").length === 7;
  });
  return daemon;
}

test("several names, groups and all, with names before the lines", async () => {
  const daemon = await withPair();
  const body = async (at: string) => (await get(daemon, at)).body;
  expect(await body("/logs/web")).toBe("web-out\nweb-err\n");
  expect(await body("/logs/web?stream=stderr")).toBe("web-err\n");
  expect(await body("/logs/web/worker:*?stream=stdout")).toBe(
    "web | web-out\nworker:worker_0 | worker 0\nworker:worker_1 | worker 1\n",
  );
  expect(await body("/logs/worker:worker_1/web?stream=stdout&names=no")).toBe(
    "worker 1\nweb-out\n",
  );
  // One file, one reader, and the name that is right for all of its lines.
  expect(await body("/logs/shared:*?names=yes")).toBe("shared:* | shared\nshared:* | shared\n");
  expect(await body("/logs/shared:shared_0?names=yes&lines=1")).toBe("shared:shared_0 | shared\n");
  const object = JSON.parse(await body("/logs/web?format=json&stream=stderr"));
  expect(object).toEqual({ name: "web", stream: "stderr", line: "web-err" });
});

test("what cannot be answered says why", async () => {
  const daemon = await withPair();
  const refused: [string, number, RegExp][] = [
    ["/logs/wep", 404, /^BAD_NAME: wep; did you mean "web"\?\n$/],
    ["/logs/workr:*", 404, /^BAD_NAME: workr:\*; did you mean "worker:\*"\?\n$/],
    ["/logs/", 404, /^BAD_NAME: \n$/],
    ["/logs/%00%FF", 400, /not a path/],
    ["/logs/a%0Ab%2F..", 404, /^BAD_NAME: a\nb\/\.\.\n$/],
    ["/logs/silent", 404, /^NO_FILE: silent: no log\n$/],
    ["/logs/worker:worker_0?stream=stderr", 404, /^NO_FILE: .* no log of stderr\n$/],
    ["/logs/web?lines=-1", 400, /^BAD_ARGUMENTS: lines: expected a number/],
    ["/logs/web?grep=(a", 400, /^BAD_ARGUMENTS: grep: .*missing closing/],
    ["/logs/web?since=soon", 400, /^BAD_ARGUMENTS: since: /],
    ["/logs/web?last=5", 400, /^BAD_ARGUMENTS: last: there are lines, /],
    ["/logtail/web/stdin", 404, /no such log/],
  ];
  for (const [at, status, body] of refused) {
    const answer = await get(daemon, at);
    expect([at, answer.status, answer.body]).toEqual([at, status, expect.stringMatching(body)]);
  }
  expect(daemon.log()).not.toContain("CRIT GET");
});

test("a log that is a FIFO, a folder, a device or missing is empty, and stops nobody", async () => {
  const dir = tempDir();
  makeFifos([path.join(dir, "fifo")]);
  mkdirSync(path.join(dir, "folder"));
  const daemon = await startDaemon(
    `
[program:fifo]
command=true
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/fifo
[program:folder]
command=true
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/folder
[program:device]
command=true
autostart=false
redirect_stderr=true
stdout_logfile=/dev/zero
[program:missing]
command=true
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/missing
`,
    "",
    { dir },
  );
  for (const name of ["fifo", "folder", "device", "missing"]) {
    expect([name, await get(daemon, `/logs/${name}`)]).toEqual([name, { status: 200, body: "" }]);
    expect((await get(daemon, `/logtail/${name}`)).status).toBe(404);
  }
});

test("so many clients read logs at once, and no more, and then there is room again", async () => {
  const daemon = await withPair("max_log_streams=16");
  const opened = [];
  for (let i = 0; i < 16; i++) opened.push(await open(daemon, "/logs/web?follow&stream=stdout"));
  expect(opened.every(({ statusCode }) => statusCode === 200)).toBe(true);
  expect(await get(daemon, "/logtail/web")).toMatchObject({ status: 503 });
  expect(await get(daemon, "/logs/web")).toMatchObject({
    status: 503,
    body: expect.stringContaining("too many clients"),
  });
  expect((await daemon.ctl("logs", "web")).stdout).toMatch(/^Error: too many clients/);
  for (const response of opened) response.destroy();
  await eventually("room", async () => (await get(daemon, "/logs/web")).status === 200);
});

/** droverctl with Ctrl-C to end it. */
function follow(daemon: TestDaemon, ...words: string[]) {
  const child: ChildProcess = spawn(process.execPath, [droverctl, "-c", daemon.config, ...words]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const seen = { stdout: "" };
  child.stdout?.on("data", (chunk) => {
    seen.stdout += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const end = () => {
    child.kill("SIGINT");
    return ended;
  };
  return { seen, end };
}

test("droverctl logs and tail with lines", async () => {
  const daemon = await withPair();
  const ctl = async (...words: string[]) => {
    const { code, stdout } = await daemon.ctl(...words);
    return [code, stdout];
  };
  expect(await ctl("logs", "web")).toEqual([0, "web-out\nweb-err\n"]);
  expect(await ctl("logs", "-n", "1", "worker:*")).toEqual([
    0,
    "worker:worker_0 | worker 0\nworker:worker_1 | worker 1\n",
  ]);
  expect(await ctl("logs", "worker:*", "--no-names", "--grep", "worker 1|nothing")).toEqual([
    0,
    "worker 1\n",
  ]);
  expect(await ctl("logs", "web", "--stream", "stderr", "--json")).toEqual([
    0,
    '{"name":"web","stream":"stderr","line":"web-err"}\n',
  ]);
  expect(await ctl("tail", "-n", "1", "web")).toEqual([0, "web-out\n"]);
  expect(await ctl("tail", "-n1", "web", "stderr")).toEqual([0, "web-err\n"]);
  expect(await daemon.ctl("logs", "wep")).toEqual({
    code: 1,
    stdout: "wep: ERROR (no such process name)\n",
    stderr: 'did you mean "web"?\n',
  });
  expect(await ctl("logs", "silent")).toEqual([1, "silent: ERROR (no log file)\n"]);
  expect(await ctl("logs", "web", "--grep", "(")).toEqual([
    1,
    expect.stringMatching(/^Error: grep: .*missing closing/),
  ]);
  expect((await ctl("logs"))[0]).toBe(2);
  expect((await ctl("logs", "-f"))[1]).toMatch(/^Error: logs requires a process name\nlogs <name>/);
  expect((await ctl("logs", "--nonsense", "web"))[1]).toMatch(
    /^Error: Unknown option '--nonsense'\n/,
  );
  const following = follow(daemon, "tail", "-f", "-n", "1", "web");
  const all = follow(daemon, "logs", "-f", "web", "shared:*");
  await eventually("what there is", () => following.seen.stdout.endsWith("web-out\n"));
  await eventually("all there is", () => all.seen.stdout.split("\n").length === 5);
  await daemon.client.call("supervisor.stopProcess", { name: "web", wait: true });
  await daemon.client.call("supervisor.startProcess", { name: "web", wait: true });
  await eventually("what comes", () => all.seen.stdout.split("\n").length === 7);
  await eventually("what comes", () => following.seen.stdout.endsWith("web-out\nweb-out\n"));
  expect(following.seen.stdout).toBe("==> Press Ctrl-C to exit <==\nweb-out\nweb-out\n");
  expect(await following.end()).toBe(0);
  expect(await all.end()).toBe(0);
}, 60_000);

test("colours are for terminals, and not with NO_COLOR", async () => {
  const daemon = await withPair();
  const command = `${process.execPath} ${droverctl} -c ${daemon.config} logs web --names --stream stdout`;
  const inTerminal = (env: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        env: { ...process.env, TERM: "xterm", ...env },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      child.on("close", () => resolve(text.replaceAll("\r", "")));
    });
  expect(await inTerminal({ NO_COLOR: "" })).toBe("\x1b[36mweb |\x1b[0m web-out\n");
  expect(await inTerminal({ NO_COLOR: "1" })).toBe("web | web-out\n");
  expect((await daemon.ctl("logs", "web", "--names", "-n", "1", "--stream", "stdout")).stdout).toBe(
    "web | web-out\n",
  );
});

test("without descriptors a query is refused in words, leaves none open, and works again later", async () => {
  const daemon = await startDaemon(
    `
[program:many]
command=sh -c 'echo many; exec sleep 1000'
process_name=%(program_name)s_%(process_num)03d
numprocs=140
startsecs=0
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/many_%(process_num)03d.log
`,
    "minfds=16",
    { through: ["prlimit", "--nofile=120:120"] },
  );
  for (let i = 0; i < 140; i++) {
    writeFileSync(path.join(daemon.dir, `many_${String(i).padStart(3, "0")}.log`), `line ${i}\n`);
  }
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  const before = descriptors();
  const refused = await get(daemon, "/logs/all?lines=1");
  expect(refused).toMatchObject({
    status: 503,
    body: expect.stringContaining("too many open files"),
  });
  await eventually("all are closed", () => descriptors() <= before);
  const some = Array.from({ length: 10 }, (_, i) => `many:many_00${i}`).join("/");
  expect((await get(daemon, `/logs/${some}?lines=1`)).body.split("\n")).toHaveLength(11);
});
