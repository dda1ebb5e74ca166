import { expect, test } from "vitest";
import { rules } from "../../../src/config/lint/lint.ts";
import { problemsOf } from "./found.ts";

test("every rule has an id of its own and says what it is for", () => {
  const ids = rules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, doc } of rules) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
    expect(doc).toMatch(/\.$/);
  }
});

test("problems are in the order of the file", () => {
  const body = [
    "[program:b]",
    "command=cron",
    "[program:a]",
    "command=npm run worker",
    "environment=JOB_TIMEOUT=60",
  ].join("\n");
  expect(problemsOf(body).map(({ line, rule }) => [line, rule])).toEqual([
    [3, "goes-to-background"],
    [4, "stop-cuts-jobs"],
    [5, "stop-leaves-children"],
  ]);
});

test("a configuration without programs has no problems", () => {
  expect(problemsOf("")).toEqual([]);
});
