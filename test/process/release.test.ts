import { expect, test } from "vitest";
import { isScript, mayBeEntry, type Release, staleness } from "../../src/process/release.ts";

const release = (
  folder: string | [path: string, identity: string] | undefined,
  ...files: [string, string][]
): Release => {
  const origin = ([path, identity]: [string, string]) => ({ path, identity });
  const led = typeof folder === "string" ? ([folder, "1"] as [string, string]) : folder;
  return { folder: led && origin(led), files: files.map(origin) };
};

test.each<[string, Release, Release, string | undefined]>([
  ["nothing has changed", release("/r/1", ["/a", "1"]), release("/r/1", ["/a", "1"]), undefined],
  [
    "the folder's link leads elsewhere",
    release("/r/1", ["/a", "1"]),
    release("/r/2", ["/a", "2"]),
    "it runs in /r/1, and a start would in /r/2",
  ],
  [
    "the folder has been made anew",
    release(["/r/1", "1"]),
    release(["/r/1", "2"]),
    "/r/1 has been made anew since it was started",
  ],
  ["the folder is gone", release("/r/1"), release(undefined), undefined],
  [
    "a file has changed",
    release(undefined, ["/php", "1"], ["/a.php", "1"]),
    release(undefined, ["/php", "1"], ["/a.php", "2"]),
    "/a.php has changed since it was started",
  ],
  ["a file is gone", release(undefined, ["/a", "1"]), release(undefined, ["/a", ""]), undefined],
  [
    "a file has come",
    release(undefined, ["/a", ""]),
    release(undefined, ["/a", "1"]),
    "/a has changed since it was started",
  ],
])("%s", (_, then, now, expected) => {
  expect(staleness(then, now)).toBe(expected);
});

test.each<[string, number, boolean]>([
  ["/srv/artisan", 0o755, true],
  ["/srv/worker.php", 0o644, true],
  ["/srv/worker.mjs", 0o600, true],
  ["/var/log/app.log", 0o644, false],
  ["/etc/app.conf", 0o644, false],
])("%s with mode %o is run: %j", (path, mode, expected) => {
  expect(isScript(path, mode)).toBe(expected);
});

test("options and what cannot be a name are no files", () => {
  expect(["-c", "--x=1", "a\0b", "x".repeat(5_000)].filter(mayBeEntry)).toEqual([]);
  expect(["artisan", "queue:work"].every(mayBeEntry)).toBe(true);
});
