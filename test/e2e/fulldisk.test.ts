import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { describe, expect } from "vitest";
import type { LostBytes } from "../../src/rpc/results.ts";
import { droverctl, eventually, run, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { loopDisk, memoryDisk, needsDisks, testWithDisks } from "../support/disks.ts";
import { lossesIn } from "../support/marks.ts";
import { terminalTarget } from "../support/targets.ts";

const SIZE = 2 ** 20;
const read = (file: string) => (existsSync(file) ? readFileSync(file, "latin1") : "");

const lost = async (daemon: TestDaemon, name: string): Promise<LostBytes> =>
  (await daemon.client.call("supervisor.getProcessInfo", { name })).lost_bytes;

/** What a client of supervisord's gets. */
async function askXml(daemon: TestDaemon, method: string, name: string | undefined) {
  const params = name === undefined ? "" : `<param><value>${name}</value></param>`;
  const body =
    `<methodCall><methodName>supervisor.${method}</methodName>` +
    `<params>${params}</params></methodCall>`;
  const curl = ["-s", "--unix-socket", daemon.socket, "http://localhost/RPC2", "-d", body];
  return (await run("curl", [...curl, "-H", "Content-Type: text/xml"])).stdout;
}

/** The entries of the daemon's log that are for programs and are not exits. */
const entries = (daemon: TestDaemon, name: string) =>
  daemon
    .log()
    .split("\n")
    .filter((line) => line.includes(`"${name}"`))
    .map((line) => JSON.parse(line));

/** What `status` says on a terminal, and beside it on stderr. */
async function statusOnTerminal(daemon: TestDaemon) {
  const terminal = await terminalTarget();
  const fd = terminal.open();
  let [stdout, stderr] = ["", ""];
  terminal.read((chunk) => {
    stdout += chunk;
  });
  const words = [droverctl, "-c", daemon.config, "status"];
  const ctl = spawn(process.execPath, words, { stdio: ["ignore", fd, "pipe"] });
  closeSync(fd);
  ctl.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  await once(ctl, "close");
  await eventually("the lines", () => stdout.includes("\n"));
  return { stdout, stderr };
}

const counting = (log: string, more = "") => `
[program:counter]
command=sh -c 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.002; done'
startsecs=0
stdout_logfile=${log}
stdout_logfile_maxbytes=0
${more}
[program:other]
command=sh -c 'while true; do echo tick; sleep 0.01; done'
startsecs=0
stdout_logfile=%(here)s/other.log
`;

/** All that the counter has written, by what its log ends with. */
function counted(log: string): string {
  const last = Number(/line (\d+)\n$/.exec(log)?.[1]);
  return Array.from({ length: last }, (_, n) => `line ${n + 1}\n`).join("");
}

describe.each([
  ["memory", memoryDisk],
  ["a loop device", loopDisk],
])(`a full disk: %s${needsDisks}`, (_, make) => {
  testWithDisks("costs lines, which are counted, told and marked, and nothing else", async () => {
    const disk = make(SIZE);
    const file = disk.at("counter.log");
    const daemon = await startDaemon(counting(file), "log_format=json\nloglevel=info");
    await eventually("lines", () => read(file).includes("line 10\n"));
    expect(await lost(daemon, "counter")).toEqual({ stdout: 0, stderr: 0 });
    const free = disk.fill();
    await eventually("losses", async () => (await lost(daemon, "counter")).stdout > 1_000);
    const ticks = daemon.file("other.log").length;
    await eventually("the other program", () => daemon.file("other.log").length > ticks + 100);

    // More than one, where what is taken from the disk frees some of it for a moment.
    const failings = entries(daemon, "LOG_FAILING");
    const failing = { level: 40, logfile: file, errno: "ENOSPC", waits: false };
    expect(failings).toEqual(failings.map(() => expect.objectContaining(failing)));
    expect(failings).not.toEqual([]);
    for (const method of ["getProcessInfo", "getAllProcessInfo"]) {
      const xml = await askXml(daemon, method, method === "getProcessInfo" ? "counter" : undefined);
      expect(xml).toContain("<name>stdout_logfile</name>");
      expect(xml).not.toContain("lost_bytes");
    }
    const listed = await daemon.client.call("supervisor.getAllProcessInfo", {});
    expect(listed.map((info) => "lost_bytes" in info)).toEqual([true, false]);
    const plain = await daemon.ctl("status");
    expect(plain.stderr).toBe("");
    const shown = await statusOnTerminal(daemon);
    const table = stripVTControlCharacters(shown.stdout);
    expect(table).toMatch(/\ncounter .*running.*\nother .*\n$/);
    expect(shown.stderr).toMatch(
      /^note: counter: \d+ bytes of its stdout were lost: its log could not be written\n$/,
    );

    free();
    await eventually("the mark", () => /\[drover: \d+ bytes/.test(read(file)));
    await eventually("lines after it", () => /\]\nline/.test(read(file)));
    await daemon.client.call("supervisor.stopProcess", { name: "counter", wait: true });
    const { stdout } = await lost(daemon, "counter");
    await eventually("the last line", () => /line \d+\n$/.test(read(file)));
    const log = read(file);
    const losses = lossesIn(log, counted(log));
    expect(losses.lost).toBe(stdout);
    // Two, where the first was cut off by the end of the disk.
    expect(new Set(losses.errnos)).toEqual(new Set(["ENOSPC"]));
    const recoveries = entries(daemon, "LOG_RECOVERED");
    const recovered = { level: 30, logfile: file };
    expect(recoveries).toEqual(failings.map(() => expect.objectContaining(recovered)));
    expect(recoveries.reduce((sum, { lost_bytes }) => sum + Number(lost_bytes), 0)).toBe(stdout);
  });

  testWithDisks("with log_full=block costs time only", async () => {
    const disk = make(2 * SIZE);
    const file = disk.at("loud.log");
    const fill = disk.fill();
    writeFileSync(file, "");
    const daemon = await startDaemon(`
[program:loud]
command=seq -f "line %%08g" 1 50000
startsecs=0
autorestart=false
log_full=block
stdout_logfile=${file}
stdout_logfile_maxbytes=0
[program:other]
command=sh -c 'while true; do echo tick; sleep 0.01; done'
startsecs=0
stdout_logfile=%(here)s/other.log
`);
    await eventually("the report", () =>
      daemon.log().includes(`ERRO cannot write to ${file}: ENOSPC; who writes to it waits`),
    );
    const ticks = daemon.file("other.log").length;
    await eventually("the other program", () => daemon.file("other.log").length > ticks + 200);
    expect((await daemon.info("loud")).statename).toBe("RUNNING");
    fill();
    const wanted = Array.from(
      { length: 50_000 },
      (_, n) => `line ${String(n + 1).padStart(8, "0")}\n`,
    ).join("");
    await eventually("all lines", () => statSync(file).size >= wanted.length);
    expect(read(file) === wanted).toBe(true);
    expect(await lost(daemon, "loud")).toEqual({ stdout: 0, stderr: 0 });
    await eventually("the good news", () =>
      daemon.log().includes(`writing to ${file} again; nothing was lost`),
    );
  });

  testWithDisks(
    "holds up the end of the daemon for a moment, and what is lost is told",
    async () => {
      const disk = make(SIZE);
      const file = disk.at("brief.log");
      disk.fill();
      const daemon = await startDaemon(`
[program:brief]
command=sh -c 'seq -w 1 9000; exec sleep 1000'
startsecs=0
log_full=block
stdout_logfile=${file}
stdout_logfile_maxbytes=0
`);
      await eventually("the report", () => daemon.log().includes("who writes to it waits"));
      await eventually("sleep", async () => {
        const { pid } = await daemon.info("brief");
        return readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n";
      });
      const asked = performance.now();
      expect(await daemon.stop()).toBe(0);
      expect(performance.now() - asked).toBeLessThan(6_000);
      const told = new RegExp(`(\\d+) bytes of output for ${file} were lost`).exec(daemon.log());
      expect(Number(told?.[1]) + statSync(file).size).toBe(45_000);
    },
  );
});
