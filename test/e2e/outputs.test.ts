import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { closeFd, makeFifos, openForChild, readChannel } from "../../src/os/channels.ts";
import { configText, eventually, launch, startDaemon, tempDir } from "../support/daemon.ts";

test("each of several logs gets all of a stream, and the first file is the log of the process", async () => {
  const daemon = await startDaemon(`
[program:p]
command=sh -c 'seq 20000; printf "no end"'
startsecs=0
autorestart=false
stdout_logfile=/dev/null, %(here)s/a.log, %(here)s/b.log, AUTO
stdout_logfile_maxbytes=0
stderr_logfile=NONE
`);
  const { stdout_logfile: first } = await daemon.state("p", "EXITED");
  await daemon.stop();
  const wanted = `${Array.from({ length: 20_000 }, (_, n) => n + 1).join("\n")}\nno end`;
  expect(daemon.file("a.log")).toBe(wanted);
  expect(daemon.file("b.log")).toBe(wanted);
  const auto = readdirSync(daemon.dir).filter((name) => name.startsWith("p-stdout---"));
  expect(auto).toHaveLength(1);
  expect(daemon.file(auto[0] ?? "")).toBe(wanted);
  expect(first).toBe(path.join(daemon.dir, "a.log"));
});

test("the first file is read, and cleared, and the other places are left alone", async () => {
  const daemon = await startDaemon(`
[program:p]
command=sh -c 'echo before; read go; echo after; exec sleep 1000'
startsecs=0
stdout_logfile=/dev/null, %(here)s/a.log, %(here)s/b.log
`);
  await daemon.state("p", "RUNNING");
  await eventually("a line", () => daemon.file("b.log") === "before\n");
  const read = () =>
    daemon.client.call("supervisor.readProcessStdoutLog", { name: "p", offset: 0, length: 0 });
  expect(await read()).toBe("before\n");
  await daemon.client.call("supervisor.clearProcessLogs", { name: "p" });
  expect(await read()).toBe("");
  await daemon.client.call("supervisor.sendProcessStdin", { name: "p", chars: "go\n" });
  await eventually("the next", () => daemon.file("b.log") === "before\nafter\n");
  expect(await read()).toBe("after\n");
});

test("a file with a comma in its name is one file", async () => {
  const daemon = await startDaemon(`
[program:p]
command=echo here
startsecs=0
autorestart=false
stdout_logfile=%(here)s/a,b.log
`);
  await daemon.state("p", "EXITED");
  expect(daemon.file("a,b.log")).toBe("here\n");
});

test("two names of one file are one place", async () => {
  const daemon = await startDaemon(`
[program:p]
command=echo once
startsecs=0
autorestart=false
stdout_logfile=%(here)s/a.log, %(here)s/./a.log
`);
  await daemon.state("p", "EXITED");
  expect(daemon.file("a.log")).toBe("once\n");
});

/** A droverd whose stdout is a pipe that nobody reads until `read`. */
async function startOnPipe(programs: string) {
  const dir = tempDir();
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs, "loglevel=info\nsilent=true"));
  const pipe = path.join(dir, "stdout");
  makeFifos([pipe]);
  const fd = openForChild(pipe, undefined);
  const daemon = await launch(dir, config, { stdout: fd });
  let output = "";
  const read = () => {
    const reader = readChannel(
      pipe,
      (chunk) => {
        output += chunk.toString("latin1");
      },
      () => undefined,
    );
    return () => reader?.close();
  };
  return { daemon, read, output: () => output, hangUp: () => closeFd(fd) };
}

const numbers = (last: number) => Array.from({ length: last }, (_, n) => `${n + 1}\n`).join("");

test("a place that is full makes the others wait, and no byte is lost anywhere", async () => {
  const { daemon, read, output, hangUp } = await startOnPipe(`
[program:p]
command=sh -c 'seq 100000; touch done'
directory=%(here)s
startsecs=0
autorestart=false
stdout_logfile=%(here)s/a.log, /dev/stdout
stdout_logfile_maxbytes=0
`);
  await eventually("some", () => daemon.file("a.log").length > 60_000);
  // The pipe and the channel are full, and the child waits.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(existsSync(path.join(daemon.dir, "done"))).toBe(false);
  expect(daemon.file("a.log").length).toBeLessThan(588_895);
  const close = read();
  await daemon.state("p", "EXITED");
  await eventually("all of it", () => output().length >= 588_895);
  expect(output()).toBe(numbers(100_000));
  expect(daemon.file("a.log")).toBe(numbers(100_000));
  hangUp();
  close();
});
