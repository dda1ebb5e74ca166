import type { User } from "../facts.ts";
import { kind } from "./kind.ts";

/** A user by name or numeric id, resolved when the configuration is read. */
export const user = kind(
  "the name or id of a user of this machine",
  (given, facts, refuse): User => facts.user(nameOrId(given)) ?? refuse(),
);

/** An id may be written as Python's int() reads it. */
function nameOrId(given: string): string {
  const trimmed = given.trim();
  return /^\+?\d+$/.test(trimmed) ? String(Number(trimmed)) : trimmed;
}

export interface Owner {
  uid: number;
  /** -1: leave the group as it is. */
  gid: number;
}

/** `user` or `user:group`. */
export const owner = kind(
  "a user of this machine, or user:group",
  (given, facts, refuse): Owner => {
    const colon = given.indexOf(":");
    const { uid } = facts.user(nameOrId(colon < 0 ? given : given.slice(0, colon))) ?? refuse();
    if (colon < 0) return { uid, gid: -1 };
    return { uid, gid: facts.group(nameOrId(given.slice(colon + 1))) ?? refuse() };
  },
);
