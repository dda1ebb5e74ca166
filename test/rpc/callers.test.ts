import { describe, expect, test } from "vitest";
import {
  type Caller,
  describeCall,
  describeCaller,
  includesRole,
  roleOf,
} from "../../src/rpc/callers.ts";
import type { Role } from "../../src/rpc/methods.ts";

const rules = { daemonUid: 900, operators: { uids: [1_001], gids: [50] }, readOnlyGids: [4, 50] };
const local = (uid: number, ...gids: number[]): Caller => ({ by: "unix", uid, pid: 7, gids });
const remote: Caller = { by: "inet", address: "10.1.2.3", username: "ops" };

test.each<[string, Role | undefined, Caller]>([
  ["root", "admin", local(0)],
  ["the daemon's own user", "admin", local(900, 900)],
  ["an operator", "operate", local(1_001, 1_001)],
  ["one of a group of operators", "operate", local(1_002, 1_002, 50)],
  ["one of a group that may read, among others", "read", local(1_003, 1_003, 20, 4)],
  ["an operator of such a group", "operate", local(1_001, 4)],
  ["anybody else", undefined, local(1_004, 1_004, 1_001, 900)],
  ["one whose uid is the id of a group", undefined, local(50)],
  ["somebody unknown", undefined, { by: "unix" }],
  ["somebody at a port", undefined, remote],
])("%s: %s", (_, expected, caller) => {
  expect(roleOf(caller, rules)).toBe(expected);
});

test("without rules whoever could connect may do everything", () => {
  const roles = [local(1_004), { by: "unix" } as const, remote].map((who) =>
    roleOf(who, undefined),
  );
  expect(roles).toEqual(["admin", "admin", "admin"]);
});

test("each role includes those before it", () => {
  const all: Role[] = ["read", "operate", "admin"];
  const table = all.map((has) => all.map((needed) => includesRole(has, needed)));
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});

describe("in words", () => {
  test.each<[string, Caller]>([
    ["uid 1000, pid 7", local(1_000)],
    ["a local user", { by: "unix" }],
    ["ops@10.1.2.3", remote],
    ["10.1.2.3", { ...remote, username: undefined }],
  ])("%s", (expected, caller) => {
    expect(describeCaller(caller)).toBe(expected);
  });

  test.each<[string, string, Record<string, unknown>]>([
    ["a.b", "a.b", {}],
    ['a.b "web:*"', "a.b", { name: "web:*", wait: true }],
    ['a.b "web" "HUP"', "a.b", { name: "web", signal: "HUP" }],
    ['a.b "web" count=3', "a.b", { name: "web", count: 3 }],
    ['a.b "web"', "a.b", { name: "web", chars: "password=hunter2", data: "hunter2" }],
    ['a.b "x\\n2026 INFO forged"', "a.b", { name: "x\n2026 INFO forged" }],
  ])("%s", (expected, method, params) => {
    expect(describeCall(method, params)).toBe(expected);
  });
});
