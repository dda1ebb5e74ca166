import { Fault } from "../faults.ts";
import type { Shape } from "./shapes.ts";

/** XML-RPC's names of the types, which `system.methodSignature` tells. */
type TypeName = "string" | "int" | "boolean" | "array" | "struct";

export interface ResultKind<T> {
  readonly type: TypeName;
  readonly doc: string;
  /** The keys of a struct, or of those in an array. */
  readonly shape?: Shape;
  /** Those of them that supervisord's answer does not have. */
  readonly ours?: readonly string[];
  /** Only for the compiler: the type of the value. */
  readonly value?: T;
}

export interface ParamKind<T> extends ResultKind<T> {
  /** The value when the caller leaves it out; undefined: it may not. */
  readonly default?: T;
  /** @returns undefined when the given value is not of this kind */
  read(given: unknown): T | undefined;
}

/** One that the caller may leave out. */
export type OptionalKind<T> = ParamKind<T> & { readonly default: T };

export const text = (doc: string): ParamKind<string> => ({
  type: "string",
  doc,
  read: (given) => (typeof given === "string" ? given : undefined),
});

/** Numbers in text are accepted, as Python's `int()` made supervisord accept them. */
export const integer = (doc: string): ParamKind<number> => ({
  type: "int",
  doc,
  read(given) {
    const digits = typeof given === "string" && /^\s*[+-]?\d+\s*$/.test(given);
    const number = digits ? Number(given) : given;
    return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
  },
});

/** A number is accepted as its digits: how signals may be written. */
export const textOrNumber = (doc: string): ParamKind<string> => ({
  type: "string",
  doc,
  read: (given) => (typeof given === "number" ? String(given) : text(doc).read(given)),
});

/** Things that the method looks at itself, one by one. */
export const list = (doc: string): ParamKind<readonly unknown[]> => ({
  type: "array",
  doc,
  read: (given) => (Array.isArray(given) ? given : undefined),
});

/** Texts by name. */
export const record = (doc: string): OptionalKind<Readonly<Record<string, string>>> => ({
  type: "struct",
  doc,
  default: {},
  read(given) {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
    const values = Object.entries(given).map(([key, value]) => [key, String(value)] as const);
    return Object.fromEntries(values);
  },
});

/** Numbers are accepted for their truth, as in Python. */
export const flag = (doc: string, ifAbsent: boolean): OptionalKind<boolean> => ({
  type: "boolean",
  doc,
  default: ifAbsent,
  read(given) {
    if (typeof given === "boolean") return given;
    return typeof given === "number" ? given !== 0 : undefined;
  },
});

export const boolean = <T = boolean>(doc: string): ResultKind<T> => ({ type: "boolean", doc });

/** @param shape of those in it, where they are structs */
export const array = <T>(doc = "", shape?: Shape): ResultKind<T> => shaped("array", doc, shape);

export const struct = <T>(doc = "", shape?: Shape): ResultKind<T> => shaped("struct", doc, shape);

function shaped<T>(type: TypeName, doc: string, shape: Shape | undefined): ResultKind<T> {
  if (!shape) return { type, doc };
  const ours = Object.keys(shape).filter((key) => shape[key]?.ours);
  return { type, doc, shape, ours };
}

/** A result as supervisord would give it: without the keys that are drover's own. */
export function withoutOurs(result: unknown, { ours = [] }: ResultKind<unknown>): unknown {
  if (ours.length === 0) return result;
  return Array.isArray(result)
    ? result.map((item) => without(item as Struct, ours))
    : without(result as Struct, ours);
}

type Struct = Record<string, unknown>;

/** Most of many have none of these keys. */
const without = (struct: Struct, keys: readonly string[]): Struct =>
  keys.some((key) => Object.hasOwn(struct, key))
    ? Object.fromEntries(Object.entries(struct).filter(([key]) => !keys.includes(key)))
    : struct;

/**
 * Checks a call's arguments against the method's parameters, given by position or by name.
 * @throws Fault INCORRECT_PARAMETERS naming the parameter and what it takes
 */
export function readParams(
  params: Readonly<Record<string, ParamKind<unknown>>>,
  given: readonly unknown[] | Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const expected = Object.entries(params);
  const byName = Array.isArray(given)
    ? Object.fromEntries(expected.map(([name], index) => [name, given[index]]))
    : (given as Readonly<Record<string, unknown>>);
  const extra = Array.isArray(given)
    ? given.length > expected.length
    : Object.keys(given).some((name) => !Object.hasOwn(params, name));
  if (extra) throw new Fault("INCORRECT_PARAMETERS", describeParams(expected));
  return Object.fromEntries(
    expected.map(([name, kind]) => {
      const value = Object.hasOwn(byName, name) ? byName[name] : undefined;
      const read = value === undefined ? kind.default : kind.read(value);
      if (read === undefined) {
        throw new Fault("INCORRECT_PARAMETERS", `${name}: expected ${kind.type} (${kind.doc})`);
      }
      return [name, read];
    }),
  );
}

const describeParams = (expected: readonly [string, ParamKind<unknown>][]): string => {
  const list = expected.map(([name, kind]) => `${kind.type} ${name}`).join(", ");
  return `expected (${list})`;
};
