import { readdirSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect as connectSocket } from "node:net";
import { expect, test } from "vitest";
import { eventually, run, startDaemon, type TestDaemon } from "../support/daemon.ts";

const programs = `
[program:cat]
command=cat
startsecs=0
[program:down]
command=cat
autostart=false
startsecs=0
[program:slow]
command=sh -c 'exec sleep 1000'
autostart=false
startsecs=1
[program:quitter]
command=sh -c 'exit 1'
autostart=false
startretries=0
[program:missing]
command=/nonexistent/x
autostart=false
[program:six]
command=sh -c 'echo hello'
startsecs=0
autorestart=false
stdout_logfile=%(here)s/six.log
stderr_logfile=NONE
`;

interface Answer {
  status: number;
  body: string;
}

function ask(
  daemon: TestDaemon,
  method: string,
  path: string,
  body = "",
  headers = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: daemon.socket, method, path, headers, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
    });
    outgoing.end(body);
  });
}

const json = async (daemon: TestDaemon, call: unknown): Promise<unknown> =>
  JSON.parse((await ask(daemon, "POST", "/rpc", JSON.stringify(call))).body);

test("every fault that supervisord gives for these calls", async () => {
  const daemon = await startDaemon(programs);
  await daemon.state("six", "EXITED");
  const { client } = daemon;
  const start = (name: string) => client.call("supervisor.startProcess", { name, wait: true });
  const stop = (name: string) => client.call("supervisor.stopProcess", { name, wait: true });
  await expect(start("nosuch")).rejects.toMatchObject({ code: 10, message: "BAD_NAME: nosuch" });
  await expect(start("cat")).rejects.toMatchObject({ code: 60, message: "ALREADY_STARTED: cat" });
  await expect(start("missing")).rejects.toMatchObject({
    code: 20,
    message: "NO_FILE: can't find command '/nonexistent/x'",
  });
  await expect(start("quitter")).rejects.toMatchObject({
    code: 50,
    message: "SPAWN_ERROR: quitter",
  });
  await expect(stop("down")).rejects.toMatchObject({ code: 70, message: "NOT_RUNNING: down" });
  const read = (name: string, offset: number, length: number) =>
    client.call("supervisor.readProcessStdoutLog", { name, offset, length });
  await expect(read("six", -1, 1)).rejects.toMatchObject({ code: 3, message: "BAD_ARGUMENTS" });
  const errors = client.call("supervisor.readProcessStderrLog", {
    name: "six",
    offset: 0,
    length: 0,
  });
  await expect(errors).rejects.toMatchObject({ code: 20, message: "NO_FILE" });
  expect(await read("six", 0, 0)).toBe("hello\n");
  expect(await read("six", -3, 0)).toBe("lo\n");
  const tail = (offset: number, length: number) =>
    client.call("supervisor.tailProcessStdoutLog", { name: "six", offset, length });
  expect(await tail(0, 3)).toEqual(["lo\n", 6, true]);
  expect(await tail(6, 10)).toEqual(["", 6, false]);
  expect(await tail(3, 10)).toEqual(["hello\n", 6, false]);
});

test("a start with wait answers once the process is up, without wait at once", async () => {
  const daemon = await startDaemon(programs);
  expect(await daemon.client.call("supervisor.startProcess", { name: "slow", wait: false })).toBe(
    true,
  );
  expect((await daemon.info("slow")).statename).toBe("STARTING");
  await daemon.client.call("supervisor.stopProcess", { name: "slow", wait: true });
  expect(await daemon.client.call("supervisor.startProcess", { name: "slow", wait: true })).toBe(
    true,
  );
  expect((await daemon.info("slow")).statename).toBe("RUNNING");
});

test("XML-RPC and JSON-RPC give the same answers", async () => {
  const daemon = await startDaemon(programs);
  const xml = await ask(
    daemon,
    "POST",
    "/RPC2",
    "<?xml version='1.0'?><methodCall><methodName>supervisor.getProcessInfo</methodName>" +
      "<params><param><value><string>nosuch</string></value></param></params></methodCall>",
  );
  expect(xml.status).toBe(200);
  expect(xml.body).toContain("<name>faultCode</name>\n<value><int>10</int></value>");
  expect(
    await json(daemon, {
      jsonrpc: "2.0",
      id: 7,
      method: "supervisor.getProcessInfo",
      params: ["nosuch"],
    }),
  ).toEqual({
    jsonrpc: "2.0",
    id: 7,
    error: { code: 10, message: "BAD_NAME: nosuch", data: { fault: "BAD_NAME" } },
  });
  const python = `
import sys, json, xmlrpc.client, http.client, socket
class C(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
class T(xmlrpc.client.Transport):
    def make_connection(self, host): return C("localhost")
s = xmlrpc.client.ServerProxy("http://localhost", transport=T())
print(json.dumps([s.supervisor.getState(), s.supervisor.getAllProcessInfo(), s.system.listMethods(), s.supervisor.getVersion()]))
`;
  const { stdout, code } = await run("python3", ["-c", python, daemon.socket]);
  expect(code).toBe(0);
  const [state, all, methods, version] = JSON.parse(stdout);
  expect(state).toEqual({ statecode: 1, statename: "RUNNING" });
  expect(version).toBe("3.0");
  const withoutNow = (infos: object[]) =>
    infos.map((info) => ({ ...info, now: 0, description: "" }));
  expect(withoutNow(all)).toEqual(withoutNow(await daemon.all()));
  for (const name of [
    "getState getAllProcessInfo getProcessInfo startProcess stopProcess startProcessGroup",
    "stopProcessGroup startAllProcesses stopAllProcesses tailProcessStdoutLog",
    "readProcessStdoutLog getPID getSupervisorVersion getAPIVersion shutdown",
  ].flatMap((line) => line.split(" "))) {
    expect(methods).toContain(`supervisor.${name}`);
  }
  expect(methods).toContain("system.listMethods");
});

test("nonsense gets a status or a fault, and the daemon goes on", async () => {
  const daemon = await startDaemon(programs);
  const post = (path: string, body: string, headers = {}) =>
    ask(daemon, "POST", path, body, headers);
  expect((await post("/RPC2", "no xml")).status).toBe(400);
  expect((await post("/RPC2", "<methodCall/>")).status).toBe(400);
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaa">]><methodCall><methodName>&a;</methodName></methodCall>`;
  expect((await post("/RPC2", bomb)).status).toBe(400);
  expect((await post("/RPC2", "x".repeat(5 * 2 ** 20))).status).toBe(413);
  expect((await post("/rpc", "{")).body).toContain("-32700");
  expect((await ask(daemon, "GET", "/RPC2")).status).toBe(400);
  expect((await ask(daemon, "GET", "/nothing")).status).toBe(404);
  expect((await ask(daemon, "GET", "/logtail/%zz")).status).toBe(404);
  expect((await ask(daemon, "GET", "/logs/%zz")).status).toBe(400);
  expect((await ask(daemon, "GET", "/logtail/nosuch/stdout")).status).toBe(404);
  expect((await post("/rpc", "{}", { Origin: "http://evil.example" })).status).toBe(403);
  for (const method of ["supervisor.__proto__", "constructor", "supervisor._x", "toString"]) {
    const answer = await json(daemon, { jsonrpc: "2.0", id: 1, method, params: [] });
    expect(answer).toMatchObject({ error: { data: { fault: "UNKNOWN_METHOD" } } });
  }
  const wrong = { jsonrpc: "2.0", id: 1, method: "supervisor.startProcess", params: { nmae: "x" } };
  expect(await json(daemon, wrong)).toMatchObject({
    error: { data: { fault: "INCORRECT_PARAMETERS" } },
  });
  // Clients that hang up in the middle, of a request and of an answer.
  for (const text of [
    "POST /rpc HTTP/1.1\r\nContent-Le",
    "POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connectSocket(daemon.socket, () => socket.end(text, () => socket.destroy()));
      socket.on("close", () => resolve());
    });
  }
  expect((await daemon.info("cat")).statename).toBe("RUNNING");
  expect(daemon.log()).not.toContain("unexpected error");
});

test("the socket is for its owner only, and while the daemon goes down it says so", async () => {
  const daemon = await startDaemon(`
[program:lingering]
command=sh -c 'trap "" TERM; echo ready; while true; do sleep 0.1; done'
stopwaitsecs=2
startsecs=0
stdout_logfile=%(here)s/out.log
`);
  expect(statSync(daemon.socket).mode & 0o777).toBe(0o700);
  await eventually("the trap is set", () => daemon.file("out.log").includes("ready"));
  expect((await daemon.ctl("shutdown")).stdout).toBe("Shut down\n");
  await expect(daemon.all()).rejects.toMatchObject({ code: 6, message: "SHUTDOWN_STATE" });
  expect(await daemon.ctl("shutdown")).toMatchObject({
    code: 0,
    stdout: "ERROR: already shutting down\n",
  });
  expect(await daemon.ctl("status")).toMatchObject({ code: 1 });
});

test("a shutdown is answered, also when nothing runs, and ends followers of logs", async () => {
  for (let round = 0; round < 5; round++) {
    const daemon = await startDaemon("");
    const ended = new Promise((resolve) => daemon.child.on("exit", resolve));
    const following = daemon.client
      .follow("/mainlogtail", () => undefined, new AbortController().signal)
      .catch((error: unknown) => error);
    expect(await daemon.client.call("supervisor.shutdown", {})).toBe(true);
    expect(await ended).toBe(0);
    await following;
  }
});

test("a follower sees a log grow over rotations, from its last kilobyte on", async () => {
  const daemon = await startDaemon(`
[program:counter]
command=sh -c 'seq -w 1 1000; read go; seq -w 1001 9000'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/count.log
stdout_logfile_maxbytes=20KB
stdout_logfile_backups=3
`);
  await eventually("the first lines", () => daemon.file("count.log").includes("1000\n"));
  let text = "";
  const controller = new AbortController();
  const following = daemon.client.follow(
    "/logtail/counter/stdout",
    (chunk) => {
      text += chunk.toString();
    },
    controller.signal,
  );
  await eventually("the first kilobyte", () => text !== "");
  // The child reads the other end of its own stdin channel.
  const instance = readdirSync(`${daemon.dir}/run`)[0] ?? "";
  writeFileSync(`${daemon.dir}/run/${instance}/counter:counter.stdin`, "go\n");
  await eventually("the last line", () => text.endsWith("9000\n"));
  controller.abort();
  await following;
  expect(text.length).toBeGreaterThan(1_024);
  const numbers = text.trim().split("\n").slice(1).map(Number);
  expect(numbers.every((number, at) => at === 0 || number === (numbers[at - 1] ?? 0) + 1)).toBe(
    true,
  );
});
