import { expect, test } from "vitest";
import { describeExit, type Exit, exitStatus, isExpected } from "../../src/process/exit.ts";

test.each<[Exit, number, string]>([
  [{ code: 0 }, 0, "exit status 0"],
  [{ code: 127 }, 127, "exit status 127"],
  [{ signal: "SIGKILL" }, -1, "terminated by SIGKILL"],
  [{ signal: "SIGABRT", coreDumped: true }, -1, "terminated by SIGABRT (core dumped)"],
  [{ signal: "SIGABRT", coreDumped: false }, -1, "terminated by SIGABRT"],
  [{ signal: "signal 35" }, -1, "terminated by signal 35"],
  [{ unknown: true }, -1, "exit status unknown"],
])("%j has status %i and reads %j", (exit, status, text) => {
  expect(exitStatus(exit)).toBe(status);
  expect(describeExit(exit)).toBe(text);
});

test.each<[Exit, number[], boolean]>([
  [{ code: 0 }, [0], true],
  [{ code: 2 }, [0, 2], true],
  [{ code: 1 }, [0, 2], false],
  [{ code: 0 }, [], false],
  [{ signal: "SIGTERM" }, [0, 15, 143], false],
  [{ signal: "SIGTERM" }, [-1], false],
  [{ unknown: true }, [0, -1], false],
])("%j with exitcodes %j is expected: %s", (exit, exitcodes, expected) => {
  expect(isExpected(exit, exitcodes)).toBe(expected);
});
