import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { chained, type Privileges } from "../../src/os/chain.ts";
import { execFault } from "../../src/os/execfault.ts";
import { native } from "../../src/os/native.ts";
import { describeChildren } from "../support/chain.ts";
import { asRoot, knowsMoreFormats, plain, runChild } from "../support/children.ts";
import { root } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const me = { name: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const app = { name: "app", uid: 4_711, gid: 4_712 };

/** The chain for `/opt/app/worker -v`, as one would write it: tools without their folders. */
function chainOf(wanted: Partial<Privileges>, program = {}): string {
  const command = { file: "/opt/app/worker", argv: ["worker", "-v"], path: "/opt/app", ...program };
  const { file, argv } = chained(command, { ...plain, ...wanted });
  if (file !== command.file) expect(argv[0]).toBe(file);
  const tools = /^(?:\/usr)?\/s?bin\/(choom|prlimit|nice|setpriv)$/;
  return argv.map((word) => word.replace(tools, "$1")).join(" ");
}

describe("the chain", () => {
  test.each<[string, Partial<Privileges>, string]>([
    ["of nothing is none", {}, "worker -v"],
    ["of the user that the daemon is, too", { user: me }, "worker -v"],
    ["of no limits, too", { rlimits: [] }, "worker -v"],
    ["of niceness", { nice: 5 }, "nice -n 5 worker -v"],
    ["of no niceness, which is not the same as none", { nice: 0 }, "nice -n 0 worker -v"],
    ["of less niceness", { nice: -5 }, "nice -n -5 worker -v"],
    ["of memory", { oomScoreAdj: -500 }, "choom -n -500 -- worker -v"],
    ["of a limit", { rlimits: [["core", "0"]] }, "prlimit --core=0 -- worker -v"],
    [
      "of limits",
      {
        rlimits: [
          ["nofile", "1024:4096"],
          ["as", "unlimited"],
        ],
      },
      "prlimit --nofile=1024:4096 --as=unlimited -- worker -v",
    ],
    ["of a user", { user: app }, "setpriv --reuid=4711 --regid=4712 --init-groups -- worker -v"],
    ["of no new privileges", { noNewPrivileges: true }, "setpriv --no-new-privs -- worker -v"],
    [
      "of the user that the daemon is, without new privileges",
      { user: me, noNewPrivileges: true },
      "setpriv --no-new-privs -- worker -v",
    ],
    [
      "of a user without new privileges is one tool",
      { user: app, noNewPrivileges: true },
      "setpriv --reuid=4711 --regid=4712 --init-groups --no-new-privs -- worker -v",
    ],
    [
      "of everything changes the user last, who might not do the rest",
      {
        user: app,
        noNewPrivileges: true,
        nice: -10,
        oomScoreAdj: -1_000,
        rlimits: [["nproc", "unlimited"]],
      },
      "choom -n -1000 -- prlimit --nproc=unlimited -- nice -n -10 " +
        "setpriv --reuid=4711 --regid=4712 --init-groups --no-new-privs -- worker -v",
    ],
  ])("%s", (_, wanted, expected) => {
    expect(chainOf(wanted)).toBe(expected);
  });

  test.each<[string, object, string]>([
    ["by its name, where the tool finds it", {}, "worker"],
    ["as a path that was written so", { argv: ["./worker", "-v"] }, "./worker"],
    ["as it was found, where nothing else can be", { path: undefined }, "/opt/app/worker"],
    ["as it was found, where PATH is empty", { path: "" }, "/opt/app/worker"],
  ])("names the program %s", (_, program, word) => {
    expect(chainOf({ nice: 1 }, program)).toBe(`nice -n 1 ${word} -v`);
  });

  test("leaves the program its own name, when there is no chain", () => {
    const command = { file: "/opt/app/worker", argv: ["odd name"], path: undefined };
    expect(chained(command, plain)).toEqual({ file: "/opt/app/worker", argv: ["odd name"] });
  });
});

const noFormats = knowsMoreFormats() ? " (SKIPPED in part: this kernel knows other formats)" : "";

describe(`what the kernel would not run${noFormats}`, () => {
  const elf = readFileSync(process.execPath).subarray(0, 64);

  test.each<[string, string | Buffer, string | undefined]>([
    ["a program", elf, undefined],
    ["a script", "#!/bin/sh\necho\n", undefined],
    ["a script with an argument", "#! /usr/bin/env -S sh -e\n", undefined],
    ["a script with a tab", "#!\t/bin/sh\t-e", undefined],
    ["a script without an end of line", "#!/bin/sh", undefined],
    ["a script whose interpreter is missing", "#!/no/such/sh -e\n", "ENOENT"],
    ["a script with the line ends of Windows", "#!/bin/sh\r\necho\r\n", "ENOENT"],
    ["a script whose interpreter is no program", "#!/etc/passwd\n", "EACCES"],
    ["a script whose interpreter is a folder", "#!/tmp\n", "EACCES"],
    ["a script whose interpreter is under a file", "#!/etc/passwd/sh\n", "ENOTDIR"],
    ["a script without an interpreter", "#!\n/bin/sh\n", "ENOEXEC"],
    ["a script with spaces for an interpreter", "#!   \n", "ENOEXEC"],
    ...(knowsMoreFormats()
      ? []
      : ([
          ["a script without its first line", "echo hello\n", "ENOEXEC"],
          ["a script with a byte order mark", "\ufeff#!/bin/sh\necho\n", "ENOEXEC"],
          ["an empty file", "", "ENOEXEC"],
        ] satisfies [string, string, string][])),
  ])("%s", async (_, text, expected) => {
    const file = path.join(temporaryFolder(), "program");
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    expect(execFault(file)).toBe(expected);
    // The kernel itself says the same.
    if (native() && expected !== undefined) expect(await runChild([file])).toBe(expected);
  });

  test("a FIFO, which is not waited for", async () => {
    const file = path.join(temporaryFolder(), "fifo");
    execFileSync("mkfifo", ["-m", "755", file]);
    expect(execFault(file)).toBe("EACCES");
    if (native()) expect(await runChild([file])).toBe("EACCES");
  });

  test("a file that is not there any more", () => {
    expect(execFault(path.join(temporaryFolder(), "missing"))).toBe("ENOENT");
  });

  const asUser = asRoot ? " (SKIPPED: root may read everything)" : "";
  test.skipIf(asRoot)(`is for the kernel to say where the file may only be run${asUser}`, () => {
    const file = path.join(temporaryFolder(), "secret");
    copyFileSync("/bin/true", file);
    chmodSync(file, 0o111);
    expect(execFault(file)).toBeUndefined();
  });

  test("is looked at behind a link", () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, "script"), "#!/no/such/sh\n");
    symlinkSync("script", path.join(folder, "link"));
    expect(execFault(path.join(folder, "link"))).toBe("ENOENT");
  });
});

const noKoffi = native() ? "" : " (SKIPPED: koffi is not installed)";

describe.runIf(native())(`without Node${noKoffi}`, () => {
  describeChildren("that koffi starts");

  test("a soft limit of open files is lowered for the child alone", async () => {
    const limits = () => readFileSync("/proc/self/limits", "utf8");
    const before = limits();
    const ended = await runChild(["/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"], { softFiles: 200 });
    if (typeof ended === "string") throw new Error(ended);
    const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(before)?.[1];
    expect(ended.output).toBe(`200\n${hard}\n`);
    expect(limits()).toBe(before);
  });
});

/** Whether this machine lets us have mounts of our own. */
const mayMount = asRoot && spawnSync("unshare", ["-m", "true"]).status === 0;
const noMount = mayMount ? "" : " (SKIPPED: this needs root that may mount)";

test.runIf(mayMount)(`a tool that is missing is told of, with who needs it${noMount}`, () => {
  const tools = ["choom", "prlimit", "nice", "setpriv"];
  const wanted: Partial<Privileges>[] = [
    { oomScoreAdj: 1 },
    { rlimits: [["core", "0"]] },
    { nice: 1 },
    { user: app },
    { noNewPrivileges: true },
  ];
  const script = `
    import { chained } from ${JSON.stringify(path.join(root, "dist/os/chain.js"))};
    const plain = ${JSON.stringify({ ...plain, rlimits: [] })};
    for (const wanted of ${JSON.stringify(wanted)}) {
      try {
        chained({ file: "/bin/true", argv: ["true"], path: "/bin" }, { ...plain, ...wanted });
      } catch (error) {
        console.log(error.name + ": " + error.message.replace(/'.*\\//, "'"));
      }
    }`;
  // In a world of its own, where each of them is no program.
  const hide = tools.map((tool) => `mount --bind /dev/null "$(command -v ${tool})"`).join(" && ");
  const node = [process.execPath, "--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(
    "unshare",
    ["-m", "sh", "-c", `${hide} && exec "$@"`, "sh", ...node],
    { encoding: "utf8", timeout: 20_000 },
  );
  expect(stderr).toBe("");
  const says = (option: string, tool: string) =>
    `CommandError: ${option}= needs the program ${tool}: command at '${tool}' is not executable`;
  expect(stdout.trim().split("\n")).toEqual([
    says("oom_score_adj", "choom"),
    says("rlimit_*", "prlimit"),
    says("nice", "nice"),
    says("user", "setpriv"),
    says("no_new_privileges", "setpriv"),
  ]);
});
