import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { deviceOf, movable } from "../../src/os/logplace.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A folder with a file, a FIFO, and links to them and elsewhere. */
function folder() {
  const dir = temporaryFolder();
  const at = (name: string) => path.join(dir, name);
  mkdirSync(at("deep/folder"), { recursive: true });
  writeFileSync(at("file"), "");
  writeFileSync(at("deep/data"), "");
  makeFifos([at("fifo")]);
  const links = {
    "to-file": "file",
    "to-link": "to-file",
    "to-fifo": "fifo",
    "to-folder": "deep/folder",
    "to-nothing": "nothing",
    "to-stdout": "/dev/stdout",
    "to-descriptor": "/proc/self/fd/1",
    loop: "loop",
    "deep/folder/up": "../data",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, at(name));
  return at;
}

test("a log that is a file may be moved, where it really is, and so may one that is not there yet", () => {
  const at = folder();
  for (const name of ["file", "to-file", "to-link"]) expect(movable(at(name))).toBe(at("file"));
  for (const name of ["nothing", "to-nothing"]) expect(movable(at(name))).toBe(at("nothing"));
  expect(movable(at("to-folder/up"))).toBe(at("deep/data"));
  expect(movable(at("no/folder"))).toBe(at("no/folder"));
});

test("nothing else may be moved, whatever leads there", () => {
  const at = folder();
  const names = ["fifo", "to-fifo", "deep", "to-folder", "to-stdout", "to-descriptor", "loop"];
  const special = ["/dev/stdout", "/dev/stderr", "/dev/null", "/dev/no-such", "/proc/self/fd/2"];
  const all = [...names.map(at), ...special, at("../../../../../../dev/stdout"), "/dev/../dev/log"];
  expect(all.filter((file) => movable(file) !== undefined)).toEqual([]);
});

test.runIf(existsSync("/dev/shm"))("a file in shared memory is a file", () => {
  const file = `/dev/shm/drover-test-${process.pid}`;
  writeFileSync(file, "");
  onTestFinished(() => rmSync(file));
  expect(movable(file)).toBe(file);
});

test("a device is the same by every name, and a file is none", () => {
  const at = folder();
  const fifo = deviceOf(at("fifo"));
  expect(fifo).toMatch(/^\d+:\d+$/);
  expect(deviceOf(at("to-fifo"))).toBe(fifo);
  expect(deviceOf("/dev/null")).not.toBe(fifo);
  expect(deviceOf("/dev/stdout")).toMatch(/^\d+:\d+$/);
  for (const name of ["file", "to-file", "nothing", "no/folder", "loop"]) {
    expect(deviceOf(at(name))).toBeUndefined();
  }
});
