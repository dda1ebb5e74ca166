import { expect, test } from "vitest";
import type { State } from "../../src/process/chart.ts";
import type { Exit } from "../../src/process/exit.ts";
import { type Ending, recordExit } from "../../src/process/record.ts";

const backoff: State = { name: "BACKOFF", retries: 1 };
const exited: State = { name: "EXITED", expected: true, restarting: false };
const stopped: State = { name: "STOPPED", retries: 0 };
const tooQuick = "Exited too quickly (process log may have details)";

test.each<[string, State, Exit, Ending]>([
  ["too quick, code 0", backoff, { code: 0 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["too quick, code 3", backoff, { code: 3 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["expected code", exited, { code: 2 }, { exitstatus: 2, spawnerr: undefined }],
  ["other code", exited, { code: 1 }, { exitstatus: 1, spawnerr: "Bad exit code 1" }],
  ["a signal", exited, { signal: "SIGSEGV" }, { exitstatus: -1, spawnerr: "Bad exit code -1" }],
  ["stopped, other code", stopped, { code: 1 }, { exitstatus: 1, spawnerr: undefined }],
  ["stopped by signal", stopped, { signal: "SIGTERM" }, { exitstatus: -1, spawnerr: undefined }],
])("the record of an end: %s", (_, to, exit, ending) => {
  expect(recordExit(to, exit, [0, 2])).toEqual(ending);
});
