import { spawnSync } from "node:child_process";
import { test } from "vitest";

const missing = spawnSync("python3", ["--version"]).error !== undefined;

/** A test against the real Python. Without python3 it is skipped and says so; in CI it fails. */
export const testWithPython: typeof test = (
  missing && process.env.CI !== "true" ? test.skip : test
) as typeof test;

export const needsPython = missing ? " (SKIPPED unless CI=true: there is no python3)" : "";

/**
 * Runs a Python program once: `given` is its variable, and what it leaves in `answer` comes back.
 * @throws when python3 is missing or the program fails
 */
export function askPython(program: string, given: unknown): unknown {
  const script = `import json, sys\ngiven = json.load(sys.stdin)\n${program}\njson.dump(answer, sys.stdout)\n`;
  const { error, status, stdout, stderr } = spawnSync("python3", ["-X", "utf8", "-c", script], {
    input: JSON.stringify(given),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`python3 failed:\n${stderr}`);
  return JSON.parse(stdout);
}
