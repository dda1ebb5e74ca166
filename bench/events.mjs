// How many events a second one listener is given that answers at once: droverd, without and with
// prefetch=, and supervisord beside it. node bench/events.mjs [events] [rounds]
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [events = 60_000, rounds = 3] = process.argv.slice(2).map(Number);
const droverd = path.resolve(import.meta.dirname, "../bin/droverd.js");

const listener = `
import os, sys, time
folder, count = sys.argv[1], int(sys.argv[2])
read, write = sys.stdin.buffer, sys.stdout.buffer
while not os.path.exists(folder + "/go"): time.sleep(0.002)
write.write(b"READY\\n"); write.flush()
for number in range(count):
    head = read.readline()
    read.read(int(head[head.rindex(b":") + 1:]))
    write.write(b"RESULT 2\\nOKREADY\\n")
    write.flush()
open(folder + "/done", "w").close()
`;

const one =
  "<value><struct><member><name>methodName</name><value>supervisor.sendRemoteCommEvent</value></member>" +
  "<member><name>params</name><value><array><data><value>t</value><value>hello</value></data></array>" +
  "</value></member></struct></value>";
const BATCH = 500;
const call = (name, params = "") =>
  `<?xml version='1.0'?><methodCall><methodName>${name}</methodName><params>${params}</params></methodCall>`;
const batch = call(
  "system.multicall",
  `<param><value><array><data>${one.repeat(BATCH)}</data></array></value></param>`,
);

const post = (socketPath, body) =>
  new Promise((resolve, reject) => {
    const headers = { "Content-Type": "text/xml", "Content-Length": body.length };
    const asked = { socketPath, path: "/RPC2", method: "POST", headers, agent: false };
    const outgoing = request(asked, (response) => response.resume().on("end", resolve));
    outgoing.on("error", reject).end(body);
  });

async function until(condition) {
  while (!(await condition())) await sleep(5);
}

/** @returns events a second */
async function measure({ command, more }) {
  const dir = mkdtempSync(path.join(os.tmpdir(), "bench-events-"));
  const file = path.join(dir, "d.conf");
  const script = path.join(dir, "listener.py");
  writeFileSync(script, listener);
  writeFileSync(
    file,
    `[supervisord]
logfile=${dir}/d.log
pidfile=${dir}/d.pid
[unix_http_server]
file=${dir}/d.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[eventlistener:l]
command=/usr/bin/python3 ${script} ${dir} ${events}
events=REMOTE_COMMUNICATION
buffer_size=1000000
startsecs=0
${more}
`,
  );
  const env = { ...process.env, XDG_RUNTIME_DIR: dir };
  const daemon = spawn(command[0], [...command.slice(1), "-n", "-c", file], {
    stdio: "ignore",
    env,
  });
  try {
    const socket = path.join(dir, "d.sock");
    const answers = () =>
      post(socket, call("supervisor.getPID")).then(
        () => true,
        () => false,
      );
    await until(answers);
    for (let sent = 0; sent < events; sent += BATCH) await post(socket, batch);
    await sleep(1_000);
    const began = performance.now();
    writeFileSync(path.join(dir, "go"), "");
    await until(() => existsSync(path.join(dir, "done")));
    return events / ((performance.now() - began) / 1_000);
  } finally {
    const ended = new Promise((resolve) => daemon.on("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

const subjects = {
  supervisord: { command: ["/usr/bin/supervisord"], more: "" },
  droverd: { command: ["node", droverd], more: "" },
  "droverd, prefetch=32": { command: ["node", droverd], more: "prefetch=32" },
};

const rates = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, subject] of Object.entries(subjects)) rates[name].push(await measure(subject));
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const peer = median(rates.supervisord);
for (const [name, found] of Object.entries(rates)) {
  console.log(
    `${name}: ${Math.round(median(found))} events/s, x${(median(found) / peer).toFixed(2)}`,
  );
}
