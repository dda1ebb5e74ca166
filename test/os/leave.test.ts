import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { native } from "../../src/os/native.ts";
import { root, run, tempDir } from "../support/daemon.ts";

/** Opens a FIFO that nobody writes to, in a thread, which then stands still. */
const script = (fifo: string, before: string) => `
  import { open } from "node:fs";
  import { leaveWithin } from "./dist/os/leave.js";
  import { withoutNative } from "./dist/os/native.js";
  ${before}
  open(${JSON.stringify(fifo)}, "r", () => undefined);
  process.exitCode = 7;
  leaveWithin(50, process.exitCode);
`;

test.each([
  [native() ? 7 : 137, ""],
  [137, "withoutNative();"],
])("a process that cannot end by itself ends with %i %s", async (code, before) => {
  const fifo = path.join(tempDir(), "fifo");
  execFileSync("mkfifo", [fifo]);
  const node = [process.execPath, "--input-type=module", "-e", script(fifo, before)];
  const ended = await run("sh", ["-c", 'cd "$0" && "$@"; exit $?', root, ...node]);
  expect(ended.code).toBe(code);
});
