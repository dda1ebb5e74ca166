import type { User } from "../facts.ts";
import { kind } from "./kind.ts";

/** A user by name or numeric id, resolved when the configuration is read. */
export const user = kind(
  "the name or id of a user of this machine",
  (given, facts, refuse): User => facts.user(given.trim()) ?? refuse(),
);

export interface Owner {
  uid: number;
  /** -1: leave the group as it is. */
  gid: number;
}

/** `user` or `user:group`. */
export const owner = kind(
  "a user of this machine, or user:group",
  (given, facts, refuse): Owner => {
    const [userPart = "", groupPart] = given.split(":");
    const { uid } = facts.user(userPart.trim()) ?? refuse();
    if (groupPart === undefined) return { uid, gid: -1 };
    return { uid, gid: facts.group(groupPart.trim()) ?? refuse() };
  },
);
