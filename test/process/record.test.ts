import { expect, test } from "vitest";
import type { State } from "../../src/process/chart.ts";
import type { Exit } from "../../src/process/exit.ts";
import { type Ending, recordExit } from "../../src/process/record.ts";

const starting: State = { name: "STARTING", retries: 0, spawned: true };
const running: State = { name: "RUNNING" };
const stopping: State = { name: "STOPPING", retries: 0 };
const tooQuick = "Exited too quickly (process log may have details)";

test.each<[string, State, Exit, Ending]>([
  ["too quick, code 0", starting, { code: 0 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["too quick, code 3", starting, { code: 3 }, { exitstatus: 0, spawnerr: tooQuick }],
  ["expected code", running, { code: 2 }, { exitstatus: 2, spawnerr: undefined }],
  ["other code", running, { code: 1 }, { exitstatus: 1, spawnerr: "Bad exit code 1" }],
  ["a signal", running, { signal: "SIGSEGV" }, { exitstatus: -1, spawnerr: "Bad exit code -1" }],
  ["stopped, other code", stopping, { code: 1 }, { exitstatus: 1, spawnerr: undefined }],
  ["stopped by signal", stopping, { signal: "SIGTERM" }, { exitstatus: -1, spawnerr: undefined }],
])("the record of an end: %s", (_, from, exit, ending) => {
  expect(recordExit(from, exit, [0, 2])).toEqual(ending);
});
