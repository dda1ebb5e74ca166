import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { openNotifier } from "../../src/os/notify.ts";
import { eventually } from "./daemon.ts";

/** Not in Node, which has no such sockets: what systemd does when it listens. */
const program = `
import json, socket, struct, sys
name = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listener.bind("\\0" + name[1:] if name.startswith("@") else name)
print("null", flush=True)
while True:
    data, ancillary, _, _ = listener.recvmsg(65536, 64)
    pid, _, _ = struct.unpack("iII", ancillary[0][2])
    print(json.dumps({"pid": pid, "text": data.decode(errors="replace")}), flush=True)
`;

interface Notice {
  /** Of the sender, as the kernel says. */
  pid: number;
  text: string;
}

export interface Listener {
  /** All that has come, in its order. */
  received: Notice[];
  texts(): string[];
  /** Reads nothing from now on. */
  pause(): Promise<void>;
  resume(): void;
}

/** Listens on a datagram socket, `@` first in the kernel's own name space, until the test is over. */
export async function listen(address: string): Promise<Listener> {
  const child = spawn("python3", ["-c", program, address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const received: Notice[] = [];
  let isListening = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const notice: Notice | null = JSON.parse(line);
    if (notice) received.push(notice);
    isListening = true;
  });
  await eventually("it listens", () => isListening);
  return {
    received,
    texts: () => received.map(({ text }) => text),
    pause: () => freeze(child.pid ?? 0),
    resume: () => void child.kill("SIGCONT"),
  };
}

/** SIGSTOP, and waits until the process stands still. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await eventually("it stands still", () =>
    /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, "utf8")),
  );
}

/** Sends until a newcomer finds no room either: each sender has a limit of its own too. */
export function fill(address: string): void {
  for (;;) {
    const notifier = openNotifier(address);
    if (notifier?.send("filling") !== undefined) return;
    while (notifier?.send("filling") === undefined);
  }
}
