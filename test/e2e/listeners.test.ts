import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { unless } from "../../src/os/errno.ts";
import { eventually, startDaemon, tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";
import { call } from "../support/pythoncalls.ts";

/**
 * Answers its first event as its name says, and all others well. Notes each before it answers; of the
 * last it is seen by then how the one before was taken.
 */
const LISTENER = `
import os, sys, time
mode = sys.argv[1]
stdin = sys.stdin.buffer
first = not os.path.exists(mode)
if mode == "early":
    os.write(1, b"hello\\n")
while True:
    os.write(1, b"READY\\n")
    line = stdin.readline()
    if not line:
        break
    header = dict(token.split(":", 1) for token in line.decode().split())
    data = stdin.read(int(header["len"])).decode().split("\\n")[1]
    with open(mode, "a") as file:
        file.write(header["serial"] + " " + data + "\\n")
    if first and mode == "dies":
        sys.exit(1)
    answers = {
        "fails": b"RESULT 4\\nFAIL",
        "garbage": b"GARBAGE and more\\n",
        "badlength": b"RESULT x\\nOK",
        "huge": b"RESULT 999999999\\nOK",
        "half": b"RESULT 2\\nO",
        "nothing": b"",
    }
    os.write(1, answers.get(mode, b"RESULT 2\\nOK") if first else b"RESULT 2\\nOK")
    if first and mode in ("huge", "half", "nothing"):
        time.sleep(1000)
    first = False
`;

/** How often each is sent an event when there are three. */
const modes = {
  well: 3,
  fails: 4,
  dies: 4,
  garbage: 1,
  badlength: 1,
  huge: 1,
  half: 1,
  nothing: 1,
  early: 0,
};
const names = Object.keys(modes) as (keyof typeof modes)[];

const pools = names
  .map(
    (mode) => `
[eventlistener:${mode}]
command=python3 listener.py ${mode}
directory=%(here)s
events=REMOTE_COMMUNICATION
buffer_size=3
startsecs=0
stderr_logfile=NONE
`,
  )
  .join("");

const read = (dir: string, name: string): string[] =>
  (unless(["ENOENT"], () => readFileSync(path.join(dir, name), "utf8")) ?? "")
    .split("\n")
    .filter((line) => line !== "");

const unknown =
  "has entered the UNKNOWN state and will no longer receive events, this usually indicates the " +
  "process violated the eventlistener protocol";

test.runIf(available("python3"))(
  "listeners that answer wrongly, late or never hold up nobody, and lose nothing that is not theirs",
  async () => {
    const dir = tempDir();
    writeFileSync(path.join(dir, "listener.py"), LISTENER);
    const daemon = await startDaemon(pools, "", { dir });
    const tell = (data: string) => call(dir, [["sendRemoteCommEvent", "greeting", data]]);
    await eventually("all are there", async () => {
      const all = await daemon.all();
      return all.every(({ statename }) => statename === "RUNNING");
    });
    await eventually("one is out", () => daemon.log().includes(`early: ${unknown}`));
    for (const data of ["one", "two", "three"]) {
      await tell(data);
      await eventually(data, () => read(dir, "well").some((line) => line.endsWith(data)));
    }
    for (const mode of names) {
      await eventually(`${mode}`, () => read(dir, mode).length === modes[mode]);
    }
    // An event comes again with its serial, before those that wait.
    const [one, two, three] = read(dir, "well");
    expect(read(dir, "fails")).toEqual([one, one, two, three]);
    expect(read(dir, "dies")).toEqual([one, one, two, three]);
    const warnings = daemon
      .log()
      .split("\n")
      .filter((line) => / WARN (?!exited)/.test(line))
      .map((line) => line.replace(/^.* WARN /, ""));
    expect(warnings.toSorted()).toEqual([
      "badlength: bad result line: 'RESULT x'",
      `badlength: ${unknown}`,
      `early: ${unknown}`,
      "fails: event was rejected",
      "garbage: bad result line: 'GARBAGE and more'",
      `garbage: ${unknown}`,
      "huge: bad result line: 'RESULT 999999999'",
      `huge: ${unknown}`,
    ]);

    // Whoever answers nothing has one, and three wait.
    for (let n = 0; n < 5; n++) await tell(`more ${n}`);
    const dropped = async (name: string) =>
      (await daemon.client.call("supervisor.getProcessInfo", { name })).dropped_events;
    expect(await dropped("nothing")).toBe(4);
    expect(await dropped("well")).toBe(0);
    await eventually("all of them", () => read(dir, "well").length === 8);
    expect((await daemon.ctl("why", "nothing")).stdout).toContain(
      "events that found no room in its pool: 4\n",
    );
  },
  60_000,
);

/** As people write them with supervisor's own helpers. */
const HELPERS = `
import os, sys
from supervisor import childutils
kind = sys.argv[1]
rpc = childutils.getRPCInterface(os.environ)
while True:
    headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
    if kind == "crashmail":
        values, data = childutils.eventdata(payload + "\\n")
        text = "%(groupname)s:%(processname)s died from %(from_state)s" % values if values["expected"] == "0" else ""
    elif kind == "watch":
        states = {each["name"]: each["statename"] for each in rpc.supervisor.getAllProcessInfo()}
        text = ""
        if states["victim"] == "EXITED":
            rpc.supervisor.startProcess("victim", False)
            text = "started victim again at " + childutils.get_headers(payload)["when"]
    else:
        text = childutils.get_headers(payload)["processname"] + " is fatal"
    childutils.listener.ok(sys.stdout)
    if text:
        with open(kind, "a") as file:
            file.write(text + "\\n")
`;

test.runIf(available("supervisord"))(
  "listeners with supervisor's own helpers mail, watch and restart",
  async () => {
    const dir = tempDir();
    writeFileSync(path.join(dir, "helpers.py"), HELPERS);
    const pool = (kind: string, events: string) => `
[eventlistener:${kind}]
command=/usr/bin/python3 helpers.py ${kind}
directory=%(here)s
events=${events}
startsecs=0
`;
    const daemon = await startDaemon(
      `${pool("crashmail", "PROCESS_STATE_EXITED")}${pool("watch", "TICK_5")}
${pool("batch", "PROCESS_STATE_FATAL")}
[program:victim]
command=cat
startsecs=0
autorestart=false
[program:bad]
command=sh -c "exit 3"
startsecs=60
startretries=0
autostart=false
`,
      "",
      { dir },
    );
    const { pid } = await daemon.state("victim", "RUNNING");
    await daemon.ctl("start", "bad");
    await eventually("it is told", () => read(dir, "batch").includes("bad is fatal"));
    process.kill(pid, "SIGKILL");
    await eventually("the mail", () => read(dir, "crashmail").length > 0);
    expect(read(dir, "crashmail")).toEqual(["victim:victim died from RUNNING"]);
    await eventually("it is back", () => read(dir, "watch").length > 0);
    expect(read(dir, "watch")[0]).toMatch(/^started victim again at \d+$/);
    expect((await daemon.state("victim", "RUNNING")).pid).not.toBe(pid);
  },
  60_000,
);

test.runIf(available("python3"))(
  "prefetch= gives a listener events ahead, and none is lost when it dies, refuses or breaks off",
  async () => {
    const script = `
import os, sys
stdin = sys.stdin.buffer
def once(name):
    if os.path.exists(name):
        return False
    open(name, "w").close()
    return True
os.write(1, b"READY\\n")
while True:
    line = stdin.readline()
    header = dict(token.split(":", 1) for token in line.decode().split())
    number = stdin.read(int(header["len"])).decode().split("\\n")[1]
    if number == "7" and once("died"):
        os._exit(1)
    with open("seen", "a") as file:
        file.write(number + "\\n")
    if number == "20" and once("broken"):
        os.write(1, b"garbage\\n")
        os._exit(1)
    answer = b"RESULT 4\\nFAIL" if number == "30" and once("failed") else b"RESULT 2\\nOK"
    os.write(1, answer + b"READY\\n")
`;
    const dir = tempDir();
    writeFileSync(path.join(dir, "listener.py"), script);
    const daemon = await startDaemon(
      `
[eventlistener:quick]
command=python3 %(here)s/listener.py
directory=%(here)s
events=REMOTE_COMMUNICATION
buffer_size=1000
prefetch=8
startsecs=0
`,
      "",
      { dir },
    );
    await daemon.state("quick", "RUNNING");
    const numbers = Array.from({ length: 60 }, (_, number) => String(number));
    for (const data of numbers) {
      await daemon.client.call("supervisor.sendRemoteCommEvent", { type: "t", data });
    }
    const seen = await eventually("all of them", () => {
      const lines = daemon.file("seen").trimEnd().split("\n");
      return new Set(lines).size === numbers.length ? lines : undefined;
    });
    expect([...new Set(seen)]).toEqual(numbers);
    // Twice comes what was seen and not done, and no other.
    const twice = seen.filter((number, at) => seen.indexOf(number) !== at);
    expect(twice.sort()).toEqual(["20", "30"]);
  },
);
