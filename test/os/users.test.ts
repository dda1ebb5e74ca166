import { readFileSync } from "node:fs";
import os from "node:os";
import { describe, expect, test } from "vitest";
import { findGroup, findUser } from "../../src/os/users.ts";

const entries = (database: string): string[][] =>
  readFileSync(`/etc/${database}`, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(":"));

describe("users", () => {
  test("every user of this machine is found by name and by id", () => {
    for (const [name = "", , uid = "", gid, , home] of entries("passwd")) {
      const user = { name, uid: Number(uid), gid: Number(gid), home };
      expect(findUser(name)).toEqual(user);
      expect(findUser(uid)).toMatchObject({ uid: Number(uid) });
    }
  });

  test("the one who runs this", () => {
    const { username, uid, gid, homedir } = os.userInfo();
    expect(findUser(username)).toEqual({ name: username, uid, gid, home: homedir });
  });

  test.each([
    [""],
    ["nobody-here"],
    ["4294967290"],
    ["ROOT"],
    ["root "],
    ["x"],
    ["/root"],
    ["root:x"],
    ["--help"],
    ["nobody here; echo root:x:0:0::/root:"],
  ])("%j is nobody", (name) => {
    expect(findUser(name)).toBeUndefined();
  });
});

describe("groups", () => {
  test("every group of this machine is found by name and by id", () => {
    for (const [name = "", , gid = ""] of entries("group")) {
      expect(findGroup(name)).toBe(Number(gid));
      expect(findGroup(gid)).toBe(Number(gid));
    }
  });

  test.each([[""], ["nobody-here"], ["4294967290"], ["--help"]])("%j is no group", (name) => {
    expect(findGroup(name)).toBeUndefined();
  });
});
