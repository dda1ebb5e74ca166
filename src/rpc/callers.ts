import type { Role } from "./methods.ts";

/** Who makes a call, as far as that is known. */
export type Caller =
  | { by: "unix"; uid: number; pid: number; gids: readonly number[] }
  /** The kernel's answer needs an optional package. */
  | { by: "unix"; uid?: undefined }
  | { by: "inet"; address: string; username: string | undefined };

/** Who may do what on a Unix socket; its daemon's own user and root may do everything. */
export interface RoleRules {
  daemonUid: number;
  operators: { uids: readonly number[]; gids: readonly number[] };
  readOnlyGids: readonly number[];
}

/**
 * The highest role that a caller has; undefined: none, not even to look.
 * @param rules undefined: whoever could connect may do everything
 */
export function roleOf(caller: Caller, rules: RoleRules | undefined): Role | undefined {
  if (!rules) return "admin";
  if (caller.by !== "unix" || caller.uid === undefined) return undefined;
  const { uid, gids } = caller;
  const isIn = (groups: readonly number[]) => groups.some((group) => gids.includes(group));
  if (uid === 0 || uid === rules.daemonUid) return "admin";
  if (rules.operators.uids.includes(uid) || isIn(rules.operators.gids)) return "operate";
  return isIn(rules.readOnlyGids) ? "read" : undefined;
}

const ranks: Record<Role, number> = { read: 0, operate: 1, admin: 2 };

export const includesRole = (has: Role, needed: Role): boolean => ranks[has] >= ranks[needed];

/** As in `uid 1000, pid 4711` or `ops@10.1.2.3`. */
export function describeCaller(caller: Caller): string {
  if (caller.by === "inet") {
    const { address, username } = caller;
    return username === undefined ? address : `${username}@${address}`;
  }
  return caller.uid === undefined ? "a local user" : `uid ${caller.uid}, pid ${caller.pid}`;
}

/** Parameters that say what a call is about. Others may hold secrets, such as text for a stdin. */
const telling: ReadonlySet<string> = new Set(["name", "signal", "type"]);

/**
 * What is called on what, on one line whatever the caller has sent, such as
 * `supervisor.signalProcess "web" "HUP"`.
 */
export function describeCall(method: string, params: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(params).flatMap(([name, value]) => {
    if (typeof value === "number") return [`${name}=${value}`];
    return telling.has(name) ? [JSON.stringify(value)] : [];
  });
  return [method, ...shown].join(" ");
}
