import { describe, expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";
import { call } from "../support/pythoncalls.ts";

const programs = `
[program:echo]
command=cat
startsecs=0
stdout_logfile=%(here)s/echo.log
[program:deaf]
command=sleep 1000
startsecs=0
[program:shut]
command=sh -c 'exec <&-; exec 0<&-; echo shut; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/shut.log
[program:down]
command=cat
autostart=false
`;

const send = (name: string, chars: string) => ["sendProcessStdin", name, chars];

/** Cannot be stopped but by force. */
const slow = `
[program:slow]
command=sh -c 'trap "" TERM; while true; do sleep 0.1; done'
stopwaitsecs=3
startsecs=0
`;

describe.runIf(available("supervisord"))("beside the real supervisord", () => {
  test("sendProcessStdin gives the same answers and the same input", async () => {
    const peer = await startSupervisord(programs + slow);
    const ours = await startDaemon(programs + slow);
    const answers = [];
    for (const { dir } of [peer, ours]) {
      const read = async (name: string) =>
        (await call(dir, [["readProcessStdoutLog", name, 0, 0]]))[0];
      await eventually("its stdin is closed", async () => (await read("shut")) === "shut\n");
      const first = await call(dir, [
        send("echo", "one\n"),
        send("echo:echo", "zwei äöü €\n"),
        send("echo", ""),
        send("nosuch", "x"),
        send("echo:*", "x"),
        send("down", "x"),
        send("shut", "x"),
        ["sendProcessStdin", "echo"],
        ["stopProcess", "slow", false],
        send("slow", "x"),
      ]);
      await eventually("the echo", async () => (await read("echo")) === "one\nzwei äöü €\n");
      answers.push(first);
    }
    const [theirs = [], mine = []] = answers;
    // Which parameters are wrong drover says besides.
    expect(mine[7]).toEqual([2, expect.stringMatching(/^INCORRECT_PARAMETERS/)]);
    expect(mine.toSpliced(7, 1)).toEqual(theirs.toSpliced(7, 1));
  }, 60_000);
});

test("a text that is no text is refused first, as over JSON-RPC", async () => {
  const daemon = await startDaemon(programs);
  const bad = { name: "nosuch", chars: 7 as unknown as string };
  await expect(daemon.client.call("supervisor.sendProcessStdin", bad)).rejects.toMatchObject({
    code: 2,
  });
});

test("a program without a stdin to send to", async () => {
  const daemon = await startDaemon(`
[program:none]
command=cat
stdin=null
autorestart=false
startsecs=0
[program:idle]
command=sleep 1000
stdin=null
startsecs=0
`);
  await daemon.state("idle", "RUNNING");
  const sent = daemon.client.call("supervisor.sendProcessStdin", { name: "idle", chars: "x" });
  await expect(sent).rejects.toMatchObject({ code: 20, message: "NO_FILE: idle" });
});

test("a process that does not read costs a bounded queue, and no call waits", async () => {
  const daemon = await startDaemon(programs);
  await daemon.state("deaf", "RUNNING");
  const message = "x".repeat(300_000);
  const send = () =>
    daemon.client.call("supervisor.sendProcessStdin", { name: "deaf", chars: message });
  for (let i = 0; i < 3; i++) expect(await send()).toBe(true);
  await expect(send()).rejects.toMatchObject({
    code: 30,
    message:
      "FAILED: deaf does not read its stdin: at most 1048576 bytes wait for a process, nothing was sent",
  });
  // Its end takes what waits along, and the next one begins with nothing.
  await daemon.client.call("supervisor.stopProcess", { name: "deaf", wait: true });
  expect(daemon.log()).toMatch(/WARN 'deaf' has not read \d+ bytes of its stdin/);
});

test("a long text reaches a slow reader whole, and a restarted one gets none of the old", async () => {
  const daemon = await startDaemon(`
[program:lines]
command=sh -c 'while read x; do echo "$x"; done'
startsecs=0
stdout_logfile=%(here)s/lines.log
[program:first]
command=sh -c 'read x; echo "got $x"; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/first.log
`);
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"y".repeat(20)}\n`).join("");
  await daemon.state("lines", "RUNNING");
  await daemon.client.call("supervisor.sendProcessStdin", { name: "lines", chars: lines });
  await eventually("all lines", () => daemon.file("lines.log") === lines, 25_000);
  await daemon.state("first", "RUNNING");
  const old = `a\n${"old\n".repeat(50_000)}`;
  await daemon.client.call("supervisor.sendProcessStdin", { name: "first", chars: old });
  await eventually("it has read", () => daemon.file("first.log") === "got a\n");
  await daemon.client.call("supervisor.stopProcess", { name: "first", wait: true });
  await daemon.client.call("supervisor.startProcess", { name: "first", wait: true });
  await daemon.client.call("supervisor.sendProcessStdin", { name: "first", chars: "new\n" });
  await eventually("the new line", () => daemon.file("first.log") === "got a\ngot new\n");
}, 60_000);
