import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { droverctl, eventually, isAlive, startDaemon } from "../support/daemon.ts";
import { clientsOf } from "../support/sockets.ts";

const programs = `
[program:web]
command=sleep 1000
startsecs=0
autostart=false
numprocs=3
process_name=web_%(process_num)d
[program:bad]
command=sh -c "echo oops >&2; exit 3"
autostart=false
startsecs=60
startretries=0
[program:again]
command=sh -c "exit 4"
startsecs=60
backoff_min=1h
[program:once]
command=sh -c "read line"
startsecs=0
autorestart=false
`;

test("why, wait, events and patterns tell and take what there is", async () => {
  const daemon = await startDaemon(programs);
  const ctl = async (...words: string[]) => {
    const { code, stdout, stderr } = await daemon.ctl(...words);
    expect(stderr).toBe("");
    return { code, lines: stdout.trimEnd().split("\n") };
  };
  /** Runs beside others. */
  const later = (...words: string[]) => {
    const child = spawn(process.execPath, [droverctl, "-c", daemon.config, ...words]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { child, ended, text: () => text };
  };

  const following = later("events", "-f", "PROCESS_STATE_RUNNING");
  const waiting = later("wait", "web:*", "--for", "running");
  const exiting = later("wait", "once", "--for", "exited", "--timeout", "5m");
  // Their streams are there.
  await eventually("three streams", () => clientsOf(daemon.socket) === 3);
  expect(await ctl("start", "web:web_[01]")).toEqual({
    code: 0,
    lines: ["web:web_0: started", "web:web_1: started"],
  });
  expect(waiting.text()).toBe("");
  await ctl("start", "w*_2");
  expect(await waiting.ended).toBe(0);
  expect(waiting.text()).toBe("web:web_0: running\nweb:web_1: running\nweb:web_2: running\n");
  await daemon.client.call("supervisor.sendProcessStdin", { name: "once", chars: "x\n" });
  expect(await exiting.ended).toBe(0);
  expect(exiting.text()).toBe("once: exited\n");
  await eventually("its line", () => following.text().includes("web:web_2 RUNNING pid "));
  following.child.kill("SIGINT");
  expect(await following.ended).toBe(0);

  await ctl("start", "bad");
  expect(await ctl("wait", "bad")).toEqual({
    code: 7,
    lines: ["bad: ERROR (FATAL, not running)"],
  });
  expect(await ctl("wait", "again", "--timeout", "50ms")).toEqual({
    code: 1,
    lines: ["again: ERROR (BACKOFF, not running within 50ms)"],
  });
  expect(await ctl("wait", "nosuch:*")).toEqual({
    code: 4,
    lines: ["nosuch: ERROR (no such group)"],
  });
  expect((await ctl("wait", "web:web_0", "--for", "tea")).code).toBe(2);
  expect((await ctl("wait")).code).toBe(2);

  const told = (await ctl("why", "bad")).lines;
  expect(told[0]).toBe("bad is FATAL");
  expect(told).toContain("  oops");
  expect(told).toContainEqual(expect.stringMatching(/exit status 3, not expected, after 0s, pid/));
  expect(told).toContainEqual(expect.stringMatching(/drover\.conf:\d+ {2}startretries=0$/));
  expect(told).toContainEqual(expect.stringMatching(/BACKOFF -> FATAL/));
  const again = (await ctl("why", "again")).lines;
  expect(again).toContainEqual(expect.stringMatching(/ {2}starts again: .*, in (?:59m \d+s|1h)/));
  const [json = ""] = (await ctl("why", "web:web_0", "--json")).lines;
  expect(JSON.parse(json)).toMatchObject({
    info: { statename: "RUNNING", next_start: null },
    config: expect.arrayContaining([expect.objectContaining({ option: "numprocs", text: "3" })]),
  });
  expect(await ctl("why", "nosuch")).toEqual({
    code: 4,
    lines: ["nosuch: ERROR (no such process)"],
  });

  const [asked = ""] = (await ctl("events", "PROCESS_STATE_STARTING", "--json", "-n", "1")).lines;
  expect(JSON.parse(asked)).toMatchObject({
    process: "bad",
    by: expect.stringMatching(/^(?:uid \d+, pid \d+|a local user)$/),
  });
  const { lines } = await ctl("events", "PROCESS_STATE_FATAL", "-n", "5");
  expect(lines).toEqual([expect.stringMatching(/ bad FATAL /)]);
  const [latest = ""] = (await ctl("events", "--json", "-n", "1")).lines;
  expect(JSON.parse(latest)).toMatchObject({ process: "bad", type: "PROCESS_STATE_FATAL" });
  expect((await ctl("events", "NOSUCH")).code).toBe(2);
  expect((await ctl("stop", "nosuch*")).lines).toEqual(["nosuch*: ERROR (no such process)"]);
});

test("--json gives one line for programs, and errors as one on stderr", async () => {
  const daemon = await startDaemon(programs);
  const ctl = async (...words: string[]) => {
    const { code, stdout, stderr } = await daemon.ctl(...words, "--json");
    for (const text of [stdout, stderr]) expect(text).toMatch(/^(?:\{.*\}\n|\[.*\]\n)?$/);
    return { code, out: stdout && JSON.parse(stdout), error: stderr && JSON.parse(stderr).error };
  };
  expect(await ctl("start", "web:web_0", "bad")).toMatchObject({
    code: 1,
    out: [
      { name: "web_0", group: "web", status: 80, description: "OK" },
      { name: "bad", group: "bad", status: 50, description: "SPAWN_ERROR: bad" },
    ],
    error: "",
  });
  expect(await ctl("start", "web:*")).toMatchObject({ code: 0, out: [{}, {}] });
  expect((await ctl("signal", "WINCH", "web:*")).out).toHaveLength(3);
  expect((await ctl("restart", "web:web_1")).out).toMatchObject({
    stopped: [{ name: "web_1", status: 80 }],
    started: [{ name: "web_1", status: 80 }],
  });
  const { code, out } = await ctl("status");
  expect(code).toBe(3);
  expect(out).toHaveLength(6);
  expect(out).toContainEqual(expect.objectContaining({ name: "bad", statename: "FATAL" }));
  expect(await ctl("status", "web:*")).toMatchObject({ code: 0, out: [{}, {}, {}] });
  expect((await ctl("pid")).out).toEqual({ pid: daemon.pid });
  expect((await ctl("pid", "web:web_?")).out).toHaveLength(3);
  expect((await ctl("clear", "web:web_0")).out).toMatchObject([{ status: 80 }]);
  expect((await ctl("avail")).out).toHaveLength(6);
  expect((await ctl("reread")).out).toEqual({ added: [], changed: [], removed: [] });
  expect((await ctl("version")).out).toEqual({ version: expect.any(String) });
  expect(await ctl("status", "nosuch")).toMatchObject({ code: 4, error: { reason: "BAD_NAME" } });
  expect(await ctl("why", "nosuch")).toMatchObject({ code: 4, error: { reason: "BAD_NAME" } });
  expect(await ctl("wait", "nosuch")).toMatchObject({ code: 4, error: { reason: "BAD_NAME" } });
  expect(await ctl("wait", "web:web_0", "bad", "--for", "ready")).toMatchObject({
    code: 7,
    out: {
      reached: [{ name: "web:web_0", state: "RUNNING" }],
      hopeless: [{ name: "bad" }],
      left: [],
    },
  });
  expect((await ctl("top", "web:web_0", "--every", "100ms")).out).toMatchObject([
    { name: "web_0", program: "web", cpu: expect.any(Number), usage: { processes: 1 } },
  ]);
  expect((await ctl("pid", "--tree", "web:web_0")).out).toMatchObject([
    { name: "web_0", tree: [{ command: "sleep" }] },
  ]);
  expect((await ctl("signal", "--tree", "WINCH", "web:*")).out).toHaveLength(3);
  expect((await ctl("maintail", "-100")).out).toEqual({ text: expect.stringMatching(/\n$/) });
  expect((await ctl("tail", "bad", "stderr")).out).toMatchObject({ name: "bad", text: "oops\n" });
  expect((await ctl("tail", "-n", "1", "bad", "stderr")).out).toMatchObject([{ line: "oops" }]);
  expect(await ctl("tail", "-f", "bad")).toMatchObject({ code: 1, error: { reason: "USAGE" } });
  expect(await ctl("add", "web", "nosuch")).toMatchObject({
    code: 1,
    out: [
      { group: "web", status: 90 },
      { group: "nosuch", status: 10 },
    ],
  });
  await ctl("stop", "bad");
  expect((await ctl("remove", "bad")).out).toEqual([
    { group: "bad", status: 80, description: "OK" },
  ]);
  expect(await ctl("update")).toMatchObject({
    code: 0,
    out: { added: ["bad"], updated: [], removed: [], failed: [] },
  });
  expect(await ctl("update", "nosuch")).toMatchObject({
    code: 1,
    out: { failed: [{ group: "nosuch", reason: "BAD_NAME" }] },
  });
  expect(await ctl("start")).toMatchObject({ code: 2, error: { reason: "USAGE" } });
  await ctl("stop", "all");
  await daemon.stop();
  const gone = await ctl("status");
  expect(gone).toMatchObject({ code: 7, out: "", error: { reason: "ENOENT" } });
  expect(gone.error.remedy).toContain("is droverd running?");
});

test("--exit-code=fleet tells a monitor whether all is as wanted", async () => {
  const daemon = await startDaemon(programs);
  const verdict = async (...words: string[]) =>
    (await daemon.ctl("status", "--exit-code=fleet", ...words)).code;
  await eventually("it waits for its next try", async () => (await verdict("again")) === 2);
  expect(await verdict("web:*")).toBe(0);
  await daemon.ctl("start", "web:web_0");
  expect(await verdict("web:*")).toBe(0);
  expect(await verdict()).toBe(1);
  await daemon.ctl("stop", "again");
  expect(await verdict()).toBe(0);
  expect(await verdict("nosuch")).toBe(4);
  const { code, stdout } = await daemon.ctl("status", "--exit-code=tea");
  expect(code).toBe(2);
  expect(stdout).toContain("--exit-code=supervisor or --exit-code=fleet");
  const help = (await daemon.ctl("help", "exit-codes")).stdout;
  expect(help).toContain("2\tdown: nothing that should be up is");
});

test("pid --tree and signal --tree reach all that a process has started", async () => {
  const daemon = await startDaemon(`
[program:tree]
command=bash -c 'sleep 1000 & setsid sleep 1001 & wait'
startsecs=0
autorestart=false
stopwaitsecs=1
`);
  await daemon.state("tree", "RUNNING");
  const tree = await eventually("three of them", async () => {
    const { stdout } = await daemon.ctl("pid", "--tree", "tree");
    const lines = stdout.trimEnd().split("\n");
    return lines.length === 3 ? lines : undefined;
  });
  expect(tree).toEqual([
    expect.stringMatching(/^\d+ bash$/),
    expect.stringMatching(/^ {2}\d+ sleep$/),
    expect.stringMatching(/^ {2}\d+ sleep$/),
  ]);
  const pids = tree.map((line) => Number.parseInt(line, 10));
  expect((await daemon.ctl("signal", "--tree", "KILL", "tree")).stdout).toBe("tree: signalled\n");
  await eventually("all are gone", () => !pids.some(isAlive));
  expect((await daemon.ctl("signal", "--tree", "KILL", "tree")).stdout).toBe(
    "tree: ERROR (not running)\n",
  );
  expect((await daemon.ctl("signal", "--tree", "NOSUCH", "tree")).stdout).toBe(
    "tree: ERROR (bad signal name)\n",
  );
  expect(await daemon.ctl("pid", "--tree", "tree")).toMatchObject({ code: 7 });
});
