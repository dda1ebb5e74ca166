import { expect, test } from "vitest";
import type { Exit } from "../../src/process/exit.ts";
import {
  describeCause,
  type Ending,
  recordExit,
  type Stop,
  whyGivenUp,
} from "../../src/process/record.ts";
import type { State } from "../../src/process/step.ts";
import { plainPolicy } from "../support/policy.ts";

const backoff: State = { name: "BACKOFF", retries: 1 };
const exited: State = { name: "EXITED", retries: 0, expected: true, restarting: false };
const stopped: State = { name: "STOPPED", retries: 0 };
const fatal: State = { name: "FATAL", because: "shutdown" };
const tooQuick = "Exited too quickly (process log may have details)";

test.each<[string, State, Exit, Ending]>([
  ["too quick, code 0", backoff, { code: 0 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["too quick, code 3", backoff, { code: 3 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["too quick, as the daemon goes down", fatal, { code: 3 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["expected code", exited, { code: 2 }, { exitstatus: 2, spawnerr: undefined }],
  ["other code", exited, { code: 1 }, { exitstatus: 1, spawnerr: "Bad exit code 1" }],
  ["a signal", exited, { signal: "SIGSEGV" }, { exitstatus: -1, spawnerr: "Bad exit code -1" }],
  ["nobody knows", exited, { unknown: true }, { exitstatus: -1, spawnerr: "Bad exit code -1" }],
  ["stopped, other code", stopped, { code: 1 }, { exitstatus: 1, spawnerr: undefined }],
  ["stopped by signal", stopped, { signal: "SIGTERM" }, { exitstatus: -1, spawnerr: undefined }],
])("the record of an end: %s", (_, to, exit, ending) => {
  expect(recordExit(to, exit, [0, 2])).toEqual(ending);
});

test("a process that was given up by restart_limit says so", () => {
  const policy = { ...plainPolicy, restart_limit: { count: 3, windowMs: 90_000 } };
  const limited: State = { name: "FATAL", because: "restart_limit" };
  expect(whyGivenUp(limited, policy)).toBe("more than 3 restarts in 90s (restart_limit)");
  expect(whyGivenUp({ name: "FATAL", because: "startretries" }, policy)).toBeUndefined();
  expect(whyGivenUp(fatal, policy)).toBeUndefined();
  expect(whyGivenUp(exited, policy)).toBeUndefined();
  // The limit may have been taken out of the configuration since.
  expect(whyGivenUp(limited, plainPolicy)).toBeUndefined();
});

const recycled: Stop = { reason: "max_lifetime of 1h", killed: false };

test.each<[Exit, Stop | undefined, boolean, string]>([
  [{ code: 0 }, undefined, false, "exit status 0"],
  [{ code: 1 }, undefined, false, "exit status 1"],
  [{ code: 127 }, undefined, false, "exit status 127: the command could not be run"],
  [{ signal: "SIGSEGV" }, undefined, false, "terminated by SIGSEGV"],
  [
    { signal: "SIGSEGV", coreDumped: true },
    undefined,
    false,
    "terminated by SIGSEGV (core dumped)",
  ],
  [{ unknown: true }, undefined, false, "exit status unknown"],
  [
    { signal: "SIGKILL" },
    undefined,
    true,
    "out of memory: the kernel killed it (terminated by SIGKILL)",
  ],
  [{ code: 0 }, recycled, false, "stopped by max_lifetime of 1h (exit status 0)"],
  [{ code: 127 }, recycled, false, "stopped by max_lifetime of 1h (exit status 127)"],
  [
    { signal: "SIGKILL" },
    { reason: "a request", killed: true },
    false,
    "stopped by a request (terminated by SIGKILL, killed as it did not end when asked)",
  ],
])("the cause of %j, with %j and out of memory %s, reads %j", (exit, stop, oomKilled, cause) => {
  expect(describeCause(exit, stop, oomKilled)).toBe(cause);
});
