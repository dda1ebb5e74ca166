import { readFileSync } from "node:fs";
import http from "node:http";
import { expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { greeter, pair, program } from "../support/fcgi.ts";
import { available, startSupervisord } from "../support/peers.ts";
import { descriptorOf, freePort, listensOn } from "../support/sockets.ts";

/** What is in the log since the start but times, pids and a line that depends on the moment. */
const told = (log: string, dir: string): string[] =>
  log
    .slice(log.indexOf("supervisord started with pid"))
    .replaceAll(dir, "DIR")
    .replaceAll(/pid \d+/g, "pid N")
    .split("\n")
    .flatMap((line) => /^\S+ \S+ ((?:INFO|WARN|CRIT|ERRO) .*)$/.exec(line)?.[1] ?? [])
    .filter((line) => !/waiting for \S+ to stop|^INFO audit: /.test(line));

/** Starts or stops a process by XML-RPC, which supervisorctl would take half a second for. */
function ask(dir: string, act: "start" | "stop", name: string): Promise<string> {
  const params = `<params><param><value><string>${name}</string></value></param></params>`;
  const method = `<methodName>supervisor.${act}Process</methodName>`;
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "text/xml" };
    const options = { socketPath: `${dir}/d.sock`, path: "/RPC2", method: "POST", headers };
    const request = http.request(options, async (response) => {
      let answer = "";
      for await (const chunk of response) answer += chunk;
      if (answer.includes("<boolean>1</boolean>")) resolve(answer);
      else reject(new Error(answer));
    });
    request.on("error", reject);
    request.end(`<methodCall>${method}${params}</methodCall>`);
  });
}

/** Goes through the life of a socket, and tells what there was to see. */
async function walkThrough(dir: string) {
  const log = () => readFileSync(`${dir}/droverd.log`, "utf8");
  /** The pid of a process's latest start, once it is what it shall be: until then it hears no signal. */
  const up = (name: string, starts: number) =>
    eventually(`start ${starts} of ${name}`, () => {
      const pids = log().match(new RegExp(`(?<=spawned: '${name}' with pid )\\d+`, "g")) ?? [];
      const running = log().match(new RegExp(`success: ${name} entered RUNNING`, "g")) ?? [];
      if (pids.length < starts || running.length < starts) return undefined;
      const pid = Number(pids.at(-1));
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(greeter) ? pid : undefined;
    });
  const restarted = async (name: string, starts: number) => {
    await ask(dir, "start", name);
    return up(name.slice(name.indexOf(":") + 1), starts);
  };
  await eventually("its end", () => log().includes("missing entered FATAL"));
  const pids = [await restarted("f:f0", 1), await restarted("f:f1", 1)];
  const [first = "", second] = pids.map((pid) => descriptorOf(pid, 0));
  const listening = listensOn(first);
  await ask(dir, "stop", "f:f1");
  await restarted("f:f1", 2);
  await ask(dir, "stop", "f:f0");
  await ask(dir, "stop", "f:f1");
  await restarted("f:f1", 3);
  await ask(dir, "stop", "f:f1");
  process.kill(await restarted("single", 1), "SIGKILL");
  await up("single", 2);
  await ask(dir, "stop", "single");
  return { same: second === first, listening, lines: told(log(), dir) };
}

test("beside supervisord the socket is the same, and so are the lines of the log", async ({
  skip,
}) => {
  if (!available("supervisord")) skip();
  const port = await freePort();
  const programs = `
${program(`socket=unix://%(here)s/f.sock${pair}\nautostart=false`)}
${program(`socket=tcp://LOCALHOST:${port}\nautostart=false\nautorestart=true`, "single")}
${program("socket=unix://%(here)s/m\ncommand=/nonexistent/program\nstartretries=0", "missing")}
`;
  const peer = await startSupervisord(programs);
  const theirs = await walkThrough(peer.dir);
  // They share the port.
  peer.child.kill("SIGTERM");
  await eventually("its end", () => peer.child.exitCode !== null);
  const daemon = await startDaemon(programs);
  const ours = await walkThrough(daemon.dir);
  expect(theirs).toMatchObject({ same: true, listening: `${peer.dir}/f.sock` });
  expect(ours).toMatchObject({ same: true, listening: `${daemon.dir}/f.sock` });
  expect(ours.lines).toEqual(theirs.lines);
  expect(ours.lines.filter((line) => line.includes("socket"))).toHaveLength(10);
});
