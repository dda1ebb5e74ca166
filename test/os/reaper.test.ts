import { expect, test } from "vitest";
import { native } from "../../src/os/native.ts";
import { exitOf } from "../../src/os/reaper.ts";
import { root, run } from "../support/daemon.ts";

test.each([
  [0, { code: 0 }],
  [127 << 8, { code: 127 }],
  [255 << 8, { code: 255 }],
  [15, { signal: "SIGTERM" }],
  [9, { signal: "SIGKILL" }],
  [11 | 0x80, { signal: "SIGSEGV", coreDumped: true }],
  // Of several names supervisord says these.
  [6, { signal: "SIGABRT" }],
  [17, { signal: "SIGCHLD" }],
  [29, { signal: "SIGPOLL" }],
  [34, { signal: "SIGRTMIN" }],
  [64, { signal: "SIGRTMAX" }],
  [35, { signal: "signal 35" }],
])("the status %i of wait(2) is %j", (status, exit) => {
  expect(exitOf(status)).toEqual(exit);
});

test.runIf(native())(
  "what goes wrong in telling of one end does not keep the others from being told",
  async () => {
    // In a process of its own: what is not caught there is for the daemon to log.
    const script = `
    import { native } from "./dist/os/native.js";
    import { posixSpawn } from "./dist/os/posixspawn.js";
    import { Reaper } from "./dist/os/reaper.js";
    const library = native();
    const reaper = new Reaper(library);
    process.on("uncaughtException", (error) => console.log(error.message));
    const call = { file: "/bin/true", argv: ["true"], env: {}, cwd: undefined, stdio: [], softFiles: undefined };
    for (const number of [1, 2, 3]) {
      reaper.watch(posixSpawn(library, call), {
        collected: () => console.log("collected"),
        died() {
          if (number < 3) throw new Error("bug");
          console.log("told");
          clearInterval(alive);
        },
      });
    }
    const alive = setInterval(() => undefined, 1_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // all are dead by then
  `;
    const node = [process.execPath, "--input-type=module", "-e", script];
    const { stdout } = await run("sh", ["-c", 'cd "$0" && exec "$@"', root, ...node]);
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, 3)).toEqual(["collected", "collected", "collected"]);
    expect(lines.slice(3).sort()).toEqual(["bug", "bug", "told"]);
  },
);
