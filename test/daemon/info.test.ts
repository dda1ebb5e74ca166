import { expect, test } from "vitest";
import { infoOf } from "../../src/daemon/info.ts";

test.each<[uptimeMs: number, startedAt: number, shown: string]>([
  [0, 10_000, "0:00:00"],
  [999, 10_000, "0:00:00"],
  [1_000, 10_000, "0:00:01"],
  // Started late in a second: supervisord subtracts whole seconds.
  [99, 10_900, "0:00:00"],
  [100, 10_900, "0:00:01"],
  [1_100, 10_900, "0:00:02"],
])("a process that is up for %d ms since %d shows %s", (uptimeMs, startedAt, shown) => {
  const { description, now, start } = infoOf({
    config: { name: "web", group: "web" },
    state: "RUNNING",
    pid: 7,
    uptimeMs,
    nowMs: startedAt + uptimeMs,
    logs: { stdout: undefined, stderr: undefined },
    history: { spawnerr: "", exitstatus: 0, startedAt, stoppedAt: 0 },
  });
  expect(description).toBe(`pid 7, uptime ${shown}`);
  expect(Number(shown.at(-1))).toBe(now - start);
});
