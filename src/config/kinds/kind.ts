import type { Facts } from "../facts.ts";
import { BadValue, quote } from "../problems.ts";

/** One kind of value: what it looks like, and how its text is read. */
export interface Kind<T> {
  /** In words for people, with an example: "whole seconds such as 10". */
  readonly expected: string;
  /** @throws BadValue saying what was expected and what came */
  parse(text: string, facts: Facts): T;
}

/** Refuses a value; `hint` is added to the message. */
export type Refuse = (hint?: string) => never;

export function kind<T>(
  expected: string,
  read: (text: string, facts: Facts, refuse: Refuse) => T,
): Kind<T> {
  return {
    expected,
    parse: (text, facts) =>
      read(text, facts, (hint = "") => {
        throw new BadValue(`expected ${expected}, got ${quote(text)}${hint}`);
      }),
  };
}

/** Reads a value, or a part of it, as another kind, and refuses the whole when it is none. */
export function readOr<T>(kind: Kind<T>, text: string, facts: Facts, refuse: Refuse): T {
  try {
    return kind.parse(text, facts);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    return refuse();
  }
}

/** The same kind with fewer values, in words of its own. */
export const limited = <T>(
  base: Kind<T>,
  expected: string,
  accepts: (value: T) => boolean,
): Kind<T> =>
  kind(expected, (text, facts, refuse) => {
    const value = readOr(base, text, facts, refuse);
    return accepts(value) ? value : refuse();
  });
