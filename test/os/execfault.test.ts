import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { accessFault, execFault } from "../../src/os/execfault.ts";
import { findUser } from "../../src/os/users.ts";
import { temporaryFolder } from "../support/temporary.ts";

function fileWith(content: string | Buffer, mode = 0o755): string {
  const file = path.join(temporaryFolder(), "file");
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** An ELF program, this one, as if for another machine. */
function elfFor(machine: number): Buffer {
  const head = Buffer.from(readFileSync(process.execPath).subarray(0, 4_096));
  head.writeUInt16LE(machine, 18);
  return head;
}

describe("what the kernel says of a file", () => {
  const faults: [string, string | Buffer, string | undefined][] = [
    ["nothing in it", "", "ENOEXEC"],
    ["text", "echo hello\n", "ENOEXEC"],
    ["a script", "#!/bin/sh\n", undefined],
    ["a script with a word for its interpreter", "#! /bin/sh -e\n", undefined],
    ["a script of nobody", "#!\n", "ENOEXEC"],
    ["an interpreter that is missing", "#!/nonexistent/sh\n", "ENOENT"],
    ["an interpreter below a file", "#!/etc/passwd/sh\n", "ENOTDIR"],
    ["an interpreter that is no program", "#!/etc/passwd\n", "EACCES"],
    ["a program of this machine", readFileSync(process.execPath).subarray(0, 4_096), undefined],
    ["a program of another machine", elfFor(22), "ENOEXEC"], // IBM S/390
    ["the beginning of a program", "\x7fELF", "ENOEXEC"],
  ];

  test.each(faults)("with %s", (_, content, expected) => {
    expect(execFault(fileWith(content))).toBe(expected);
  });

  const told = faults.filter(([, content, fault]) => fault !== undefined || content.length < 100);
  test.each(told)("with %s is the same when it is run", (_, content, expected) => {
    // Python's exec does not do what a shell does, and neither does the kernel.
    const script = "import os, sys, errno\ntry: os.execv(sys.argv[1], [sys.argv[1]])\n";
    const rest = "except OSError as e: print(errno.errorcode[e.errno])\n";
    const { stdout } = spawnSync("python3", ["-c", script + rest, fileWith(content)]);
    expect(String(stdout).trim()).toBe(expected ?? "");
  });

  test("that is not there", () => {
    expect(execFault("/nonexistent")).toBe("ENOENT");
    expect(execFault("/etc/passwd/x")).toBe("ENOTDIR");
  });
});

describe.runIf(process.getuid?.() === 0)("another user", () => {
  const nobody = findUser("nobody") ?? { name: "", uid: 0, gid: 0 };
  /** An open folder in a closed one. */
  const closedFolder = (mode: number) => {
    const dir = temporaryFolder();
    chmodSync(dir, mode);
    mkdirSync(path.join(dir, "inside"));
    return dir;
  };

  test("may go where the modes let him, through links too", () => {
    const open = path.join(closedFolder(0o711), "inside");
    const shut = path.join(closedFolder(0o700), "inside");
    expect(accessFault(open, nobody)).toBeUndefined();
    expect(accessFault("/", nobody)).toBeUndefined();
    expect(accessFault(shut, nobody)).toBe("EACCES");
    symlinkSync(shut, path.join(open, "link"));
    symlinkSync(open, path.join(shut, "link"));
    expect(accessFault(path.join(open, "link"), nobody)).toBe("EACCES");
    expect(accessFault(path.join(shut, "link"), nobody)).toBe("EACCES");
  });

  test.each([
    [0o700, "EACCES"],
    [0o710, "EACCES"],
    [0o701, undefined],
    [0o644, "EACCES"],
  ])("may or may not run a file of mode %o", (mode, expected) => {
    const file = fileWith("#!/bin/sh\n", mode);
    chmodSync(path.dirname(file), 0o755);
    expect(accessFault(file, nobody)).toBe(expected);
  });

  test("may go where the modes do not let him, but an access control list does", () => {
    const file = fileWith("#!/bin/sh\n", 0o700);
    chmodSync(path.dirname(file), 0o755);
    // Version 2; owner, one user, group, mask and others, each with what they may.
    const script = `import os, struct, sys
rows = [(1, 7, -1), (2, 5, ${nobody.uid}), (4, 0, -1), (16, 5, -1), (32, 0, -1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *row) for row in rows)
os.setxattr(sys.argv[1], "system.posix_acl_access", acl)`;
    const { status, stderr } = spawnSync("python3", ["-c", script, file]);
    if (/not supported/.test(String(stderr))) return console.warn("skipped: no lists on this disk");
    expect(status).toBe(0);
    expect(accessFault(file, nobody)).toBeUndefined();
  });
});
