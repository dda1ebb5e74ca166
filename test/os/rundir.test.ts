import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { removeFolder } from "../../src/os/rundir.ts";
import { temporaryFolder } from "../support/temporary.ts";

test.each([
  ["files", ["a", "b"], []],
  ["nothing", [], []],
  ["what nobody expected there", ["a"], ["folder/in/it"]],
])("a folder of %s is removed", (_, files, folders) => {
  const dir = path.join(temporaryFolder(), "run");
  mkdirSync(dir);
  for (const folder of folders) mkdirSync(path.join(dir, folder), { recursive: true });
  for (const file of files) writeFileSync(path.join(dir, file), "");
  removeFolder(dir);
  expect(existsSync(dir)).toBe(false);
});

test("a folder that is not there is no fault", () => {
  removeFolder(path.join(temporaryFolder(), "nothing"));
});
