// Puts what droverctl shows of a small fleet into README.md: `npm run capture`. It takes tmux.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const root = path.resolve(import.meta.dirname, "..");
const dir = mkdtempSync(path.join(os.tmpdir(), "drover-capture-"));
const config = path.join(dir, "drover.conf");
const program = (name) => path.join(root, "bin", `${name}.js`);

writeFileSync(
  config,
  `[supervisord]
rundir=%(here)s/run
logfile=%(here)s/droverd.log
childlogdir=%(here)s
[program:worker]
command=sh -c 'i=0; while :; do i=$((i+1)); echo "done job $i"; sleep 0.7; done'
numprocs=10
process_name=%(program_name)s_%(process_num)d
log_timestamps=iso
[program:thumbs]
command=sh -c 'dd if=/dev/zero bs=1M count=40 status=none | tail -c 40M | sleep 1000'
stopasgroup=true
[program:mail]
command=sh -c 'echo "connecting to smtp://mail:25"; sleep 1.3; echo "ECONNREFUSED 10.0.0.7:25" >&2; exit 3'
startsecs=1
backoff_min=20s
restart_delay=20s
[program:report]
command=true
startsecs=0
autorestart=false
`,
);

/** What a terminal shows after a while of running droverctl, without blanks at the ends. */
async function screen(words, { columns = 92, rows = 30, afterMs = 1_500 } = {}) {
  const tmux = (...args) =>
    execFileSync("tmux", ["-S", path.join(dir, "tmux"), "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
  const line = ["node", program("droverctl"), "-c", config, ...words].map((word) => `'${word}'`);
  tmux("new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, `${line.join(" ")}; exec cat`);
  await sleep(afterMs);
  const text = tmux("capture-pane", "-p").replaceAll(/ +$/gm, "").trimEnd();
  tmux("kill-server");
  return text.replaceAll(dir, "/etc/drover");
}

const captures = {
  status: () => screen(["status"]),
  top: () => screen(["top", "--fold", "--sort", "memory"], { afterMs: 3_000 }),
  why: () => screen(["why", "mail"]),
  logs: () => screen(["logs", "worker:worker_0", "mail", "-n", "3"]),
};

const daemon = spawn("node", [program("droverd"), "-n", "-c", config], { stdio: "ignore" });
try {
  await sleep(5_000);
  let readme = readFileSync(path.join(root, "README.md"), "utf8");
  for (const [name, capture] of Object.entries(captures)) {
    const place = new RegExp(`(<!-- capture: ${name} -->\n\`\`\`\n)[^]*?(\n\`\`\`\n)`);
    if (!place.test(readme)) throw new Error(`README.md has no place for ${name}`);
    const text = await capture();
    readme = readme.replace(place, (_, before, after) => before + text + after);
  }
  writeFileSync(path.join(root, "README.md"), readme);
} finally {
  const ended = new Promise((resolve) => daemon.on("exit", resolve));
  daemon.kill("SIGTERM");
  await ended;
  rmSync(dir, { recursive: true, force: true });
}
