import { describe, expect, test } from "vitest";
import { Fault } from "../../src/faults.ts";
import { flag, integer, type ParamKind, readParams, text } from "../../src/rpc/values.ts";

const params = {
  name: text("process name"),
  count: integer("how many"),
  wait: flag("wait", true),
};
const refused = Symbol("refused");

function read(
  given: readonly unknown[] | Record<string, unknown>,
  of: Record<string, ParamKind<unknown>> = params,
) {
  try {
    return readParams(of, given);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.fault).toBe("INCORRECT_PARAMETERS");
    return refused;
  }
}

describe("by position", () => {
  test.each<[unknown[], Record<string, unknown> | typeof refused]>([
    [["a", 1, false], { name: "a", count: 1, wait: false }],
    [["a", 1], { name: "a", count: 1, wait: true }],
    [["a"], refused],
    [[], refused],
    [["a", 1, true, 1], refused],
    [[1, "a"], refused],
    [[null, 1], refused],
    [["a", 1, null], refused],
  ])("%j", (given, expected) => {
    expect(read(given)).toEqual(expected);
  });
});

describe("by name", () => {
  test.each<[Record<string, unknown>, Record<string, unknown> | typeof refused]>([
    [
      { wait: false, count: 1, name: "a" },
      { name: "a", count: 1, wait: false },
    ],
    [
      { name: "a", count: 1 },
      { name: "a", count: 1, wait: true },
    ],
    [{ name: "a" }, refused],
    [{ name: "a", count: 1, more: 1 }, refused],
    [JSON.parse('{"name": "a", "count": 1, "__proto__": {"wait": false}}'), refused],
  ])("%j", (given, expected) => {
    expect(read(given)).toEqual(expected);
  });

  test("a name that every object knows is not a value", () => {
    const anything: ParamKind<unknown> = { type: "struct", doc: "", read: (given) => given };
    expect(read({}, { constructor: anything })).toBe(refused);
    expect(read({}, { toString: anything })).toBe(refused);
  });
});

test.each<[unknown, number | typeof refused]>([
  [5, 5],
  [-5, -5],
  ["5", 5],
  [" -5 ", -5],
  [1.5, refused],
  ["1.5", refused],
  ["", refused],
  ["five", refused],
  ["0x10", refused],
  ["1e3", refused],
  [true, refused],
  [[5], refused],
  [Number.POSITIVE_INFINITY, refused],
  [2 ** 60, refused],
])("a whole number: %j", (given, expected) => {
  const value = read([given], { value: integer("") });
  expect(value).toEqual(expected === refused ? refused : { value: expected });
});

test.each<[unknown, boolean | typeof refused]>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ["true", refused],
  [[], refused],
])("yes or no: %j", (given, expected) => {
  const value = read([given], { value: flag("", true) });
  expect(value).toEqual(expected === refused ? refused : { value: expected });
});

test("the fault names the parameter and what it takes", () => {
  expect(() => readParams(params, [1, 1])).toThrow(
    /^INCORRECT_PARAMETERS: name.*string.*process name/,
  );
  expect(() => readParams(params, [1, 2, 3, 4])).toThrow(/string name, int count, boolean wait/);
});
