// How long `status` takes while one program floods its rotated log, beside the real supervisord: both
// in turn, the same XML-RPC call on a new connection every 5 ms. Build first; quote the ratio.
//   npm run build && node bench/flood.mjs [seconds] [option=value for the flooding program ...]

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [seconds = "10", ...options] = process.argv.slice(2);
const droverd = new URL("../bin/droverd.js", import.meta.url).pathname;
const call = "<methodCall><methodName>supervisor.getAllProcessInfo</methodName></methodCall>";

const config = (dir, lines) => `[supervisord]
nodaemon=true
logfile=${dir}/main.log
pidfile=${dir}/pid
childlogdir=${dir}
[unix_http_server]
file=${dir}/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:flood]
command=yes ${"x".repeat(98)}
stdout_logfile=${dir}/flood.log
stdout_logfile_maxbytes=50MB
stdout_logfile_backups=10
${lines.join("\n")}
[program:quiet]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=50
`;

/** @returns milliseconds */
function ask(socketPath) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "text/xml", "Content-Length": call.length };
    const answered = (response) => {
      response.on("end", () => resolve(performance.now() - start)).resume();
    };
    request({ socketPath, path: "/RPC2", method: "POST", headers, agent: false }, answered)
      .on("error", reject)
      .end(call);
  });
}

async function untilAnswers(socketPath) {
  for (let tries = 0; tries < 200; tries++) {
    const time = await ask(socketPath).catch(() => undefined);
    if (time !== undefined) return;
    await sleep(50);
  }
  throw new Error("no answer within 10 s");
}

/** CPU seconds of a process so far. */
const cpuOf = (pid) => {
  const [, rest] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = rest.split(" ").slice(11, 13).map(Number);
  return (user + system) / 100;
};

async function measure(name, command, lines) {
  const dir = mkdtempSync(path.join(tmpdir(), "drover-bench-"));
  try {
    writeFileSync(path.join(dir, "c.conf"), config(dir, lines));
    const daemon = spawn(command[0], [...command.slice(1), "-n", "-c", path.join(dir, "c.conf")], {
      stdio: "ignore",
    });
    const socket = path.join(dir, "s.sock");
    await untilAnswers(socket);
    const times = [];
    const end = performance.now() + Number(seconds) * 1000;
    while (performance.now() < end) {
      times.push(await ask(socket));
      await sleep(5);
    }
    const cpu = cpuOf(daemon.pid);
    const gone = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await gone;
    const sorted = times.toSorted((a, b) => a - b);
    const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(1);
    console.log(
      `${name}: ${times.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
        `longest ${at(1)} ms, ${cpu.toFixed(1)} CPU s`,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

await measure("supervisord", ["/usr/bin/supervisord"], []);
await measure("drover", [process.execPath, droverd], options);
