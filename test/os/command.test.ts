import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { CommandError, findCommand } from "../../src/os/command.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Folders `first` and `second` to search, with these files and their modes. */
function machineWith(files: Record<string, number>) {
  const root = temporaryFolder();
  const folders = ["first", "second"].map((name) => path.join(root, name));
  for (const folder of folders) mkdirSync(folder);
  for (const [file, mode] of Object.entries(files)) {
    writeFileSync(path.join(root, file), "");
    chmodSync(path.join(root, file), mode);
  }
  return { root, search: folders.join(":") };
}

/** Why the command is refused: its message, and whether it counts as missing. */
function refusal(word: string, search: string | undefined): [string, boolean] {
  try {
    return [`found ${findCommand(word, search)}`, false];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [error.message, error.missing];
  }
}

describe("a word", () => {
  test("is looked up in the folders of the search path, in their order", () => {
    const { root, search } = machineWith({
      "first/a": 0o755,
      "second/a": 0o755,
      "second/b": 0o755,
    });
    expect(findCommand("a", search)).toBe(path.join(root, "first/a"));
    expect(findCommand("b", search)).toBe(path.join(root, "second/b"));
  });

  test("is passed over where a search folder is missing or is a file", () => {
    const { root, search } = machineWith({ "second/a": 0o755, file: 0o755 });
    const odd = [path.join(root, "missing"), path.join(root, "file"), search].join(":");
    expect(findCommand("a", odd)).toBe(path.join(root, "second/a"));
  });

  test("of a broken link is looked for further on", () => {
    const { root, search } = machineWith({ "second/a": 0o755 });
    symlinkSync(path.join(root, "nowhere"), path.join(root, "first/a"));
    expect(findCommand("a", search)).toBe(path.join(root, "second/a"));
  });

  test("without a search path is looked for where systems have it", () => {
    expect(findCommand("sh", undefined)).toBe("/bin/sh");
    // One that is empty has one entry: the working directory.
    expect(() => findCommand("sh", "")).toThrow("can't find command 'sh'");
  });

  test("with a slash is a path, whatever the search path", () => {
    const { root, search } = machineWith({ "first/a": 0o755, top: 0o755 });
    expect(findCommand(path.join(root, "top"), search)).toBe(path.join(root, "top"));
    expect(findCommand(`${root}/first/../top`, search)).toBe(`${root}/first/../top`);
    expect(refusal("./a", search)).toEqual(["can't find command './a'", true]);
  });
});

describe("refused, in supervisord's words", () => {
  test("what is nowhere", () => {
    const { root, search } = machineWith({ file: 0o755 });
    expect(refusal("a", search)).toEqual(["can't find command 'a'", true]);
    for (const word of [`${root}/a`, `${root}/file/a`, `${root}/${"x".repeat(300)}`]) {
      expect(refusal(word, search)).toEqual([`can't find command '${word}'`, true]);
    }
  });

  test("the first that is there, when it is not executable: a later one is not tried", () => {
    const { root, search } = machineWith({ "first/a": 0o644, "second/a": 0o755 });
    const found = path.join(root, "first/a");
    expect(refusal("a", search)).toEqual([`command at '${found}' is not executable`, false]);
  });

  test("the first that is there, when it is a folder", () => {
    const { root, search } = machineWith({ "second/a": 0o755 });
    const found = path.join(root, "first/a");
    mkdirSync(found);
    expect(refusal("a", search)).toEqual([`command at '${found}' is a directory`, false]);
  });

  test.skipIf(process.getuid?.() === 0)(
    "what others may execute, but not this user (not tested as root)",
    () => {
      const { root, search } = machineWith({ "first/a": 0o611 });
      const found = path.join(root, "first/a");
      expect(refusal("a", search)).toEqual([`no permission to run command '${found}'`, false]);
    },
  );
});
