// How long reading a large configuration takes, beside the real supervisord: 1,000 programs in 200
// included files, each round in a fresh process, both in turn. Quote the ratio; build first.
//   npm run build && node bench/config.mjs [rounds]

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const dist = new URL("../dist/", import.meta.url);
const rounds = Number(process.argv[2] ?? 9);

const program = (n) => `[program:worker${n}]
command=/usr/bin/php %(here)s/artisan queue:work --queue=q${n} --tries=3
process_name=%(program_name)s_%(process_num)02d
numprocs=2
directory=/srv
user=www-data
autorestart=true
startsecs=5
stopwaitsecs=60
environment=APP_ENV="prod",QUEUE="q${n}",HOME="%(ENV_HOME)s"
redirect_stderr=true
stdout_logfile=%(here)s/%(program_name)s.log ; the log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=5
`;

function generate(dir) {
  mkdirSync(path.join(dir, "conf.d"));
  for (let file = 0; file < 200; file++) {
    const programs = Array.from({ length: 5 }, (_, n) => program(file * 5 + n)).join("\n");
    writeFileSync(path.join(dir, "conf.d", `${String(file).padStart(3, "0")}.ini`), programs);
  }
  const main = path.join(dir, "main.conf");
  writeFileSync(main, "[supervisord]\n[include]\nfiles=conf.d/*.ini\n");
  return main;
}

const ours = (file) => `
const { loadConfig } = await import("${dist}config/load.js");
const { glob } = await import("${dist}os/glob.js");
const { machine } = await import("${dist}os/machine.js");
const { readText } = await import("${dist}os/text.js");
const start = performance.now();
const { groups } = loadConfig(${JSON.stringify(file)}, { read: readText, glob }, machine());
console.log(performance.now() - start, groups.length);`;

const theirs = (file) => `
import time
from supervisor.options import ServerOptions
start = time.time()
options = ServerOptions()
options.realize(["-c", ${JSON.stringify(file)}])
print((time.time() - start) * 1000, len(options.process_group_configs))`;

function measure(command, args, cwd) {
  const [milliseconds, groups] = execFileSync(command, args, { cwd, encoding: "utf8" }).split(" ");
  if (Number(groups) !== 1000) throw new Error(`${command} read ${groups} groups`);
  return Number(milliseconds);
}

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];

const dir = mkdtempSync(path.join(tmpdir(), "drover-bench-"));
try {
  const file = generate(dir);
  const times = { drover: [], supervisord: [] };
  for (let round = 0; round < rounds; round++) {
    const node = ["--input-type=module", "-e", ours(file)];
    times.drover.push(measure(process.execPath, node, dir));
    times.supervisord.push(measure("/usr/bin/python3", ["-c", theirs(file)], dir));
  }
  const [a, b] = [median(times.drover), median(times.supervisord)];
  console.log(
    `drover ${a.toFixed(0)} ms, supervisord ${b.toFixed(0)} ms: x${(a / b).toFixed(2)} (medians of ${rounds})`,
  );
} finally {
  rmSync(dir, { recursive: true });
}
