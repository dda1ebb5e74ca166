import fc from "fast-check";
import { expect, test } from "vitest";
import { isFull, planRotation } from "../../src/logs/rotation.ts";

/** What the steps make of files, given as a map from path to content. */
function rotate(files: Map<string, string>, path: string, backups: number): void {
  for (const step of planRotation(path, backups)) {
    if (step.do === "truncate") {
      files.set(path, "");
      continue;
    }
    const content = files.get(step.from);
    if (content === undefined) continue;
    files.delete(step.from);
    files.set(step.to, content);
  }
}

test("the newest backup is .1, and the oldest is overwritten", () => {
  expect(planRotation("/l/web.log", 3)).toEqual([
    { do: "rename", from: "/l/web.log.2", to: "/l/web.log.3" },
    { do: "rename", from: "/l/web.log.1", to: "/l/web.log.2" },
    { do: "rename", from: "/l/web.log", to: "/l/web.log.1" },
  ]);
});

test.each([[0], [-1]])("with %i backups the log is emptied", (backups) => {
  expect(planRotation("/l/web.log", backups)).toEqual([{ do: "truncate" }]);
});

test("of any number of generations the last ones are kept, in order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(12), (backups, generations) => {
      const files = new Map<string, string>();
      for (let n = 1; n <= generations; n++) {
        files.set("log", `generation ${n}`);
        rotate(files, "log", backups);
      }
      const kept = Math.min(backups, generations);
      const expected = Array.from({ length: kept }, (_, n): [string, string] => [
        `log.${n + 1}`,
        `generation ${generations - n}`,
      ]);
      expect([...files].sort()).toEqual(expected);
    }),
  );
});

test.each<[number | undefined, number, boolean]>([
  [99, 100, false],
  [100, 100, true],
  [250, 100, true],
  [0, 100, false],
  [1e12, 0, false],
  [undefined, 100, false],
])("a log of %s bytes with a limit of %i is rotated: %s", (size, maxBytes, full) => {
  expect(isFull(size, maxBytes)).toBe(full);
});
