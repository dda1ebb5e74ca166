import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  configText,
  droverctl,
  droverd,
  eventually,
  isAlive,
  launch,
  run,
  startDaemon,
  tempDir,
} from "../support/daemon.ts";

/** Runs droverd on a configuration that it must refuse. */
async function refused(text: string, dir = tempDir()) {
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, text);
  const before = readdirSync(dir).sort();
  const finished = await run(process.execPath, [droverd, "-n", "-c", config]);
  const left = readdirSync(dir).filter((name) => !before.includes(name));
  return { ...finished, left, dir };
}

test("every mistake of a configuration is told at once, with its place, and nothing is left", async () => {
  const { code, stderr, stdout, left, dir } = await refused(
    configText(`
[program:a]
command=sleep 1
startsecs=soon
autorestrat=true
[program:b]
numprocs=2
command=sleep %(process_nmu)d
[group:g]
programs=a,bb
[program:c]
command=sleep 1
stdout_logfile=/nonexistent/folder/c.log
stopsignal=TREM
user=nosuchuser
`),
  );
  expect({ code, stdout, left }).toEqual({ code: 2, stdout: "", left: [] });
  const lines = stderr.replaceAll(dir, "DIR");
  expect(lines).toContain(
    'DIR/drover.conf:18 [program:a] startsecs: expected whole seconds such as 10, got "soon"',
  );
  expect(lines).toContain(
    '[program:a] autorestrat: drover has no such option, it is ignored; did you mean "autorestart"?',
  );
  expect(lines).toContain(
    "[program:b] numprocs: numprocs is 2, so process_name must tell the processes apart",
  );
  expect(lines).toContain(
    "[program:b] command: %(process_nmu)d names nothing that can be expanded here",
  );
  expect(lines).toContain("[group:g] programs: there is no [program:bb]");
  expect(lines).toContain(
    'got "/nonexistent/folder/c.log": there is no directory "/nonexistent/folder"',
  );
  expect(lines).toContain(
    'stopsignal: expected a signal such as TERM, HUP or 15, got "TREM"; did you mean "TERM"?',
  );
  expect(lines).toContain(
    'user: expected the name or id of a user of this machine, got "nosuchuser"',
  );
});

test.each([
  ["no section", "junk\n", "expected a section such as [program:name] before this line"],
  ["no [supervisord]", "[program:a]\ncommand=true\n", "expected a [supervisord] section"],
  ["a line that is no option", "[supervisord]\nnodaemon\n", "expected option=value"],
])("a broken file: %s", async (_, text, message) => {
  const { code, stderr } = await refused(text);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("files that are missing, folders or not text are named", async () => {
  const dir = tempDir();
  const ask = (config: string) => run(process.execPath, [droverd, "-n", "-c", config]);
  const missing = await ask(`${dir}/none.conf`);
  expect(missing).toMatchObject({
    code: 2,
    stderr: `Error: ${dir}/none.conf: there is no such file\n`,
  });
  const folder = await ask(dir);
  expect(folder.code).toBe(2);
  expect(folder.stderr).toContain(`${dir}: expected files named *.conf or *.ini in this folder`);
  writeFileSync(path.join(dir, "binary.conf"), Buffer.of(0x5b, 0x0a, 0xff, 0xfe));
  expect(await ask(path.join(dir, "binary.conf"))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("binary.conf: not UTF-8 text: byte 0xff in line 2"),
  });
  const unknown = await run(process.execPath, [droverd, "--nosuch"]);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toBe("Error: unknown option '--nosuch'\nFor help, use droverd -h\n");
});

test("a second daemon on the same socket is refused and disturbs nothing", async () => {
  const daemon = await startDaemon("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
  const { pid } = await daemon.state("a", "RUNNING");
  const second = await run(process.execPath, [droverd, "-n", "-s", "-c", daemon.config]);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain("another droverd is already running");
  expect(await daemon.info("a")).toMatchObject({ pid, statename: "RUNNING" });
  expect(daemon.file("droverd.pid")).toBe(`${daemon.pid}\n`);
  process.kill(pid, "SIGKILL");
  // Its channels are untouched: a new child can be started.
  await eventually("a new child", async () => ![0, pid].includes((await daemon.info("a")).pid));
});

test("what stands in the way of the socket is named and kept", async () => {
  const dir = tempDir();
  writeFileSync(path.join(dir, "d.sock"), "precious");
  const { code, stderr } = await refused(configText("[program:a]\ncommand=sleep 1000\n"), dir);
  expect(code).toBe(2);
  expect(stderr).toContain("exists and is not a socket");
  expect(readFileSync(path.join(dir, "d.sock"), "utf8")).toBe("precious");
  const nowhere = configText("").replace("file=%(here)s/d.sock", "file=%(here)s/no/d.sock");
  expect((await refused(nowhere)).stderr).toContain("does not exist");
  const long = configText("").replace("file=%(here)s/d.sock", `file=%(here)s/${"x".repeat(120)}`);
  expect((await refused(long)).stderr).toContain("may have about 100 characters");
});

test("a socket that a dead daemon left is replaced", async () => {
  const daemon = await startDaemon("");
  process.kill(daemon.pid, "SIGKILL");
  await eventually("it is dead", () => !isAlive(daemon.pid));
  expect(existsSync(daemon.socket)).toBe(true);
  const next = await launch(daemon.dir, daemon.config);
  expect(await next.client.call("supervisor.getPID", {})).toBe(next.pid);
});

test("a log that cannot be opened ends the start with code 1 and no socket", async () => {
  const dir = tempDir();
  mkdirSync(path.join(dir, "droverd.log"));
  const { code, stderr } = await refused(configText(""), dir);
  expect(code).toBe(1);
  expect(stderr).toContain(`cannot open the log ${dir}/droverd.log`);
  expect(existsSync(path.join(dir, "d.sock"))).toBe(false);
});

test("droverctl says in one line what is wrong with the server, and in one what to do", async () => {
  const dir = tempDir();
  const ask = (url: string, ...words: string[]) =>
    run(process.execPath, [droverctl, "-s", url, ...words]);
  const missing = `unix://${dir}/none.sock`;
  expect(await ask(missing, "version")).toEqual({
    code: 7,
    stdout: `${missing} no such file\n`,
    stderr: "is droverd running? start it with droverd -c FILE, or name another server with -s\n",
  });
  expect((await ask(missing, "status")).code).toBe(4);
  writeFileSync(path.join(dir, "plain"), "");
  expect(await ask(`unix://${dir}/plain`, "version")).toMatchObject({
    code: 1,
    stdout: `unix://${dir}/plain is not a socket\n`,
  });
  const other = createServer((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nhello"));
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => other.listen(path.join(dir, "other"), resolve));
  expect(await ask(`unix://${dir}/other`, "version")).toMatchObject({
    code: 1,
    stdout: `unix://${dir}/other is not a drover server\n`,
  });
  const mute = createServer((socket) => socket.destroy());
  onTestFinished(() => void mute.close());
  await new Promise<void>((resolve) => mute.listen(path.join(dir, "mute"), resolve));
  expect((await ask(`unix://${dir}/mute`, "version")).stdout).toContain("closed the connection");
  const usage = await ask("foo", "status");
  expect(usage).toMatchObject({ code: 2, stdout: "" });
  expect(usage.stderr).toContain('expected unix:///path/to/socket or http://host:port, got "foo"');
});

test("a password keeps others out, and is told to nobody", async () => {
  const daemon = await startDaemon(
    '[program:a]\ncommand=sleep 1000\nenvironment=TOKEN="hidden-token"\nstartsecs=0\n',
  ).catch(() => undefined);
  expect(daemon).toBeDefined();
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  const text = configText("").replace("d.sock\n", "d.sock\nusername=me\npassword=open:sesame\n");
  writeFileSync(config, text);
  const child = spawn(process.execPath, [droverd, "-n", "-s", "-c", config], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGTERM"));
  const url = `unix://${dir}/d.sock`;
  await eventually("the socket", () => existsSync(path.join(dir, "d.sock")));
  const ask = (...words: string[]) => run(process.execPath, [droverctl, "-s", url, ...words]);
  await eventually("the right password is let in", async () => {
    const { code } = await ask("-u", "me", "-p", "open:sesame", "version");
    return code === 0;
  });
  expect((await ask("version")).stdout).toBe("Server requires authentication\n");
  expect((await ask("-u", "me", "-p", "wrong", "version")).code).toBe(1);
  expect(readFileSync(path.join(dir, "droverd.log"), "utf8")).not.toContain("sesame");
  expect(daemon?.log()).not.toContain("hidden-token");
});

test("without -n it goes into the background once it is up, or says why not", async () => {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText("[program:a]\ncommand=sleep 1000\nstartsecs=0\n"));
  const up = await run(process.execPath, [droverd, "-c", config]);
  expect(up).toEqual({ code: 0, stdout: "", stderr: "" });
  const pid = Number(readFileSync(path.join(dir, "droverd.pid"), "utf8"));
  onTestFinished(async () => {
    if (isAlive(pid)) process.kill(pid, "SIGTERM");
    await eventually("it has ended", () => !isAlive(pid));
  });
  const status = await run(process.execPath, [droverctl, "-c", config, "status"]);
  expect(status.stdout).toMatch(/^a +RUNNING/);
  const second = await run(process.execPath, [droverd, "-c", config]);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain("another droverd is already running");
  expect((await run(process.execPath, [droverctl, "-c", config, "shutdown"])).stdout).toBe(
    "Shut down\n",
  );
});
