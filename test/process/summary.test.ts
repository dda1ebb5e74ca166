import { expect, test } from "vitest";
import { type StateName, stateCodes } from "../../src/process/states.ts";
import { summarize } from "../../src/process/summary.ts";

const times = (count: number, state: StateName): StateName[] => Array(count).fill(state);

test.each<[StateName[], string]>([
  [[], "no processes"],
  [times(12, "RUNNING"), "12 running"],
  [["FATAL", ...times(11, "RUNNING"), "BACKOFF", "RUNNING"], "12 running, 1 backoff, 1 fatal"],
  [["STOPPED", "EXITED", "STOPPED"], "1 exited, 2 stopped"],
  [
    Object.keys(stateCodes) as StateName[],
    "1 running, 1 starting, 1 stopping, 1 backoff, 1 fatal, 1 exited, 1 stopped, 1 unknown",
  ],
])("%j -> %s", (states, expected) => {
  expect(summarize(states)).toBe(expected);
});
