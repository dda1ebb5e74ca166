import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Privileges } from "../../src/os/chain.ts";
import { limitOf } from "../../src/os/limits.ts";
import { groupsOf } from "../../src/os/users.ts";
import { asRoot, noRoot, runChild, userNamed, type Wanted } from "./children.ts";
import { temporaryFolder } from "./temporary.ts";

/** Users of this machine that groups beside their own belong to; one is enough. */
const sociable = readFileSync("/etc/passwd", "utf8")
  .trim()
  .split("\n")
  .map((line) => userNamed(line.split(":")[0] ?? ""))
  .filter(({ uid, gid }) => uid !== 0 && groupsOf(uid).some((group) => group !== gid))
  .slice(0, 1);

/** What a child writes that ends well. */
async function outputOf(argv: readonly string[], wanted?: Wanted): Promise<string> {
  const ended = await runChild(argv, wanted);
  if (typeof ended === "string") throw new Error(`${argv.join(" ")}: ${ended}`);
  expect(ended).toMatchObject({ exit: { code: 0 } });
  return ended.output;
}

const sh = (script: string, wanted?: Wanted): Promise<string> =>
  outputOf(["/bin/sh", "-c", script], wanted);

const numbersIn = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** What /proc says of a limit, `soft hard`. */
const limitIn = (limits: string, title: string): string => {
  const line = limits.split("\n").find((row) => row.startsWith(title)) ?? "";
  return line.slice(title.length).trim().split(/\s+/).slice(0, 2).join(" ");
};

const fieldOf = (status: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";

/** Above the hard limit of this process. */
const higher = limitOf("nproc").hard + 1;
const mayRaise = asRoot && spawnSync("prlimit", [`--nproc=${higher}`, "true"]).status === 0;
const noRaise = mayRaise ? "" : " (SKIPPED: this needs root, with CAP_SYS_RESOURCE)";

const niceness = Math.min(os.getPriority() + 5, 19);

/** Each privilege, and all that this user may give at once. */
const each: Readonly<Record<string, Partial<Privileges>>> = {
  nothing: {},
  nice: { nice: 5 },
  rlimits: { rlimits: [["core", "0"]] },
  oomScoreAdj: { oomScoreAdj: 700 },
  noNewPrivileges: { noNewPrivileges: true },
  ...(asRoot && { user: { user: userNamed("www-data") } }),
  "all of them": {
    nice: 5,
    rlimits: [
      ["nofile", "256:512"],
      ["core", "0"],
    ],
    oomScoreAdj: 700,
    noNewPrivileges: true,
    ...(asRoot && { user: userNamed("www-data") }),
  },
};

/** Real children with each privilege, however they are started: that is per process. */
export function describeChildren(how: string): void {
  describe(`a child ${how}`, () => {
    describe.each(Object.entries(each))("with %s", (_, privileges) => {
      test("has the pid that was told, and leads a group and a session of its own", async () => {
        const told = await runChild(["/bin/cat", "/proc/self/stat"], { privileges });
        if (typeof told === "string") throw new Error(told);
        const fields = told.output.slice(told.output.lastIndexOf(")") + 2).split(" ");
        expect(told.output).toMatch(new RegExp(`^${told.pid} \\(cat\\) `));
        const [, parent, group, session] = fields.map(Number);
        expect({ parent, group, session }).toEqual({
          parent: process.pid,
          group: told.pid,
          session: told.pid,
        });
      });

      test("sees its words as they are, its own name first", async () => {
        const folder = temporaryFolder();
        symlinkSync("/bin/sh", path.join(folder, "worker"));
        const words = ["-n", "--", "a b", "", "*", '"$HOME"', "ä\n\\", "--nice=1"];
        const argv = ["worker", "-c", "tr '\\0' '|' < /proc/$$/cmdline", ...words];
        const file = path.join(folder, "worker");
        const env = { PATH: `${folder}:${process.env.PATH}` };
        expect(await outputOf(argv, { file, env, privileges })).toBe(`${argv.join("|")}|`);
        // As it is written, also where it is found by another name than its last.
        const written = [`${folder}/./worker`, ...argv.slice(1)];
        expect(await outputOf(written, { file, env, privileges })).toBe(`${written.join("|")}|`);
      });

      test("has its environment, and nothing of the daemon's", async () => {
        const env = { PATH: "/usr/bin:/bin", EMPTY: "", GONE: undefined, WORD: "a=b c" };
        const shown = await outputOf(["/usr/bin/env"], { env, privileges });
        expect(shown).toBe("PATH=/usr/bin:/bin\nEMPTY=\nWORD=a=b c\n");
      });

      test("has its folder and its umask, and the daemon keeps its own", async () => {
        const [umask, folder] = [process.umask(), process.cwd()];
        const shown = await sh("pwd; umask", { cwd: "/usr", umask: 0o27, privileges });
        expect(shown).toBe("/usr\n0027\n");
        expect([process.umask(), process.cwd()]).toEqual([umask, folder]);
      });

      test("ignores no signal and has none blocked", async () => {
        const status = await outputOf(["/bin/cat", "/proc/self/status"], { privileges });
        expect(fieldOf(status, "SigBlk")).toMatch(/^0+$/);
        expect(fieldOf(status, "SigIgn")).toMatch(/^0+$/);
      });

      test("ends as it ends", async () => {
        expect(await runChild(["/bin/sh", "-c", "exit 42"], { privileges })).toMatchObject({
          exit: { code: 42 },
        });
        expect(await runChild(["/bin/sh", "-c", "kill -9 $$"], { privileges })).toMatchObject({
          exit: { signal: "SIGKILL" },
        });
      });
    });

    test.runIf(asRoot)(`runs as www-data${noRoot}`, async () => {
      const user = userNamed("www-data");
      const shown = await sh("id -u; id -g; id -G", { privileges: { user } });
      const [uid, gid, ...groups] = numbersIn(shown);
      expect([uid, gid]).toEqual([user.uid, user.gid]);
      expect(groups.sort()).toEqual([...new Set([user.gid, ...groupsOf(user.uid)])].sort());
      const status = await sh("cat /proc/self/status", { privileges: { user } });
      expect(numbersIn(fieldOf(status, "Uid"))).toEqual(Array(4).fill(user.uid));
      expect(numbersIn(fieldOf(status, "Gid"))).toEqual(Array(4).fill(user.gid));
      expect(fieldOf(status, "CapEff")).toMatch(/^0+$/);
    });

    const noneSociable = sociable.length > 0 ? "" : " (SKIPPED: no user here has any)";
    test.runIf(asRoot && sociable.length > 0)(
      `has the supplementary groups of its user${noRoot}${noneSociable}`,
      async () => {
        for (const user of sociable) {
          const groups = numbersIn(await sh("id -G", { privileges: { user } }));
          expect(groups.sort()).toEqual([...new Set([user.gid, ...groupsOf(user.uid)])].sort());
        }
      },
    );

    test("stays who it is when that is its user", async () => {
      const { username, uid, gid } = os.userInfo();
      const user = { name: username, uid, gid };
      expect(numbersIn(await sh("id -u", { privileges: { user } }))).toEqual([uid]);
    });

    test("is nicer than the daemon", async () => {
      expect(numbersIn(await outputOf(["nice"], { file: "/usr/bin/nice" }))).toEqual([
        os.getPriority(),
      ]);
      const privileges = { nice: 5 };
      const shown = await outputOf(["nice"], { file: "/usr/bin/nice", privileges });
      expect(numbersIn(shown)).toEqual([niceness]);
    });

    test.runIf(asRoot)(`may be less nice than the daemon, as another user${noRoot}`, async () => {
      const privileges = { nice: -5, user: userNamed("www-data") };
      const shown = await outputOf(["nice"], { file: "/usr/bin/nice", privileges });
      expect(numbersIn(shown)).toEqual([Math.max(os.getPriority() - 5, -20)]);
    });

    test("has the limits it is given, and the others of the daemon", async () => {
      const own = await outputOf(["/bin/cat", "/proc/self/limits"]);
      const rlimits = [
        ["nofile", "256:512"],
        ["core", "0"],
        ["stack", "1048576:unlimited"],
      ] as const;
      const hard = limitIn(own, "Max stack size").endsWith("unlimited");
      const given = await outputOf(["/bin/cat", "/proc/self/limits"], {
        privileges: { rlimits: hard ? rlimits : rlimits.slice(0, 2) },
      });
      expect(limitIn(given, "Max open files")).toBe("256 512");
      expect(limitIn(given, "Max core file size")).toBe("0 0");
      if (hard) expect(limitIn(given, "Max stack size")).toBe("1048576 unlimited");
      expect(limitIn(given, "Max cpu time")).toBe(limitIn(own, "Max cpu time"));
    });

    test.runIf(mayRaise)(
      `may have higher limits than the daemon, as another user${noRaise}`,
      async () => {
        const privileges: Partial<Privileges> = {
          rlimits: [["nproc", String(higher)]],
          user: userNamed("www-data"),
        };
        const given = await outputOf(["/bin/cat", "/proc/self/limits"], { privileges });
        expect(limitIn(given, "Max processes")).toBe(`${higher} ${higher}`);
      },
    );

    test("is offered to the kernel when memory runs out", async () => {
      const shown = await sh("cat /proc/self/oom_score_adj", { privileges: { oomScoreAdj: 700 } });
      expect(numbersIn(shown)).toEqual([700]);
      expect(numbersIn(await sh("cat /proc/self/oom_score_adj"))).toEqual(
        numbersIn(readFileSync("/proc/self/oom_score_adj", "utf8")),
      );
    });

    test("gains no rights when it must not", async () => {
      const read = (privileges: Partial<Privileges>) =>
        outputOf(["/bin/cat", "/proc/self/status"], { privileges });
      expect(fieldOf(await read({}), "NoNewPrivs")).toBe(
        fieldOf(readFileSync("/proc/self/status", "utf8"), "NoNewPrivs"),
      );
      expect(fieldOf(await read({ noNewPrivileges: true }), "NoNewPrivs")).toBe("1");
    });

    test("is found again under its own name, where the tools look for it in its own PATH", async () => {
      const folder = temporaryFolder();
      symlinkSync("/bin/echo", path.join(folder, "greet"));
      const env = { PATH: folder };
      const wanted: Wanted = { file: path.join(folder, "greet"), env, privileges: { nice: 1 } };
      expect(await outputOf(["greet", "hello"], wanted)).toBe("hello\n");
    });

    test("without a PATH is found where the daemon has found it", async () => {
      const wanted: Wanted = { file: "/bin/echo", env: {}, privileges: { nice: 1 } };
      expect(await outputOf(["echo", "hello"], wanted)).toBe("hello\n");
    });

    test("that there cannot be is told by the kernel's word for it", async () => {
      const folder = temporaryFolder();
      expect(await runChild([path.join(folder, "missing")])).toBe("ENOENT");
      expect(await runChild([folder])).toBe("EACCES");
      expect(await runChild(["/bin/echo"], { cwd: path.join(folder, "missing") })).toBe("ENOENT");
    });
  });
}
