import { expect, test } from "vitest";
import { isRunning, isStopped, type StateName, stateCodes } from "../../src/process/states.ts";

test.each<[StateName, number, "running" | "stopped" | "neither"]>([
  ["STOPPED", 0, "stopped"],
  ["STARTING", 10, "running"],
  ["RUNNING", 20, "running"],
  ["BACKOFF", 30, "running"],
  ["STOPPING", 40, "neither"],
  ["EXITED", 100, "stopped"],
  ["FATAL", 200, "stopped"],
  ["UNKNOWN", 1000, "stopped"],
])("%s has supervisord's number %i and counts as %s", (state, code, set) => {
  expect(stateCodes[state]).toBe(code);
  expect(isRunning(state)).toBe(set === "running");
  expect(isStopped(state)).toBe(set === "stopped");
});
