import fc from "fast-check";
import { expect, test } from "vitest";
import { answers, isSame } from "../../src/rpc/answers.ts";
import { formatArray, formatResponse } from "../../src/rpc/xml.ts";

const scalar = fc.oneof(fc.string({ maxLength: 4 }), fc.integer(), fc.boolean(), fc.constant("é<"));
const item = fc.oneof(
  scalar,
  fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(scalar, fc.array(scalar)), {
    noNullPrototype: true,
  }),
  fc.array(scalar, { maxLength: 3 }),
);

test("what is taken from an earlier answer is as if it were written anew", () => {
  const change = fc.record({ at: fc.nat(12), to: fc.option(item, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), fc.array(change), (first, changes) => {
      const second = structuredClone(first);
      for (const { at, to } of changes) second.splice(at, 1, ...(to === undefined ? [] : [to]));
      const earlier = formatArray(first);
      const later = formatArray(second, earlier, isSame);
      expect(later.bytes.toString()).toBe(formatResponse(second).toString());
      const third = formatArray(first, later, isSame);
      expect(third.bytes.toString()).toBe(earlier.bytes.toString());
    }),
  );
});

test("of a large answer that is asked for again and again nothing is left from before", () => {
  const list = Array.from({ length: 500 }, (_, at) => ({
    name: `p${at}`,
    now: 1,
    text: "x".repeat(50),
  }));
  for (let now = 1; now < 20; now++) {
    const next = list.map((one, at) => (at % 7 === now % 7 ? { ...one, now } : { ...one }));
    expect(answers.format(next).equals(formatResponse(next))).toBe(true);
  }
  expect(answers.format("x").toString()).toBe(formatResponse("x").toString());
});

test.each<[boolean, unknown, unknown]>([
  [true, { a: 1, b: ["x"] }, { a: 1, b: ["x"] }],
  [false, { a: 1 }, { a: 1, b: 2 }],
  [false, { a: 1, b: 2 }, { a: 1 }],
  [false, { a: 1 }, { b: 1 }],
  [false, { a: ["x"] }, { a: ["y"] }],
  [false, { a: "1" }, { a: 1 }],
  [false, {}, []],
  [false, [], {}],
  [false, [1], [1, 2]],
  [false, null, {}],
  [true, Number.NaN, Number.NaN],
])("same: %s: %j and %j", (expected, a, b) => {
  expect(isSame(a, b)).toBe(expected);
});
