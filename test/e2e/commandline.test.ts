import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { unless } from "../../src/os/errno.ts";
import { connect } from "../../src/rpc/client.ts";
import {
  configText,
  droverd,
  eventually,
  type Finished,
  isAlive,
  tempDir,
} from "../support/daemon.ts";

const asRoot = process.getuid?.() === 0;
const SLEEPER = "[program:a]\ncommand=sleep 1000\nstartsecs=0\n";

/** A folder with these files; processes that were started in it are gone when the test is. */
function folder(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
  onTestFinished(async () => {
    for (const pid of startedIn(dir)) unless(["ESRCH"], () => process.kill(pid, "SIGTERM"));
    await eventually("everything is gone", () => startedIn(dir).length === 0);
  });
  return dir;
}

/** A daemon is nobody's child any more: it and what it started are known by a variable. */
const startedIn = (dir: string): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && isAlive(pid) && environ(pid).includes(`TEST_FOLDER=${dir}`));

function environ(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // another user's, or gone by now
  }
}

/** Runs droverd in `cwd` until it ends, or has put itself into the background. */
function ask(cwd: string, argv: readonly string[], program = droverd): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: 20_000, env: { ...process.env, TEST_FOLDER: cwd } };
    execFile(process.execPath, [program, ...argv], options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

const read = (...parts: string[]) => readFileSync(path.join(...parts), "utf8");
/** A line of /proc/PID/status. */
const status = (pid: number, name: string) =>
  new RegExp(`^${name}:\\s+(.*)$`, "m").exec(read(`/proc/${pid}/status`))?.[1];
const clientOf = (dir: string) => connect({ url: `unix://${dir}/d.sock` });
const infoOf = (dir: string) => clientOf(dir).call("supervisor.getProcessInfo", { name: "a" });

describe("in the background, which is the default", () => {
  const flags = "-c drover.conf -d sub -m 027 -j own.pid -l own.log -i me".split(" ");
  async function startInBackground() {
    const dir = folder({ "drover.conf": configText(SLEEPER), "sub/x": "" });
    expect(await ask(dir, flags)).toEqual({ code: 0, stdout: "", stderr: "" });
    // No waiting: droverd came back because the daemon is up.
    return { dir, pid: Number(read(dir, "own.pid")) };
  }

  test("the daemon is up when droverd is back, on its own and as the flags say", async () => {
    const { dir, pid } = await startInBackground();
    expect(await clientOf(dir).call("supervisor.getPID", {})).toBe(pid);
    expect(read(dir, "own.pid")).toBe(`${pid}\n`);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(path.join(dir, "sub"));
    expect(status(pid, "Umask")).toBe("0027");
    expect(statSync(path.join(dir, "own.log")).mode & 0o777).toBe(0o640);
    expect(await clientOf(dir).call("supervisor.getIdentification", {})).toBe("me");
    expect(readdirSync(path.join(dir, "sub"))).toEqual(["x"]);
    expect(existsSync(path.join(dir, "droverd.log"))).toBe(false);
    // pid (comm) state ppid pgrp session tty: a session of its own, without a terminal
    const [, , , session, tty] = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /, "")
      .split(" ");
    expect([session, tty]).toEqual([String(pid), "0"]);
    for (const fd of [0, 1, 2]) expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).toBe("/dev/null");
  });

  test("a child has the daemon's folder and umask, and nothing of how it came there", async () => {
    const { dir } = await startInBackground();
    const { pid } = await eventually("it is up", async () => {
      const info = await infoOf(dir);
      return info.statename === "RUNNING" ? info : undefined;
    });
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(path.join(dir, "sub"));
    expect(status(pid, "Umask")).toBe("0027");
    expect(environ(pid)).toContain(`TEST_FOLDER=${dir}`);
    const names = environ(pid).map((line) => line.replace(/=.*/s, ""));
    expect(names.filter((name) => /^(DROVER|NODE_CHANNEL)/.test(name))).toEqual([]);
  });

  test("after SIGHUP the flags still count, also where the file has changed", async () => {
    const { dir, pid } = await startInBackground();
    writeFileSync(path.join(dir, "drover.conf"), configText(SLEEPER, "identifier=file"));
    process.kill(pid, "SIGHUP");
    const lives = () => read(dir, "own.log").split("supervisord started with pid").length - 1;
    await eventually("the second life", () => lives() === 2);
    expect(await clientOf(dir).call("supervisor.getIdentification", {})).toBe("me");
    expect(read(dir, "own.pid")).toBe(`${pid}\n`);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(path.join(dir, "sub"));
    expect(status(pid, "Umask")).toBe("0027");
    expect(readdirSync(path.join(dir, "sub"))).toEqual(["x"]);
    process.kill(pid, "SIGTERM");
    await eventually("it is gone", () => !isAlive(pid));
    expect(readdirSync(dir).filter((name) => /pid|sock/.test(name))).toEqual([]);
  });

  test("a start that fails there is told here, and the daemon that runs goes on", async () => {
    const { dir, pid } = await startInBackground();
    const second = await ask(dir, ["-c", "drover.conf"]);
    expect(second).toMatchObject({ code: 2, stdout: "" });
    expect(second.stderr).toMatch(/^Error: another droverd is already running .*\n$/);
    expect(await clientOf(dir).call("supervisor.getPID", {})).toBe(pid);
  });
});

test("-n stays, and says its log on stdout; -d and -m are for the background", async () => {
  const dir = folder({ "drover.conf": configText(SLEEPER), "sub/x": "" });
  const before = process.umask().toString(8).padStart(4, "0");
  const flags = "-n -c drover.conf -d sub -m 027 --pidfile=sub/p".split(" ");
  const finished = ask(dir, flags);
  const client = clientOf(dir);
  const getPid = () => client.call("supervisor.getPID", {}).catch(() => undefined);
  const pid = await eventually("it answers", getPid);
  expect(status(pid, "PPid")).toBe(String(process.pid));
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(dir);
  expect(status(pid, "Umask")).toBe(before);
  expect(read(dir, "sub/p")).toBe(`${pid}\n`);
  process.kill(pid, "SIGTERM");
  const { code, stdout, stderr } = await finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`supervisord started with pid ${pid}`);
  expect(stdout).toBe(read(dir, "droverd.log"));
});

describe("without -c a configuration is searched for", () => {
  const empty = "[supervisord]\n";
  test.each([
    [["drover.conf", "supervisord.conf"], "drover.conf"],
    [["supervisord.conf", "other.conf"], "supervisord.conf"],
    [["drover.conf", "etc/drover.conf"], "drover.conf"],
    [["etc/drover.conf", "supervisord.conf"], "etc/drover.conf"],
    [["etc/supervisord.conf"], "etc/supervisord.conf"],
    [["../etc/drover.conf", "drover.conf"], "../etc/drover.conf"],
    [["../supervisord.conf", "drover.conf"], "drover.conf"],
  ])("of %j it is %s", async (files, found) => {
    const named = files.map((file) => [path.join("cwd", file), empty]);
    const dir = folder({ ...Object.fromEntries(named), "bin/x": "", "cwd/x": "" });
    // Beside the program is where the program was called, not where a link to it leads.
    symlinkSync(droverd, path.join(dir, "bin/droverd"));
    const program = path.join(dir, "bin/droverd");
    const { code, stdout, stderr } = await ask(path.join(dir, "cwd"), ["check"], program);
    expect(code).toBe(0);
    const expected = path.join(dir, "cwd", found);
    const [shown = ""] = stdout.split(": 0 programs");
    expect(path.resolve(dir, "cwd", shown)).toBe(expected);
    // Whoever may write there says what root runs.
    const warning = `runs as root and has searched .* and found ${expected}; .* -c ${expected}\\n$`;
    expect(stderr).toMatch(new RegExp(asRoot ? warning : "^$"));
  });

  test("with -c nobody is warned", async () => {
    const dir = folder({ "drover.conf": empty });
    expect((await ask(dir, ["check", "-c", "drover.conf"])).stderr).toBe("");
  });
});

test.each([
  [["-v"], /^\d+\.\d+\.\d+\n$/],
  [["-h"], /^Usage: droverd .*--nodaemon/s],
  [["-?"], /^Usage: droverd .*--nodaemon/s],
])("%j prints on stdout and ends well", async (argv, expected) => {
  const { code, stdout, stderr } = await ask(folder({}), argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(expected);
});

describe("refused with code 2, nothing on stdout and no daemon", () => {
  test.each<[string, RegExp]>([
    ["--nosuch", /unknown option '--nosuch'\nFor help, use droverd -h\n$/],
    ["-c", /argument missing\nFor help, use droverd -h\n$/],
    ["start", /positional arguments are not supported: .*\nFor help, use droverd -h\n$/],
    ["-n -n", /--nodaemon is given twice\nFor help, use droverd -h\n$/],
    ["-c none.conf", /^Error: .*none\.conf.*\n$/],
    ["-c nothing", /nothing: expected files named \*\.conf or \*\.ini in this folder/],
    ["-c ok.conf -m 99", /command line \[supervisord\] umask: /],
    ["-c ok.conf -e loud", /command line \[supervisord\] loglevel: .*got "loud"/],
    ["-c ok.conf -d none", /command line \[supervisord\] directory: .*got "none"/],
    ["-c ok.conf -l none/log", /command line \[supervisord\] logfile: .*there is no directory/],
    ["-c ok.conf -u no-such-user", /command line \[supervisord\] user: .*got "no-such-user"/],
  ])("%s", async (words, expected) => {
    const dir = folder({ "ok.conf": configText(SLEEPER), "nothing/x": "" });
    const { code, stdout, stderr } = await ask(dir, words.split(" "));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(expected);
    expect(readdirSync(dir).sort()).toEqual(["nothing", "ok.conf"]);
    expect(startedIn(dir)).toEqual([]);
  });
});

test("-c of a folder reads its files, also in the background", async () => {
  const dir = folder({ "conf/1.conf": "", "conf/2.ini": SLEEPER });
  writeFileSync(path.join(dir, "conf/1.conf"), configText("").replaceAll("%(here)s", dir));
  expect(await ask(dir, ["-c", "conf"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await infoOf(dir)).name).toBe("a");
});
