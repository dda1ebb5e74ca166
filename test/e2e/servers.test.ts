import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/rpc/client.ts";
import { configText, droverctl, droverd, eventually, run, tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

const LOGIN = "username=ops\npassword=secret\n";
const SLEEPER = "[program:a]\ncommand=sleep 1000\nstartsecs=0\n";

const inet = (address: string, options = "", name = "") =>
  `[inet_http_server${name}]\nport=${address}\n${options}\n`;

/** A configuration with these sections and no other server. */
const without = (sections: string) =>
  configText(sections).replace(/\[unix_http_server\]\n.*\n\[supervisorctl\]\n.*\n/, "");

/** Two ports of 127.0.0.1: nobody listens on the first, and somebody on the second if `taken`. */
async function twoPorts({ taken = false } = {}): Promise<[number, number]> {
  const servers = [createServer(), createServer((socket) => socket.destroy())];
  // Both at once, or they might be the same.
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  const [first = 0, second = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  if (taken) onTestFinished(() => void servers.pop()?.close());
  for (const server of taken ? servers.slice(0, 1) : servers) {
    await new Promise((resolve) => server.close(resolve));
  }
  return [first, second];
}

/** Starts droverd on a configuration, in the folder of the test; it is gone when the test is. */
function start(dir: string, config: string) {
  const file = path.join(dir, "drover.conf");
  writeFileSync(file, config);
  const { SUPERVISOR_SERVER_URL: _, ...env } = process.env;
  const argv = [droverd, "-n", "-s", "-c", file];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"], env });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const read = (name: string) =>
    existsSync(path.join(dir, name)) ? readFileSync(path.join(dir, name), "utf8") : "";
  return { child, ended, read, ctl: (...words: string[]) => ctl("-c", file, ...words) };
}

const ctl = (...words: string[]) => run(process.execPath, [droverctl, ...words]);

/** Waits until the server at this address is one of this process. */
async function answers(pid: number | undefined, url: string, username = "", password = "") {
  const client = connect({ url, username, password });
  const ask = () => client.call("supervisor.getPID", {}).catch(() => undefined);
  await eventually(`${url} answers`, async () => (await ask()) === pid);
}

const _ipv6First = (await lookup("localhost")).family === 6;

/** The status of the answer to a call over TCP. */
async function statusOf(port: number, headers: Record<string, string>): Promise<number> {
  const body = "<methodCall><methodName>supervisor.getPID</methodName></methodCall>";
  const url = `http://127.0.0.1:${port}/RPC2`;
  return (await fetch(url, { method: "POST", headers, body })).status;
}

const basic = (login: string) => ({ Authorization: `Basic ${btoa(login)}` });

describe("a server on a port, with a password", () => {
  async function startOne(host = "127.0.0.1") {
    const [port] = await twoPorts();
    const daemon = start(tempDir(), without(inet(`${host}:${port}`, LOGIN) + SLEEPER));
    const url = `http://127.0.0.1:${port}`;
    await answers(daemon.child.pid, url, "ops", "secret");
    return { ...daemon, port, url };
  }

  test("droverctl finds both in the configuration, or is told them", async () => {
    const { ctl: own, url } = await startOne();
    expect((await own("status", "a")).stdout).toMatch(/^a +RUNNING/);
    expect((await own("stop", "a")).stdout).toBe("a: stopped\n");
    const told = await ctl("-s", url, "-u", "ops", "-p", "secret", "status", "a");
    expect(told.stdout).toMatch(/^a +STOPPED/);
  });

  test("nothing without it, and nothing to a page in a browser", async () => {
    const { url, port, ctl: own } = await startOne();
    const refusal = { code: 1, stdout: "Server requires authentication\n" };
    expect(await ctl("-s", url, "-u", "ops", "-p", "wrong", "stop", "a")).toMatchObject(refusal);
    expect(await ctl("-s", url, "stop", "a")).toMatchObject(refusal);
    expect(await statusOf(port, {})).toBe(401);
    expect(await statusOf(port, basic("ops:"))).toBe(401);
    expect(await statusOf(port, basic("ops:secret"))).toBe(200);
    const page = { ...basic("ops:secret"), Origin: "http://evil.example" };
    expect(await statusOf(port, page)).toBe(403);
    expect((await own("status", "a")).stdout).toMatch(/RUNNING/);
  });

  // Also where ::1 comes first.
  test("localhost is 127.0.0.1, as for supervisord", async () => {
    const { port } = await startOne("localhost");
    expect(await statusOf(port, basic("ops:secret"))).toBe(200);
  });

  test.runIf(available("python3"))("XML-RPC by Python's own client", async () => {
    const { port, child } = await startOne();
    const python = `
import json, sys, xmlrpc.client
def ask(login):
    s = xmlrpc.client.ServerProxy("http://" + login + "@127.0.0.1:" + sys.argv[1] + "/RPC2").supervisor
    try:
        return [s.getPID(), s.stopProcess("a"), s.getProcessInfo("a")["statename"], s.startProcess("a")]
    except xmlrpc.client.ProtocolError as error:
        return error.errcode
print(json.dumps([ask("ops:secret"), ask("ops:wrong")]))
`;
    const { stdout } = await run("python3", ["-c", python, String(port)]);
    expect(JSON.parse(stdout)).toEqual([[child.pid, true, "STOPPED", true], 401]);
  });

  test.runIf(available("supervisorctl"))("the real supervisorctl", async () => {
    const { url } = await startOne();
    const real = (password: string, ...words: string[]) =>
      run("supervisorctl", ["-s", url, "-u", "ops", "-p", password, ...words]);
    expect((await real("secret", "restart", "a")).stdout).toBe("a: stopped\na: started\n");
    expect((await real("wrong", "restart", "a")).stdout).toMatch(/authentication/);
  });

  test("its port is free again after a shutdown, and a reload keeps it", async () => {
    const { port, url, child, ended, read } = await startOne();
    child.kill("SIGHUP");
    const started = () => read("droverd.log").match(/supervisord started with pid/g)?.length;
    await eventually("the second life", () => started() === 2);
    await answers(child.pid, url, "ops", "secret");
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const next = createServer();
    onTestFinished(() => void next.close());
    await new Promise<void>((resolve, reject) => {
      next.on("error", reject).listen(port, "127.0.0.1", resolve);
    });
  });
});

test("a reload to a port that is taken: the daemon says so and has the old one back", async () => {
  const [port, taken] = await twoPorts({ taken: true });
  const dir = tempDir();
  const daemon = start(dir, without(inet(`127.0.0.1:${port}`) + SLEEPER));
  await answers(daemon.child.pid, `http://127.0.0.1:${port}`);
  writeFileSync(path.join(dir, "drover.conf"), without(inet(`127.0.0.1:${taken}`) + SLEEPER));
  daemon.child.kill("SIGHUP");
  const line = `the old one is back: Error: [inet_http_server] port=127.0.0.1:${taken}: another`;
  await eventually("it says so", () => daemon.read("droverd.log").includes(line));
  await answers(daemon.child.pid, `http://127.0.0.1:${port}`);
});

test("sockets and ports at once, each with its own password", async () => {
  const dir = tempDir();
  const [open, closed] = await twoPorts();
  const second = `[unix_http_server:2]\nfile=${dir}/2.sock\n${LOGIN}`;
  const ports = inet(`127.0.0.1:${open}`, "", ":1") + inet(`127.0.0.1:${closed}`, LOGIN, ":2");
  const { pid } = start(dir, configText(ports + second)).child;
  await answers(pid, `http://127.0.0.1:${open}`);
  await answers(pid, `http://127.0.0.1:${closed}`, "ops", "secret");
  await answers(pid, `unix://${dir}/d.sock`);
  await answers(pid, `unix://${dir}/2.sock`, "ops", "secret");
  expect(await statusOf(closed, {})).toBe(401);
  expect((await ctl("-s", `unix://${dir}/2.sock`, "status")).stdout).toMatch(/authentication/);
});

describe("SUPERVISOR_SERVER_URL of the children", () => {
  const unix =
    "[unix_http_server:b]\nfile=%(here)s/b.sock\n[unix_http_server:a]\nfile=%(here)s/a\n";
  const port = (at: number) => (ports: readonly number[]) => `http://127.0.0.1:${ports[at]}`;
  test.each<[string, string, (ports: readonly number[], dir: string) => string | undefined]>([
    ["the first Unix socket", `${inet("127.0.0.1:P0")}${unix}`, (_, dir) => `unix://${dir}/b.sock`],
    ["else the only port", inet("127.0.0.1:P0"), port(0)],
    ["else the last port", inet("127.0.0.1:P0") + inet("127.0.0.1:P1", "", ":x"), port(1)],
    ["every address: localhost", inet("*:P0", LOGIN), ([at]) => `http://localhost:${at}`],
    ["none without a server", "", () => undefined],
  ])("%s", async (_, servers, expected) => {
    const dir = tempDir();
    const ports = await twoPorts();
    const tell = "sh -c 'env >%(here)s/env.new; mv %(here)s/env.new %(here)s/env; exec sleep 1000'";
    const sections = servers.replace(/P(\d)/g, (__, at) => String(ports[at]));
    const { read } = start(dir, without(`${sections}[program:a]\ncommand=${tell}\n`));
    const lines = (await eventually("its environment", () => read("env"))).split("\n");
    expect(lines).toContain("SUPERVISOR_PROCESS_NAME=a");
    const [line] = lines.filter((text) => text.startsWith("SUPERVISOR_SERVER_URL"));
    expect(line?.replace(/^.*?=/, "")).toBe(expected(ports, dir));
  });
});

describe("refused with code 2, a line that helps, and nothing left that listens or locks", () => {
  test.each<[string, string, string, RegExp]>([
    ["a port that is taken", "127.0.0.1:TAKEN", "", /another program is already listening there/],
    ["a host that does not exist", "no-such-host.invalid:PORT", LOGIN, /no host of that name/],
    ["an address of another machine", "192.0.2.1:PORT", LOGIN, /this machine has no such address/],
  ])("%s", async (_, address, options, expected) => {
    const [port, taken] = await twoPorts({ taken: true });
    const where = address.replace("TAKEN", `${taken}`).replace("PORT", `${port}`);
    const { code, stderr, left } = await refused(configText(inet(where, options) + SLEEPER));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: .*\n$/);
    expect(stderr).toContain(`[inet_http_server] port=${where}: `);
    expect(stderr).toMatch(expected);
    expect(left).toEqual(["drover.conf", "droverd.log"]);
  });

  test("what was opened before the server that failed is gone too", async () => {
    const unix = (name: string, file: string) => `[unix_http_server:${name}]\nfile=${file}\n`;
    const sections = unix("x", "%(here)s/x.sock") + unix("y", "%(here)s/no/y.sock");
    const { code, left } = await refused(configText(sections));
    expect({ code, left }).toEqual({ code: 2, left: ["drover.conf", "droverd.log"] });
  });

  test.each(["*:PORT", "PORT", "0.0.0.0:PORT"])(
    "every address without a password: port=%s, unless that is allowed",
    async (address) => {
      const [port] = await twoPorts();
      const at = address.replace("PORT", String(port));
      const { code, stderr, left } = await refused(without(inet(at)));
      expect({ code, left }).toEqual({ code: 2, left: ["drover.conf"] });
      expect(stderr).toMatch(/\[inet_http_server\] port: other machines may connect, .*password/);
      const { child } = start(tempDir(), without(inet(at, "allow_anonymous=yes")));
      await answers(child.pid, `http://127.0.0.1:${port}`);
    },
  );
});

/** Runs droverd on a configuration that it must refuse; `left` are the files it leaves. */
async function refused(config: string) {
  const dir = tempDir();
  const file = path.join(dir, "drover.conf");
  writeFileSync(file, config);
  const finished = await run(process.execPath, [droverd, "-n", "-s", "-c", file]);
  // The run folder itself is kept: what matters is that there is nothing in it.
  const left = readdirSync(dir, { recursive: true }).filter((name) => name !== "run");
  return { ...finished, left: left.map(String).sort() };
}
