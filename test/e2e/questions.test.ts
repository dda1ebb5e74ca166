import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { droverctl, eventually, startDaemon } from "../support/daemon.ts";

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

/** How many clients are connected to a socket. */
const clientsOf = (socket: string): number =>
  readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .filter((line) => line.includes(` ${socket}`) && / 0001 03 /.test(line)).length;

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
  expect(await ctl("status", "nosuch")).toMatchObject({ code: 1, error: { reason: "BAD_NAME" } });
  expect(await ctl("start")).toMatchObject({ code: 2, error: { reason: "USAGE" } });
  await ctl("stop", "all");
  await daemon.stop();
  const gone = await ctl("status");
  expect(gone).toMatchObject({ code: 7, out: "", error: { reason: "ENOENT" } });
  expect(gone.error.remedy).toContain("is droverd running?");
});
