import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { unless } from "./errno.ts";

interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** A user by name or numeric id: from /etc/passwd, or from the name service when it is not there. */
export function findUser(nameOrId: string): Account | undefined {
  const fields = findLine("passwd", nameOrId);
  if (!fields) return undefined;
  const [name = "", , uid, gid, , home = ""] = fields;
  return { name, uid: Number(uid), gid: Number(gid), home };
}

/** The id of a group by name or number. */
export function findGroup(nameOrId: string): number | undefined {
  const fields = findLine("group", nameOrId);
  return fields && Number(fields[2]);
}

/** The ids of the groups that /etc/group lists a user in; none for a user that is not there. */
export function groupsOf(uid: number): number[] {
  const user = findUser(String(uid));
  return user ? groupsNaming(user.name) : [];
}

/** The ids of the groups that /etc/group lists a name in. */
export const groupsNaming = (user: string): number[] =>
  parseLines(unless(["ENOENT", "EACCES"], () => readFileSync("/etc/group", "utf8")) ?? "")
    .filter(([, , , members = ""]) => members.split(",").includes(user))
    .map(([, , gid]) => Number(gid));

function findLine(database: "passwd" | "group", nameOrId: string): string[] | undefined {
  if (nameOrId === "") return undefined;
  const matches = (fields: string[]) => fields[0] === nameOrId || fields[2] === nameOrId;
  const local = unless(["ENOENT", "EACCES"], () => readFileSync(`/etc/${database}`, "utf8")) ?? "";
  const found = parseLines(local).find(matches);
  if (found || !/^[\w.@$-]+$/.test(nameOrId)) return found;
  // Accounts of LDAP and the like; where getent is missing there are none.
  const { stdout } = spawnSync("getent", [database, nameOrId], { encoding: "utf8" });
  return parseLines(stdout ?? "").find(matches);
}

const parseLines = (text: string): string[][] => text.split("\n").map((line) => line.split(":"));
