import { describe, expect, test } from "vitest";
import { program, rulesFor } from "./found.ts";

describe("option-alone", () => {
  test.each<[string, string]>([
    ["quiet_ready=30s", "quietsignal=USR2"],
    ["quiet_timeout=30s", "quietsignal=USR2"],
    ["healthcheck_interval=5s", "healthcheck=tcp:8080"],
    ["unhealthy_signal=QUIT", "output_timeout=5m"],
    ["unhealthy_action=none", "heartbeat_timeout=5m"],
    ["ready_timeout=5s", "ready=tcp:8080"],
  ])("%s needs %s", (line, need) => {
    const option = line.replace(/=.*/, "");
    const found = (...lines: string[]) =>
      rulesFor(program("sleep 1", ...lines)).filter((rule) => rule.startsWith("option-alone"));
    expect(found(line)).toEqual([`option-alone ${option}`]);
    expect(found(line, need)).toEqual([]);
  });
});
