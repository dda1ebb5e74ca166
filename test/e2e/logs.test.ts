import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { eventually, launch, startDaemon, tempDir } from "../support/daemon.ts";

test("a child can open /dev/stdout, /dev/stderr and /dev/stdin by name", async () => {
  const daemon = await startDaemon(`
[program:shell]
command=sh -c 'echo out > /dev/stdout && echo err > /dev/stderr && exec 3< /dev/stdin && echo in'
startsecs=0
autorestart=false
stdout_logfile=%(here)s/out.log
stderr_logfile=%(here)s/err.log
`);
  await daemon.state("shell", "EXITED");
  expect(daemon.file("out.log")).toBe("out\nin\n");
  expect(daemon.file("err.log")).toBe("err\n");
});

test("everything a child wrote before it died is in its log when its death is told", async () => {
  const daemon = await startDaemon(`
[program:quick]
command=sh -c 'seq 1 8000; printf "no newline at the end"'
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/out.log
autostart=false
`);
  for (let round = 1; round <= 20; round++) {
    await daemon.client.call("supervisor.startProcess", { name: "quick", wait: true });
    await daemon.state("quick", "EXITED");
    const wanted = `${Array.from({ length: 8_000 }, (_, i) => i + 1).join("\n")}\nno newline at the end`;
    expect(daemon.file("out.log")).toBe(wanted.repeat(round));
  }
});

test("what a grandchild writes after its parent is gone is logged too", async () => {
  const go = path.join(tempDir(), "go");
  makeFifos([go]);
  const daemon = await startDaemon(`
[program:parent]
command=sh -c '(read x < ${go} && echo from the grandchild) & echo parent'
startsecs=0
autorestart=false
stdout_logfile=%(here)s/out.log
`);
  await daemon.state("parent", "EXITED");
  expect(daemon.file("out.log")).toBe("parent\n");
  writeFileSync(go, "\n");
  await eventually("its words", () => daemon.file("out.log").includes("grandchild"));
  expect(daemon.file("out.log")).toBe("parent\nfrom the grandchild\n");
});

const numbered = (lines: number, width = 100) =>
  `awk 'BEGIN { for (i = 1; i <= ${lines}; i++) printf "%%s %%0${width - 8}d\\n", "w" ENVIRON["N"], i }'`;

test("ten processes share one log: no line torn, none lost, one rotation", async () => {
  const lines = 4_000;
  const daemon = await startDaemon(`
[program:worker]
command=${numbered(lines)}
process_name=%(program_name)s_%(process_num)d
environment=N="%(process_num)d"
numprocs=10
numprocs_start=0
autostart=true
autorestart=false
startsecs=0
redirect_stderr=true
stdout_logfile=%(here)s/%(program_name)s.log
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=9
stdout_capture_maxbytes=512MB
`);
  await eventually("all are done", async () =>
    (await daemon.all()).every(({ statename }) => statename === "EXITED"),
  );
  const files = readdirSync(daemon.dir).filter((name) => name.startsWith("worker.log"));
  const text = files.map((name) => daemon.file(name)).join("");
  const seen = text.trimEnd().split("\n");
  expect(seen).toHaveLength(10 * lines);
  for (let worker = 0; worker < 10; worker++) {
    const own = seen.filter((line) => line.startsWith(`w${worker} `));
    expect(new Set(own).size).toBe(lines);
    expect(own.every((line) => /^w\d 0*\d+$/.test(line) && line.length === 95)).toBe(true);
  }
  // One rotation for all: as many files as megabytes, not ten times as many.
  const megabytes = Buffer.byteLength(text) / 2 ** 20;
  expect(files.length).toBe(Math.ceil(megabytes));
}, 60_000);

test("rotation keeps so many backups, oldest last, and 0 backups empties the file", async () => {
  const daemon = await startDaemon(`
[program:kept]
command=${numbered(20_000)}
startsecs=0
autorestart=false
stdout_logfile=%(here)s/kept.log
stdout_logfile_maxbytes=200KB
stdout_logfile_backups=3
[program:emptied]
command=${numbered(20_000)}
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile=%(here)s/emptied.log
stdout_logfile_maxbytes=200KB
stdout_logfile_backups=0
`);
  await daemon.state("kept", "EXITED");
  await daemon.state("emptied", "EXITED");
  const files = readdirSync(daemon.dir)
    .filter((name) => name.startsWith("kept.log"))
    .sort();
  expect(files).toEqual(["kept.log", "kept.log.1", "kept.log.2", "kept.log.3"]);
  const joined = files
    .toReversed()
    .map((name) => daemon.file(name))
    .join("");
  const all = Array.from({ length: 20_000 }, (_, i) => `w ${String(i + 1).padStart(92, "0")}\n`);
  expect(all.join("").endsWith(joined)).toBe(true);
  for (const name of files.slice(1))
    expect(statSync(path.join(daemon.dir, name)).size).toBeGreaterThanOrEqual(204_800);
  expect(readdirSync(daemon.dir).filter((name) => name.startsWith("emptied"))).toEqual([
    "emptied.log",
  ]);
  expect(statSync(path.join(daemon.dir, "emptied.log")).size).toBeLessThan(270_336);
});

test("1 GB as fast as it comes: no byte is lost, and the status stays quick", async () => {
  const dir = tempDir();
  const block = path.join(dir, "block");
  // 16 MB of numbered lines, 64 times over.
  const lines = Array.from({ length: 2 ** 18 }, (_, i) => `${String(i).padStart(63, "0")}\n`);
  writeFileSync(block, lines.join(""));
  const names = Array(64).fill(block).join(" ");
  const daemon = await startDaemon(`
[program:flood]
command=sh -c 'cat ${names}'
startsecs=0
autorestart=false
autostart=false
redirect_stderr=true
stdout_logfile=%(here)s/flood.log
stdout_logfile_maxbytes=0
[program:other]
command=sleep 1000
startsecs=0
`);
  await daemon.client.call("supervisor.startProcess", { name: "flood", wait: false });
  let calls = 0;
  while ((await daemon.info("flood")).statename === "RUNNING") {
    await daemon.all();
    calls++;
  }
  const file = path.join(daemon.dir, "flood.log");
  expect(statSync(file).size).toBe(2 ** 30);
  const sum = (command: string) =>
    execFileSync("sh", ["-c", command], { encoding: "utf8" }).split(" ")[0];
  expect(sum(`sha1sum ${file}`)).toBe(sum(`cat ${names} | sha1sum`));
  // It answered all along: a daemon that only reads output would have answered once, at the end.
  expect(calls).toBeGreaterThan(5);
}, 120_000);

test("messages between capture tokens stay out of the log", async () => {
  const daemon = await startDaemon(`
[program:talker]
command=sh -c 'echo before; echo "<!--XSUPERVISOR:BEGIN-->secret<!--XSUPERVISOR:END-->after"'
startsecs=0
autorestart=false
stdout_capture_maxbytes=1MB
stdout_logfile=%(here)s/out.log
`);
  await daemon.state("talker", "EXITED");
  expect(daemon.file("out.log")).toBe("before\nafter\n");
  expect(daemon.log()).toContain("DEBG 'talker' stdout emitted a comm event");
});

test("AUTO logs are made for the owner only and removed at the next start", async () => {
  const daemon = await startDaemon(
    `
[program:auto]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
`,
    "identifier=mine",
  );
  const { stdout_logfile, stderr_logfile } = await daemon.state("auto", "RUNNING");
  expect(path.basename(stdout_logfile)).toMatch(/^auto-stdout---mine-[a-z0-9_]{8}\.log$/);
  expect(path.basename(stderr_logfile)).toMatch(/^auto-stderr---mine-[a-z0-9_]{8}\.log$/);
  expect(statSync(stdout_logfile).mode & 0o777).toBe(0o600);
  await eventually("output", () => readFileSync(stdout_logfile, "utf8") === "hello\n");
  await daemon.stop();
  expect(existsSync(stdout_logfile)).toBe(true);
  const next = await launch(daemon.dir, daemon.config);
  expect(existsSync(stdout_logfile)).toBe(false);
  await next.state("auto", "RUNNING");
});

test("AUTO logs are named, made and removed as supervisord does, and no other daemon's are", async () => {
  const dir = tempDir();
  const mine = "web-stdout---mine-abcdefgh.log";
  const others = ["not-mine", "mine2", "mine-too", "x---mine", "supervisor"].map(
    (identifier) => `web-stdout---${identifier}-abcdefgh.log`,
  );
  const rotated = [".1", ".10", ".2.gz", "-20261126.gz"].map((suffix) => mine + suffix);
  for (const name of [mine, ...rotated, ...others]) writeFileSync(path.join(dir, name), name);
  const programs = `
[program:web]
command=sh -c 'seq 100; exec sleep 1000'
startsecs=0
stdout_logfile_maxbytes=10
stdout_logfile_backups=2
`;
  const daemon = await startDaemon(programs, "identifier=mine\numask=000", { dir });
  const { stdout_logfile } = await daemon.state("web", "RUNNING");
  await eventually("a rotation", () => existsSync(`${stdout_logfile}.1`));
  const auto = () => readdirSync(dir).filter((name) => name.includes("---"));
  const [own, theirs] = [auto().filter((name) => !others.includes(name)), others];
  expect(auto().filter((name) => theirs.includes(name))).toEqual(theirs.toSorted());
  expect(own.map((name) => name.replace(/-[a-z0-9_]{8}/, "-X"))).toEqual([
    "web-stderr---mine-X.log",
    "web-stdout---mine-X.log",
    "web-stdout---mine-X.log.1",
  ]);
  await daemon.stop();
  // They stay until the next start, and with nocleanup after it.
  writeFileSync(
    daemon.config,
    readFileSync(daemon.config, "utf8").replace("[unix", "nocleanup=true\n[unix"),
  );
  const next = await launch(dir, daemon.config);
  await next.state("web", "RUNNING");
  expect(own.every((name) => existsSync(path.join(dir, name)))).toBe(true);
  await next.stop();
  writeFileSync(daemon.config, readFileSync(daemon.config, "utf8").replace("nocleanup=true", ""));
  const last = await launch(dir, daemon.config);
  await last.state("web", "RUNNING");
  expect(own.filter((name) => existsSync(path.join(dir, name)))).toEqual([]);
  expect(auto().filter((name) => theirs.includes(name))).toEqual(theirs.toSorted());
});

test("what is configured about logs and of no use is told in supervisord's words", async () => {
  const daemon = await startDaemon(`
[program:web]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=2
redirect_stderr=true
stdout_logfile_maxbytes=0
stderr_logfile=%(here)s/err.log
[program:fine]
command=sleep 1000
redirect_stderr=true
stderr_logfile=NONE
`);
  await daemon.stop();
  expect(daemon.log().match(/(?<=WARN )For .*/g)).toEqual([
    "For [program:web], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has been ignored",
    "For [program:web], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 to avoid filling up filesystem unintentionally",
  ]);
  expect(existsSync(path.join(daemon.dir, "err.log"))).toBe(false);
});

test("a full disk is survived, counted and told", async () => {
  const daemon = await startDaemon(`
[program:writer]
command=sh -c 'while true; do echo line; sleep 0.02; done'
startsecs=0
stdout_logfile=/dev/full
stdout_logfile_maxbytes=0
[program:other]
command=sleep 1000
startsecs=0
`);
  await eventually("the report", () =>
    daemon.log().includes("ERRO cannot write to /dev/full: ENOSPC"),
  );
  expect((await daemon.info("writer")).statename).toBe("RUNNING");
  expect((await daemon.info("other")).statename).toBe("RUNNING");
  expect(daemon.log().match(/cannot write to/g)).toHaveLength(1);
  await daemon.client.call("supervisor.stopProcess", { name: "writer", wait: true });
  await eventually("the loss", () =>
    /ERRO \d+ bytes of output for \/dev\/full were lost/.test(daemon.log()),
  );
});
