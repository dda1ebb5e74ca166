import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isWritable, modeOf } from "../../src/os/access.ts";
import { findUser } from "../../src/os/users.ts";
import { root } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const asRoot = process.getuid?.() === 0;
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
/** Ids that no account has. */
const stranger = { uid: 3_999_999_991, gid: 3_999_999_992 };
const other = { uid: 3_999_999_993, gid: 3_999_999_994 };

interface Kept {
  mode: number;
  owner?: { uid: number; gid: number };
}

/** A file with this mode and owner, in a folder of the test's own. */
function fileWith({ mode, owner }: Kept): string {
  const file = path.join(temporaryFolder(), "file");
  writeFileSync(file, "");
  if (owner) chownSync(file, owner.uid, owner.gid);
  chmodSync(file, mode); // after the owner: a change of owner takes setuid bits away
  return file;
}

describe("the mode", () => {
  test.each(["0", "644", "600", "4755", "2750", "1777"])("of a file: %s", (octal) => {
    const mode = Number.parseInt(octal, 8);
    expect(modeOf(fileWith({ mode }))).toBe(mode);
  });

  test("of a folder, and of what a link leads to", () => {
    const dir = temporaryFolder();
    chmodSync(dir, 0o710);
    symlinkSync(dir, path.join(dir, "link"));
    expect(modeOf(dir)).toBe(0o710);
    expect(modeOf(path.join(dir, "link"))).toBe(0o710);
  });
});

describe("what is not there has no mode, and nobody can write it", () => {
  const dead: [string, (dir: string) => string][] = [
    ["nothing", (dir) => path.join(dir, "none")],
    ["a folder that is missing", (dir) => path.join(dir, "no/file")],
    ["below a file", (dir) => `${fileIn(dir)}/x`],
    ["a link to nothing", (dir) => linkIn(dir, "none")],
    ["a link to itself", (dir) => linkIn(dir, "link")],
    ["a name that is too long", (dir) => path.join(dir, "x".repeat(300))],
  ];
  test.each(dead)("%s", (_, prepare) => {
    const file = prepare(temporaryFolder());
    expect(modeOf(file)).toBeUndefined();
    expect(isWritable(file, undefined)).toBe(false);
    expect(isWritable(file, stranger)).toBe(false);
  });
});

const fileIn = (dir: string): string => {
  writeFileSync(path.join(dir, "file"), "");
  return path.join(dir, "file");
};

const linkIn = (dir: string, target: string): string => {
  symlinkSync(target, path.join(dir, "link"));
  return path.join(dir, "link");
};

describe("who may write", () => {
  test("root may, whatever the mode and whoever asks", () => {
    const file = fileWith({ mode: 0 });
    for (const gid of [0, stranger.gid]) expect(isWritable(file, { uid: 0, gid })).toBe(true);
    expect(asNobody([file], { uid: 0, gid: 0 })).toEqual([true]);
  });

  test("the one who asks, named or not", () => {
    for (const as of [undefined, me]) {
      expect(isWritable(fileWith({ mode: 0o600 }), as)).toBe(true);
      expect(isWritable(fileWith({ mode: 0o400 }), as)).toBe(asRoot);
      const folder = temporaryFolder();
      expect(isWritable(folder, as)).toBe(true);
    }
  });

  test("the one who asks, who is not root: as the kernel says, folders on the way included", () => {
    const open = fileWith({ mode: 0o666 });
    const closed = fileWith({ mode: 0o644 });
    const hidden = fileWith({ mode: 0o666 });
    for (const file of [open, closed]) chmodSync(path.dirname(file), 0o755);
    chmodSync(path.dirname(hidden), 0);
    const paths = [open, closed, hidden, "/proc/version"];
    // Somebody without any rights; one who is not root cannot become somebody else.
    const answers: Record<string, boolean> = asRoot
      ? { [open]: true }
      : { [open]: true, [closed]: true };
    const said = asNobody(paths);
    chmodSync(path.dirname(hidden), 0o700); // so that it can be removed
    expect(said).toEqual(paths.map((file) => answers[file] ?? false));
  });

  test.each<[string, number, boolean]>([
    ["by group", 0o020, true],
    ["not by what others may: a group that may not is asked first", 0o602, false],
    ["not by what the owner may", 0o600, false],
  ])("a member of its group: %s", (_, mode, expected) => {
    const member = { uid: stranger.uid, gid: me.gid };
    expect(isWritable(fileWith({ mode, owner: me }), member)).toBe(expected);
  });

  test.each<[string, number, boolean]>([
    ["by what others may", 0o002, true],
    ["not by what the owner and the group may", 0o660, false],
    ["not by reading and running", 0o775, false],
  ])("anybody else: %s", (_, mode, expected) => {
    expect(isWritable(fileWith({ mode }), stranger)).toBe(expected);
  });

  test.runIf(asRoot).each<[string, number, boolean]>([
    ["by what the owner may", 0o200, true],
    ["not by what the group and others may", 0o066, false],
  ])("its owner, who is not the one who asks: %s (only as root)", (_, mode, expected) => {
    expect(isWritable(fileWith({ mode, owner: other }), other)).toBe(expected);
    expect(isWritable(fileWith({ mode, owner: other }), { ...other, gid: 1 })).toBe(expected);
  });

  test("through a link, by what it leads to; a folder like a file", () => {
    const dir = temporaryFolder();
    mkdirSync(path.join(dir, "sub"));
    const link = linkIn(dir, "sub");
    chmodSync(path.join(dir, "sub"), 0o755);
    expect(isWritable(link, stranger)).toBe(false);
    chmodSync(path.join(dir, "sub"), 0o757);
    expect(isWritable(link, stranger)).toBe(true);
  });
});

/** An account of this machine that /etc/group lists in a group beside its own. */
function memberOfMore(): { uid: number; gid: number; supplementary: number } | undefined {
  for (const line of readFileSync("/etc/group", "utf8").trim().split("\n")) {
    const [, , gid, members = ""] = line.split(":");
    for (const name of members.split(",")) {
      const user = findUser(name);
      if (!user || [0, me.uid].includes(user.uid) || user.gid === Number(gid)) continue;
      return { uid: user.uid, gid: user.gid, supplementary: Number(gid) };
    }
  }
  return undefined;
}

const member = asRoot ? memberOfMore() : undefined;
const needs = member ? "" : " (SKIPPED: only as root, where /etc/group lists a member)";

test.runIf(member)(`by a supplementary group, as /etc/group says${needs}`, () => {
  if (!member) return;
  const file = (mode: number) =>
    fileWith({ mode, owner: { uid: other.uid, gid: member.supplementary } });
  expect(isWritable(file(0o020), member)).toBe(true);
  expect(isWritable(file(0o602), member)).toBe(false);
  expect(isWritable(file(0o020), stranger)).toBe(false);
});

/** What isWritable says of `as` to a process without rights; as root it gives them up first. */
function asNobody(paths: readonly string[], as?: { uid: number; gid: number }): unknown {
  const asText = JSON.stringify(as) ?? "undefined";
  const script = `
    import { isWritable } from ${JSON.stringify(path.join(root, "dist/os/access.js"))};
    if (process.getuid() === 0) {
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
    }
    const answers = ${JSON.stringify(paths)}.map((file) => isWritable(file, ${asText}));
    process.stdout.write(JSON.stringify(answers));`;
  const node = ["--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}
