import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { run, startDaemon } from "../support/daemon.ts";
import { available, supervisorctl } from "../support/peers.ts";
import { freePort } from "../support/sockets.ts";

const programs = (port: number) => `
[program:web]
command=sleep 1000
startsecs=0
autostart=false
[program:pool]
command=sleep 1000
startsecs=0
numprocs=2
process_name=p%(process_num)d
[inet_http_server]
port=127.0.0.1:${port}
username=ops
password=secret
`;

/** With the transport of supervisor's own package, to a Unix socket and to a server with a password. */
const script = `
import json, sys, xmlrpc.client
from supervisor.xmlrpc import SupervisorTransport
unix, inet = sys.argv[1:]
for transport in (SupervisorTransport(None, None, unix), SupervisorTransport("ops", "secret", inet)):
  server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
  print(json.dumps([
    server.getState()["statename"],
    server.startProcess("web"),
    server.getProcessInfo("web")["statename"],
    [info["name"] for info in server.getAllProcessInfo()],
    server.stopProcess("web"),
  ]))
  try: server.startProcess("nosuch")
  except xmlrpc.client.Fault as fault: print(fault.faultString)
`;

/** Debian's supervisor is a package of Debian's own Python. */
const PYTHON = "/usr/bin/python3";

describe.runIf(available("supervisorctl"))("clients that others have written", () => {
  test("Python's xmlrpc.client with supervisor's own transport", async () => {
    execFileSync(PYTHON, ["-c", "import supervisor.xmlrpc"]);
    const port = await freePort();
    const { socket } = await startDaemon(programs(port));
    const urls = [`unix://${socket}`, `http://127.0.0.1:${port}`];
    const { stdout, stderr } = await run(PYTHON, ["-c", script, ...urls]);
    expect(stderr).toBe("");
    const answers = JSON.stringify(["RUNNING", true, "RUNNING", ["p0", "p1", "web"], true]);
    const each = [answers.replaceAll(",", ", "), "BAD_NAME: nosuch"];
    expect(stdout.trim().split("\n")).toEqual([...each, ...each]);
  });

  /** Ansible's module makes these calls, and reads these words of the answers. */
  test("what Ansible's supervisorctl module asks", async () => {
    const { config } = await startDaemon(programs(await freePort()));
    const ask = async (...words: string[]) => {
      const { code, stdout } = await supervisorctl(config, ...words);
      return [code, stdout.replaceAll(/ {2,}.*/g, "").trim()];
    };
    expect(await ask("status", "web")).toEqual([3, "web"]);
    expect(await ask("status", "pool:")).toEqual([0, "pool:p0\npool:p1"]);
    expect(await ask("reread")).toEqual([0, "No config updates to processes"]);
    expect(await ask("update")).toEqual([0, ""]);
    expect(await ask("add", "web")).toEqual([0, "ERROR: process group already active"]);
    expect(await ask("start", "web")).toEqual([0, "web: started"]);
    expect(await ask("signal", "WINCH", "web")).toEqual([0, "web: signalled"]);
    expect(await ask("restart", "web")).toEqual([0, "web: stopped\nweb: started"]);
    expect(await ask("stop", "web")).toEqual([0, "web: stopped"]);
    expect(await ask("remove", "web")).toEqual([0, "web: removed process group"]);
    expect(await ask("status", "web")).toEqual([4, "web: ERROR (no such process)"]);
  });
});

test.runIf(available("curl"))("curl, on the Unix socket", async () => {
  const { socket } = await startDaemon(programs(await freePort()));
  const curl = async (path: string, ...words: string[]) => {
    const url = `http://localhost${path}`;
    const { stdout } = await run("curl", ["-sS", "--unix-socket", socket, url, ...words]);
    return stdout;
  };
  const call = { jsonrpc: "2.0", id: 1, method: "supervisor.getState" };
  expect(JSON.parse(await curl("/rpc", "-d", JSON.stringify(call)))).toEqual({
    ...{ jsonrpc: "2.0", id: 1, result: { statecode: 1, statename: "RUNNING" } },
  });
  const batch = [call, { ...call, id: 2, method: "nosuch" }, { ...call, id: undefined }];
  expect(JSON.parse(await curl("/rpc", "-d", JSON.stringify(batch)))).toMatchObject([
    { id: 1, result: { statename: "RUNNING" } },
    { id: 2, error: { code: -32_601, data: { fault: "UNKNOWN_METHOD" } } },
  ]);
  const xml = "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>";
  expect(await curl("/RPC2", "-d", xml)).toContain("<string>3.0</string>");
  expect(await curl("/nosuch", "-o", "/dev/null", "-w", "%{http_code}")).toBe("404");
});
