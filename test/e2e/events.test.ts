import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually, startDaemon, tempDir } from "../support/daemon.ts";
import { available, startSupervisord, supervisorctl } from "../support/peers.ts";
import { call } from "../support/pythoncalls.ts";

/**
 * Notes every event as it came. Of an event whose length is wrong it would not find the next. It has
 * answered by the time that an event can be seen, and when it is stopped it reads what it was sent.
 */
const RECORDER = `
import json, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: os.set_blocking(0, False))
stdin = sys.stdin.buffer
os.write(1, b"READY\\n")
while True:
    line = stdin.readline()
    if not line:
        break
    header = dict(token.split(":", 1) for token in line.decode().split())
    payload = stdin.read(int(header["len"])).decode()
    os.write(1, b"RESULT 2\\nOKREADY\\n")
    with open("events.jsonl", "a") as file:
        file.write(json.dumps([line.decode(), payload]) + "\\n")
`;

/** supervisord holds back what is no longer than a token. */
const rest = "b".repeat(40);
const message = `a<!--XSUPERVISOR:BEGIN-->to: all\\nof you<!--XSUPERVISOR:END-->${rest}`;

const story = `
[eventlistener:recorder]
command=python3 recorder.py
directory=%(here)s
events=EVENT
buffer_size=100
[program:long]
command=sleep 1000
autostart=false
startsecs=0
[program:bad]
command=sh -c "exit 3"
autostart=false
startsecs=60
startretries=1
[program:talker]
command=sh -c "printf '${message}'; exec sleep 1000"
autostart=false
startsecs=0
stdout_events_enabled=true
stdout_capture_maxbytes=1KB
`;

const read = (dir: string): string => {
  try {
    return readFileSync(path.join(dir, "events.jsonl"), "utf8");
  } catch {
    return "";
  }
};

/** One event without its pids, nor the digits that these have in its length. */
function withoutPids(line: string): string {
  const digits = [...line.matchAll(/pid:(\d+)/g)].reduce(
    (sum, [, pid = ""]) => sum + pid.length,
    0,
  );
  return line
    .replace(/pid:\d+/g, "pid:N")
    .replace(/len:(\d+)/, (_, length) => `len:${Number(length) - digits}`);
}

/** Lives the story under one of the daemons. @returns what the recorder was told, without pids and ticks */
async function live(dir: string, config: string, end: () => unknown): Promise<string[]> {
  const told = (what: string) => eventually(what, () => read(dir).includes(what), 30_000);
  const ctl = (...words: string[]) => supervisorctl(config, ...words);
  await told("processname:recorder groupname:recorder from_state:STARTING pid");
  await ctl("start", "long");
  await ctl("stop", "long");
  await told("processname:long groupname:long from_state:STOPPING");
  await ctl("remove", "long");
  await told("eventname:PROCESS_GROUP_REMOVED");
  await ctl("add", "long");
  await ctl("start", "bad");
  await told("eventname:PROCESS_STATE_FATAL");
  await ctl("start", "talker");
  await told(`channel:stdout\\n${rest}`);
  await call(dir, [["sendRemoteCommEvent", "greeting", "hello\nyou"]]);
  await told("type:greeting");
  await end();
  await told("eventname:SUPERVISOR_STATE_CHANGE_STOPPING");
  const lines = read(dir).split("\n");
  const events = lines.filter((line) => line && !line.includes("eventname:TICK")).map(withoutPids);
  const last = events.findIndex((line) => line.includes("SUPERVISOR_STATE_CHANGE_STOPPING"));
  return events.slice(0, last + 1).map((line) => line.replace(/(serial):\d+/g, "$1:N"));
}

test.runIf(available("supervisord"))(
  "a listener is told by both daemons the same",
  async () => {
    const dirs = [tempDir(), tempDir()] as const;
    for (const dir of dirs) writeFileSync(path.join(dir, "recorder.py"), RECORDER);
    const [daemon, peer] = await Promise.all([
      startDaemon(story, "", { dir: dirs[0] }),
      startSupervisord(story, dirs[1]),
    ]);
    const [ours, theirs] = await Promise.all([
      live(daemon.dir, daemon.config, () => daemon.stop()),
      live(peer.dir, peer.config, () => peer.child.kill("SIGTERM")),
    ]);
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(20);
  },
  90_000,
);
