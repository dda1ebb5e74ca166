import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { History } from "../../src/ctl/history.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("what was typed is there for the next shell, for its user alone", () => {
  const state = temporaryFolder();
  const trouble = vi.fn();
  const open = () => new History(trouble, undefined, { XDG_STATE_HOME: state });
  const first = open();
  expect(first.lines).toEqual([]);
  for (const line of ["status", "", "stop web", "stop web", "open http://me:secret@host:1"]) {
    first.add(line);
  }
  const file = path.join(state, "drover/history");
  expect(readFileSync(file, "utf8")).toBe("status\nstop web\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(open().lines).toEqual(["stop web", "status"]);
  for (let n = 0; n < 1_100; n++) first.add(`status ${n}`);
  expect(open().lines).toHaveLength(1_000);
  expect(trouble).not.toHaveBeenCalled();
});

test("a history that cannot be kept is told of once", () => {
  const state = path.join(temporaryFolder(), "state");
  writeFileSync(state, "no folder");
  const trouble = vi.fn();
  const history = new History(trouble, undefined, { XDG_STATE_HOME: state });
  for (const line of ["one", "two"]) history.add(line);
  expect(history.lines).toEqual(["two", "one"]);
  expect(trouble).toHaveBeenCalledTimes(1);
  expect(trouble.mock.calls[0]?.[0]).toMatch(/^note: the history is not kept: Error: ENOTDIR/);
});

test("it may be kept elsewhere", () => {
  const file = path.join(temporaryFolder(), "my history");
  new History(() => undefined, file).add("status");
  expect(readFileSync(file, "utf8")).toBe("status\n");
});
