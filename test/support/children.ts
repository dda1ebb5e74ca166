import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Privileges } from "../../src/os/chain.ts";
import { type ChildSpec, spawnChild } from "../../src/os/children.ts";
import { findUser } from "../../src/os/users.ts";
import { eventually, isAlive } from "./daemon.ts";
import { temporaryFolder } from "./temporary.ts";

export const asRoot = process.getuid?.() === 0;
export const noRoot = asRoot ? "" : " (SKIPPED: this needs root)";

/** Whether the kernel has been taught other formats of programs than its own. */
export function knowsMoreFormats(): boolean {
  const folder = "/proc/sys/fs/binfmt_misc";
  return existsSync(folder) && readdirSync(folder).length > 2;
}

export const plain: Privileges = {
  user: undefined,
  rlimits: [],
  nice: undefined,
  oomScoreAdj: undefined,
  noNewPrivileges: false,
};

/** A user as a child is to run as it. */
export function userNamed(name: string): NonNullable<Privileges["user"]> {
  const user = findUser(name);
  if (!user) throw new Error(`there is no user ${name}`);
  return user;
}

interface Ended {
  pid: number;
  exit: Parameters<Parameters<typeof spawnChild>[1]["exited"]>[0];
  /** What it wrote to its stdout and its stderr. */
  output: string;
}

export type Wanted = Partial<Omit<ChildSpec, "argv" | "privileges">> & {
  privileges?: Partial<Privileges>;
};

/** A child that is waited for. @returns how it ended, or the kernel's reason why there is none */
export async function runChild(
  argv: readonly string[],
  { privileges, ...wanted }: Wanted = {},
): Promise<Ended | string> {
  const log = path.join(temporaryFolder(), "output");
  const fd = openSync(log, "w");
  const stdin = openSync("/dev/null", "r");
  let pid: number | undefined;
  let outcome: Ended | string | undefined;
  onTestFinished(() => {
    if (pid !== undefined && outcome === undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  const spec: ChildSpec = {
    file: argv[0] ?? "",
    argv,
    env: { PATH: process.env.PATH },
    cwd: undefined,
    umask: undefined,
    stdio: [stdin, fd, fd],
    softFiles: undefined,
    ...wanted,
    privileges: { ...plain, ...privileges },
  };
  try {
    spawnChild(spec, {
      started(started) {
        pid = started;
      },
      failed(errno) {
        outcome = errno;
      },
      exited(exit) {
        outcome = { pid: pid ?? 0, exit, output: readFileSync(log, "utf8") };
      },
    });
  } finally {
    closeSync(fd);
    closeSync(stdin);
  }
  return eventually(`${argv.join(" ")} has ended`, () => outcome);
}
