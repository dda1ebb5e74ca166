import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { configText, droverd, eventually, run, startDaemon, tempDir } from "../support/daemon.ts";
import { withoutKoffi } from "../support/koffi.ts";
import { fill, listen } from "../support/notices.ts";
import { available, supervisorctl } from "../support/peers.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { inNamespace, may } from "../support/rights.ts";

/** A daemon with a syslog of its own: `texts` are what has come there, without priority and time. */
async function startWithSyslog(programs: string, supervisord = "") {
  const dir = tempDir();
  const socket = path.join(dir, "log");
  const syslog = await listen(socket);
  const settings = `syslog_socket=${socket}\nloglevel=info\n${supervisord}`;
  const daemon = await startDaemon(programs, settings, { dir });
  const texts = () => syslog.texts().map((text) => text.replace(head, ""));
  return { daemon, syslog, socket, texts };
}

/** What glibc's syslog(3) writes for supervisord. */
const head = /^<14>(?:[A-Z][a-z]{2}) [ \d]\d \d\d:\d\d:\d\d supervisord: /;

const speaking = (output: string, name = "cat") => `
[program:${name}]
command=sh -c '${output}'
startsecs=0
autorestart=false
`;

testWithPython(`each line of a stream goes to syslog and to its file${needsPython}`, async () => {
  const output =
    'printf "one\\ntwo\\n\\nfour\\npar"; sleep 0.1; printf "tial\\nbad \\377, nul \\000.\\nno end"';
  const { daemon, syslog, texts } = await startWithSyslog(`${speaking(output)}
stdout_syslog=true
stdout_logfile=%(here)s/out.log
log_prefix=only in the file
`);
  await daemon.state("cat", "EXITED");
  const wanted = ["one", "two", "", "four", "partial", "bad \ufffd, nul #000.", "no end"];
  await eventually("all", () => texts().length >= wanted.length);
  expect(texts()).toEqual(wanted.map((line) => `cat ${line}`));
  expect(syslog.texts().every((text) => head.test(text))).toBe(true);
  expect(daemon.file("out.log").split("\n")[0]).toBe("only in the file one");
});

testWithPython(`stdout_logfile=syslog has no file${needsPython}`, async () => {
  const { daemon, texts } = await startWithSyslog(`${speaking("echo out; echo err >&2")}
stdout_logfile=syslog
stderr_logfile=syslog
`);
  await daemon.state("cat", "EXITED");
  await eventually("both", () => texts().length >= 2);
  expect(texts().toSorted()).toEqual(["cat err", "cat out"]);
  expect(await daemon.info("cat")).toMatchObject({ stdout_logfile: "", stderr_logfile: "" });
});

testWithPython(`a line that is too long for a message is sent in parts${needsPython}`, async () => {
  const { texts } = await startWithSyslog(`${speaking("head -c 20000 /dev/zero | tr \\\\000 x")}
stdout_syslog=true
stdout_logfile=NONE
`);
  await eventually("all", () => texts().length === 3);
  expect(texts().map((text) => text.length)).toEqual([7_904, 7_904, 4_204]);
});

testWithPython(`the daemon's own log goes to syslog, line by line${needsPython}`, async () => {
  const { daemon, texts } = await startWithSyslog(
    speaking("echo two; echo lines"),
    "logfile=syslog\nloglevel=debug",
  );
  await daemon.state("cat", "EXITED");
  const signal = AbortSignal.timeout(10_000);
  const tail = daemon.client.follow("/mainlogtail", () => undefined, signal);
  await expect(tail).rejects.toThrow("404");
  await daemon.stop();
  const date = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /;
  await eventually("the end", () => texts().some((text) => text.includes("received SIGTERM")));
  expect(texts().every((text) => date.test(text) && text.endsWith("\n"))).toBe(true);
  const lines = texts().map((text) => text.replace(date, "").trimEnd());
  expect(lines).toContain(`INFO supervisord started with pid ${daemon.pid}`);
  const echo = lines.indexOf("DEBG 'cat' stdout output:");
  expect(lines.slice(echo, echo + 3)).toEqual([lines[echo], "DEBG two", "DEBG lines"]);
  expect(existsSync(path.join(daemon.dir, "droverd.log"))).toBe(false);
});

const canMakeDev = may([...inNamespace, "mount", "-t", "tmpfs", "none", "/dev"], "no mounts here");

/** Runs the real supervisord until its processes have ended, where /dev/log is this socket. */
async function runSupervisord(programs: string, socket: string): Promise<void> {
  const dir = tempDir();
  const config = path.join(dir, "s.conf");
  const text = configText(programs, "logfile=syslog\nloglevel=info").replace(/^rundir=.*\n/m, "");
  writeFileSync(config, text.replace("logfile=%(here)s/droverd.log\n", ""));
  const dev = `mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 &&
    mknod -m 444 /dev/urandom c 1 9 && ln -s ${socket} /dev/log`;
  const command = [...inNamespace, "sh", "-c", `${dev} && exec supervisord -n -s -c ${config}`];
  const child = spawn(command[0] ?? "", command.slice(1), { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await eventually("its processes have ended", async () => {
    const { stdout } = await supervisorctl(config, "status", "cat");
    return stdout.includes("EXITED");
  });
  child.kill("SIGTERM");
  await ended;
}

test.runIf(canMakeDev && available("supervisord"))(
  "messages are the real supervisord's, byte for byte but for times and pids",
  async () => {
    const programs = `${speaking('printf "one\\ntwo\\n\\nfour é\\n"; echo x >&2')}
stdout_syslog=true
stderr_syslog=true
redirect_stderr=true
stdout_logfile=NONE
`;
    const { daemon, syslog } = await startWithSyslog(programs, "logfile=syslog");
    await daemon.state("cat", "EXITED");
    await daemon.stop();
    const theirs = path.join(daemon.dir, "theirs");
    const other = await listen(theirs);
    await runSupervisord(programs, theirs);
    // What both say, in the same words; when something is said may differ.
    const words = (texts: string[]) =>
      texts
        // supervisord does not say it of a child that has ended before it looks again.
        .filter((text) => !text.includes("success: cat entered RUNNING"))
        .map((text) => text.replace(/\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\b/, "T"))
        .map((text) => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}/, "T"))
        .map((text) => text.replace(/pid \d+/, "pid N"));
    await eventually("the end", () => other.texts().some((text) => text.includes("SIGTERM")));
    const [ours, real] = [words(syslog.texts()), words(other.texts())];
    expect(ours.filter((text) => /supervisord: cat /.test(text))).toEqual([
      "<14>T supervisord: cat one",
      "<14>T supervisord: cat two",
      "<14>T supervisord: cat ",
      "<14>T supervisord: cat four é",
      "<14>T supervisord: cat x",
    ]);
    expect(ours.toSorted()).toEqual(real.toSorted());
  },
);

test("a syslog that is not there stops nobody, and what is lost is counted", async () => {
  const daemon = await startDaemon(
    `${speaking("echo 12345; echo 678")}
stdout_logfile=%(here)s/out.log
stdout_syslog=true
`,
    "syslog_socket=/nonexistent/log\nloglevel=info",
  );
  await daemon.state("cat", "EXITED");
  expect(daemon.file("out.log")).toBe("12345\n678\n");
  await daemon.stop();
  expect(daemon.log()).toContain("ERRO cannot write to /nonexistent/log: ENOENT\n");
  expect(daemon.log()).toContain(
    "ERRO 16 bytes of output for /nonexistent/log were lost: it could not be written\n",
  );
});

testWithPython(`what is lost is marked in syslog once it is there${needsPython}`, async () => {
  const dir = tempDir();
  const socket = path.join(dir, "log");
  const daemon = await startDaemon(
    `${speaking("echo lost; read go < go; echo there", "late")}
directory=%(here)s
stdout_syslog=true
stdout_logfile=%(here)s/out.log
[program:fifo]
command=mkfifo go
directory=%(here)s
startsecs=0
autorestart=false
priority=1
`,
    `syslog_socket=${socket}\nloglevel=info`,
    { dir },
  );
  await eventually("the loss", () => daemon.log().includes("cannot write to"));
  const syslog = await listen(socket);
  await eventually("go", () => existsSync(path.join(dir, "go")));
  writeFileSync(path.join(dir, "go"), "\n");
  await eventually("both", () => syslog.texts().length >= 2);
  expect(syslog.texts().map((text) => text.replace(head, ""))).toEqual([
    "[drover: 9 bytes of output lost here: ENOENT]",
    "late there",
  ]);
  await eventually("the word of it", () =>
    daemon.log().includes(`WARN writing to ${socket} again; 9 bytes of output were lost`),
  );
});

testWithPython(
  `a syslog that stands still is waited for by nobody, and gets all when it goes on${needsPython}`,
  async () => {
    const { daemon, syslog, socket, texts } = await startWithSyslog(`
[program:burst]
command=seq 5000
autostart=false
startsecs=0
autorestart=false
stdout_syslog=true
stdout_logfile=%(here)s/out.log
`);
    await syslog.pause();
    fill(socket);
    await daemon.client.call("supervisor.startProcess", { name: "burst", wait: true });
    await daemon.state("burst", "EXITED");
    expect(daemon.file("out.log").trimEnd().split("\n")).toHaveLength(5_000);
    syslog.resume();
    const lines = () => texts().filter((text) => text.startsWith("burst "));
    await eventually("all lines", () => lines().length >= 5_000);
    expect(lines()).toEqual(Array.from({ length: 5_000 }, (_, n) => `burst ${n + 1}`));
  },
);

testWithPython(
  `more than is kept for a syslog that stands still is lost, counted and marked${needsPython}`,
  async () => {
    const { daemon, syslog, socket, texts } = await startWithSyslog(`
[program:flood]
command=seq 100000
autostart=false
startsecs=0
autorestart=false
stdout_syslog=true
stdout_logfile=%(here)s/out.log
`);
    await syslog.pause();
    fill(socket);
    await daemon.client.call("supervisor.startProcess", { name: "flood", wait: true });
    await daemon.state("flood", "EXITED");
    expect(daemon.file("out.log").length).toBe(588_895);
    syslog.resume();
    const marks = () => texts().flatMap((text) => /^\[drover: (\d+) bytes/.exec(text)?.[1] ?? []);
    // Each look reads all that has come.
    await eventually("the mark", () => marks().length > 0, 60_000, 500);
    const lines = texts().filter((text) => text.startsWith("flood "));
    const sent = lines.reduce((sum, line) => sum + line.length, 0);
    // Each line with the name before it, and without its newline.
    expect(sent + Number(marks()[0])).toBe(588_895 - 100_000 + 6 * 100_000);
    const { lost_bytes } = await daemon.client.call("supervisor.getProcessInfo", { name: "flood" });
    expect(lost_bytes).toEqual({ stdout: Number(marks()[0]), stderr: 0 });
  },
  90_000,
);

test("without koffi the log says what is missing, and the fleet runs", async () => {
  const daemon = await startDaemon(
    `${speaking("echo 12345")}
stdout_syslog=true
stdout_logfile=%(here)s/out.log
`,
    "loglevel=info",
    { env: { NODE_OPTIONS: withoutKoffi() } },
  );
  await daemon.state("cat", "EXITED");
  expect(daemon.file("out.log")).toBe("12345\n");
  await eventually("the word", () =>
    daemon
      .log()
      .includes("ERRO cannot write to /dev/log: the optional package koffi is not installed"),
  );
});

test("a daemon that is to log to syslog alone does not start without koffi", async () => {
  const dir = tempDir();
  const config = path.join(dir, "d.conf");
  writeFileSync(
    config,
    configText("", "logfile=syslog").replace("logfile=%(here)s/droverd.log\n", ""),
  );
  const command = [
    "env",
    `NODE_OPTIONS=${withoutKoffi()}`,
    process.execPath,
    droverd,
    "-n",
  ] as const;
  const { code, stderr } = await run(command[0], [...command.slice(1), "-c", config]);
  expect(stderr).toBe(
    "Error: logfile=syslog needs the optional package koffi, which is not installed\n",
  );
  expect(code).toBe(1);
});
