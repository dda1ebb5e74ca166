import type { Facts, User } from "../facts.ts";
import { kind, type Refuse } from "./kind.ts";

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

/** Users and groups of the machine, by their ids. */
export interface Accounts {
  uids: readonly number[];
  gids: readonly number[];
}

/** `ada, bob, @ops`. */
export const accounts = kind(
  "users of this machine, and groups as in @ops, with commas between them",
  (given, facts, refuse): Accounts => {
    const words = wordsOf(given);
    const groups = words.filter((word) => word.startsWith("@"));
    return {
      uids: words
        .filter((word) => !groups.includes(word))
        .map((word) => (facts.user(nameOrId(word)) ?? unknown(refuse, "user", word)).uid),
      gids: groups.map((word) => groupOf(word.slice(1), facts, refuse)),
    };
  },
);

/** Groups by name or number. */
export const groups = kind(
  "names or ids of groups with commas between them",
  (given, facts, refuse): readonly number[] =>
    wordsOf(given).map((word) => groupOf(word, facts, refuse)),
);

const wordsOf = (given: string): string[] =>
  given
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** A number stands for itself: not every group of a process has a name. */
function groupOf(word: string, facts: Facts, refuse: Refuse): number {
  const id = nameOrId(word);
  return /^\d+$/.test(id) ? Number(id) : (facts.group(id) ?? unknown(refuse, "group", word));
}

const unknown = (refuse: Refuse, what: string, word: string): never =>
  refuse(`; there is no ${what} ${JSON.stringify(word)}`);
