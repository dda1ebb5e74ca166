import fc from "fast-check";
import { expect, test } from "vitest";
import { findCycle, needsFirst, stopSteps } from "../../src/process/needs.ts";

/** `a: b c` on each line: a needs b and c. */
function graph(text: string) {
  const needs = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [name = "", ...others] = line.split(/[: ]+/).filter(Boolean);
    needs.set(name, others);
  }
  const of = (name: string) => needs.get(name) ?? [];
  const dependents = (name: string) => [...needs.keys()].filter((each) => of(each).includes(name));
  return { all: [...needs.keys()], of, dependents };
}

test.each<[string, string | undefined]>([
  ["a: b\nb: c\nc:", undefined],
  ["a: b c\nb: d\nc: d\nd:", undefined],
  ["a: a", "a a"],
  ["a: b\nb: a", "a b a"],
  ["x: a\na: b\nb: c\nc: a", "a b c a"],
  ["a: z b\nz:\nb: z a", "a b a"],
])("%j goes round by %j", (text, expected) => {
  const { all, of } = graph(text);
  expect(findCycle(all, of)?.join(" ")).toBe(expected);
});

test("a chain of ten thousand is no trouble", () => {
  const all = Array.from({ length: 10_000 }, (_, at) => at);
  const next = (at: number) => (at < 9_999 ? [at + 1] : []);
  expect(findCycle(all, next)).toBeUndefined();
  expect(findCycle(all, (at) => [(at + 1) % 10_000])).toHaveLength(10_001);
});

test.each<[string, string]>([
  ["a:\nb:\nc:", "a b c"],
  ["a: c\nb:\nc:", "c a b"],
  ["a: b\nb: c\nc:\nd: a", "c b a d"],
  ["a: gone\nb:", "a b"],
])("of %j the order of starting is %j", (text, expected) => {
  const { all, of } = graph(text);
  expect(needsFirst(all, of).join(" ")).toBe(expected);
});

test.each<[string, string[], string]>([
  ["a:\nb:\nc:\nd:", ["a b", "c d"], "a b | c d"],
  ["a: c\nb:\nc:", ["c b", "a"], "b | a | c"],
  ["a: b\nb:", ["a b"], "a | b"],
  ["a: b\nb: c\nc:", ["c", "b", "a"], "a | b | c"],
  ["a: b\nb: a", ["a b", "c"], "c | a b"],
])("what %j says is stopped, in the groups %j, in the steps %j", (text, groups, expected) => {
  const { dependents } = graph(text);
  const steps = stopSteps(
    groups.map((group) => group.split(" ")),
    dependents,
  );
  expect(steps.map((step) => step.join(" ")).join(" | ")).toBe(expected);
});

const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 20 }).map((pairs) => {
    // A need is always of a lower number: there is no way round.
    const needs = Array.from({ length: size }, (_, at) => [
      ...new Set(pairs.filter(([from, to]) => from === at && to < at).map(([, to]) => to)),
    ]);
    return needs;
  }),
);

test("each comes once, and nothing before what it needs, or is stopped before who needs it", () => {
  fc.assert(
    fc.property(graphs, fc.array(fc.nat(2)), (needs, places) => {
      const all = needs.map((_, at) => at);
      const of = (at: number) => needs[at] ?? [];
      const dependents = (at: number) => all.filter((each) => of(each).includes(at));
      expect(findCycle(all, of)).toBeUndefined();
      const started = needsFirst(all.toReversed(), of);
      expect(started.toSorted((a, b) => a - b)).toEqual(all);
      for (const each of all) {
        for (const need of of(each)) {
          expect(started.indexOf(need)).toBeLessThan(started.indexOf(each));
        }
      }
      const groups = [0, 1, 2].map((group) => all.filter((at) => (places[at] ?? 0) === group));
      const steps = stopSteps(groups, dependents);
      expect(steps.flat().toSorted((a, b) => a - b)).toEqual(all);
      const stepOf = (at: number) => steps.findIndex((step) => step.includes(at));
      for (const each of all) {
        for (const need of of(each)) expect(stepOf(each)).toBeLessThan(stepOf(need));
      }
    }),
  );
});
