import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Backup,
  backupPath,
  isFull,
  parseBackup,
  planCompression,
  planRetention,
  planRotation,
} from "../../src/logs/rotation.ts";

type Files = Map<string, string>;

const backupsIn = (files: Files, path: string): Backup[] =>
  [...files.keys()].flatMap((name) => parseBackup(path, name) ?? []);

/** Does what the steps say to files, given as a map from path to content. @returns what was dropped */
function rotate(files: Files, path: string, backups: number): string[] {
  const dropped: string[] = [];
  const drop = (name: string) => {
    const content = files.get(name);
    if (content) dropped.push(content);
    files.delete(name);
  };
  for (const step of planRotation(path, backups, backupsIn(files, path))) {
    if (step.do === "remove") drop(step.path);
    else if (step.do === "truncate") {
      drop(path);
      files.set(path, "");
    } else {
      const content = files.get(step.from);
      if (content === undefined) throw new Error(`${step.from} is not there`);
      drop(step.to);
      files.delete(step.from);
      files.set(step.to, content);
    }
  }
  return dropped;
}

const plain = (...numbers: number[]): Backup[] => numbers.map((n) => ({ n, gz: false }));
const gz = (...numbers: number[]): Backup[] => numbers.map((n) => ({ n, gz: true }));

test("the newest backup is .1, and the oldest is overwritten", () => {
  expect(planRotation("/l/web.log", 3, plain(1, 2, 3))).toEqual([
    { do: "rename", from: "/l/web.log.2", to: "/l/web.log.3" },
    { do: "rename", from: "/l/web.log.1", to: "/l/web.log.2" },
    { do: "rename", from: "/l/web.log", to: "/l/web.log.1" },
  ]);
});

describe("a rotation", () => {
  test.each<[string, number, Backup[], string[]]>([
    [
      "moves compressed ones too",
      3,
      [...plain(1), ...gz(2)],
      ["f.2.gz>f.3.gz", "f.1>f.2", "f>f.1"],
    ],
    [
      "drops the last one that is of another form",
      2,
      [...plain(1), ...gz(2)],
      ["-f.2.gz", "f.1>f.2", "f>f.1"],
    ],
    [
      "drops the last one that has not been compressed yet",
      3,
      [...gz(2), ...plain(1, 3)],
      ["-f.3", "f.2.gz>f.3.gz", "f.1>f.2", "f>f.1"],
    ],
    ["leaves a gap where one is missing", 3, plain(2, 3), ["f.2>f.3", "f>f.1"]],
    ["keeps the last one while nothing takes its place", 3, plain(3), ["f>f.1"]],
    ["leaves alone what has a higher number", 1, plain(1, 2, 7), ["f>f.1"]],
    [
      "moves both forms of one number",
      3,
      [...plain(1), ...gz(1)],
      ["f.1.gz>f.2.gz", "f.1>f.2", "f>f.1"],
    ],
    ["has one to drop where only one is kept", 1, gz(1), ["-f.1.gz", "f>f.1"]],
  ])("%s", (_, backups, existing, expected) => {
    const steps = planRotation("f", backups, existing).map((step) => {
      if (step.do === "truncate") return "truncate";
      return step.do === "remove" ? `-${step.path}` : `${step.from}>${step.to}`;
    });
    expect(steps).toEqual(expected);
  });

  test.each([[0], [-1]])("with %i backups empties the log", (backups) => {
    expect(planRotation("/l/web.log", backups, plain(1))).toEqual([{ do: "truncate" }]);
  });
});

test("of any number of generations, compressed or not, the last ones are kept, in order", () => {
  const generation = fc.record({
    /** How many of the compressions that are due get done before the next rotation. */
    compressed: fc.nat(3),
    missing: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 5 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(generation), (backups, generations) => {
      const files: Files = new Map();
      const lost = new Set<string>();
      for (const [index, { compressed, missing }] of generations.entries()) {
        files.set("log", `generation ${index}`);
        for (const content of rotate(files, "log", backups)) lost.add(content);
        expect(files.has("log")).toBe(false);
        for (const { n } of planCompression(backupsIn(files, "log"), backups).slice(
          0,
          compressed,
        )) {
          files.set(`log.${n}.gz`, files.get(`log.${n}`) ?? "");
          files.delete(`log.${n}`);
        }
        const existing = backupsIn(files, "log");
        expect(existing.length).toBeLessThanOrEqual(backups);
        expect(new Set(existing.map(({ n }) => n)).size).toBe(existing.length);
        // The higher the number, the older; and nothing is lost but what is older than all of them.
        const ages = existing
          .toSorted((a, b) => a.n - b.n)
          .map((backup) => Number(files.get(backupPath("log", backup))?.slice(11)));
        expect(ages).toEqual(ages.toSorted((a, b) => b - a));
        if (missing !== undefined) {
          for (const form of [`log.${missing}`, `log.${missing}.gz`]) {
            const content = files.get(form);
            if (content) lost.add(content);
            files.delete(form);
          }
        }
        expect(files.size + lost.size).toBe(index + 1);
      }
    }),
  );
});

test("nothing is dropped before there are as many as are kept", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(8), (backups, generations) => {
      const files: Files = new Map();
      for (let n = 1; n <= Math.min(backups, generations); n++) {
        files.set("log", `generation ${n}`);
        expect(rotate(files, "log", backups)).toEqual([]);
      }
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

test.each<[string, Backup | undefined]>([
  ["web.log.1", { n: 1, gz: false }],
  ["web.log.12.gz", { n: 12, gz: true }],
  ["web.log", undefined],
  ["web.log.0", undefined],
  ["web.log.01", undefined],
  ["web.log.1.gz.part", undefined],
  ["web.log.1.bz2", undefined],
  ["web.log.-1", undefined],
  ["web.log.old", undefined],
  ["web2log.1", undefined],
  ["web.log.99999999999999999999", undefined],
])("%s among the rotated logs of web.log", (name, expected) => {
  expect(parseBackup("web.log", name)).toEqual(expected);
});

test.each<[string, Backup[], number, number[]]>([
  ["the newest stays", plain(1, 2, 3), 10, [3, 2]],
  ["one that is the only one does not", plain(1), 1, [1]],
  ["what is compressed already is not again", [...plain(1, 2), ...gz(2, 3)], 10, []],
  ["what is not kept is left alone", plain(1, 2, 9), 3, [2]],
  ["there may be none", [], 10, []],
])("what is to be compressed: %s", (_, existing, backups, expected) => {
  expect(planCompression(existing, backups).map(({ n }) => n)).toEqual(expected);
});

test("what is too old goes, and the next to go is known", () => {
  const files = [10, 20, 30].map((mtimeMs) => ({ mtimeMs }));
  expect(planRetention(files, 5, 24)).toEqual({ remove: [{ mtimeMs: 10 }], nextMs: 25 });
  expect(planRetention(files, 5, 25).remove).toHaveLength(2);
  expect(planRetention(files, 5, 99)).toEqual({ remove: files, nextMs: Infinity });
  expect(planRetention([], 5, 99)).toEqual({ remove: [], nextMs: Infinity });
});
