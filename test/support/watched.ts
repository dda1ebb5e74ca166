/** A droverd or a real supervisord, started as people do, and watched from outside: its log, and /proc. */

import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { configText, droverd, eventually, isAlive, tempDir } from "./daemon.ts";

/** Both of droverd's ways of starting children, as its environment chooses them. */
export const ways = [
  ["by posix_spawn", { DROVER_NATIVE: "" }],
  ["by Node", { DROVER_NATIVE: "off" }],
] as const;

const commands = {
  droverd: [process.execPath, droverd],
  supervisord: ["supervisord"],
} as const;

export type DaemonName = keyof typeof commands;

interface Start {
  /** Added to the environment of the daemon. */
  env?: Readonly<Record<string, string>>;
  /** Commands of bash that come before it, in the shell that starts it and stays its parent. */
  setup?: string;
  /** What that shell is run by, such as `["unshare", "--mount"]`. */
  through?: readonly string[];
  background?: boolean;
  /** Options of `[supervisord]`. */
  supervisord?: string;
  /** An empty folder for it; undefined: one that is made for this. */
  dir?: string;
}

export interface Watched {
  dir: string;
  config: string;
  pid: number;
  log(): string;
  /** A file of the daemon's folder, as text; empty when it is not there. */
  file(name: string): string;
  /** Waits for the latest child of a program that has become what its command says. */
  child(name: string, comm: string): Promise<View>;
}

/** Starts one on `programs` and waits until it is up. It is gone when the test is. */
export async function watch(
  name: DaemonName,
  programs: string,
  { env, setup = "", through = [], background = false, supervisord, dir = tempDir() }: Start = {},
): Promise<Watched> {
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs, supervisord));
  const words = [...commands[name], "-c", config, ...(background ? [] : ["-n", "-s"])];
  const shell = ["bash", "-c", `${setup}\n"$@"; exit $?`, "bash", ...words];
  const [file = "", ...args] = [...through, ...shell];
  const parent = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  parent.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const read = (file: string) => {
    try {
      return readFileSync(path.join(dir, file), "utf8");
    } catch {
      return "";
    }
  };
  const log = () => read("droverd.log");
  const started = () => Number(/supervisord started with pid (\d+)/.exec(log())?.[1] ?? 0);
  onTestFinished(() => end(started()));
  const pid = await eventually(`${name} is up`, () => {
    if (parent.exitCode !== null && parent.exitCode !== 0) throw new Error(`it ended: ${said}`);
    return started();
  });
  return {
    dir,
    config,
    pid,
    log,
    file: read,
    child: (program, comm) => {
      const longest = Date.now() + LOADED_WITHIN_MS;
      return eventually(`${program} is there: ${said}${log()}`, () => {
        const child = [...log().matchAll(/spawned: '(.*)' with pid (\d+)/g)]
          .filter(([, spawned]) => spawned === program)
          .at(-1);
        const view = child && viewOf(Number(child[2]));
        if (view?.comm !== comm || view.argv.length === 0) return undefined;
        // While it loads, a program has files open that are not meant here.
        return Object.keys(view.fds).length === 3 || Date.now() > longest ? view : undefined;
      });
    },
  };
}

const LOADED_WITHIN_MS = 3_000;
const ENDS_WITHIN_MS = 15_000;

async function end(pid: number): Promise<void> {
  if (pid === 0 || !isAlive(pid)) return;
  process.kill(pid, "SIGTERM");
  await eventually("the daemon has ended", () => !isAlive(pid), ENDS_WITHIN_MS).catch((error) => {
    process.kill(pid, "SIGKILL");
    throw error;
  });
}

/** What the kernel shows of a process. */
export interface View {
  pid: number;
  /** The name of its program, as far as the kernel keeps it. */
  comm: string;
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Lines of /proc/PID/status by their names: Umask, Uid, Groups, SigIgn, ... */
  status: Record<string, string>;
  /** Its descriptors, and what they are: a path, or a kind such as `pipe`. */
  fds: Record<string, string>;
  /** Soft and hard, by the names of /proc/PID/limits. */
  limits: Record<string, [soft: string, hard: string]>;
  group: number;
  session: number;
  nice: number;
  oomScoreAdj: number;
}

/** @returns undefined when there is no such process any more */
function viewOf(pid: number): View | undefined {
  const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8");
  const link = (name: string) => readlinkSync(`/proc/${pid}/${name}`);
  try {
    // First what tells whether it is the program yet: everything else is read after that.
    const comm = file("comm").trim();
    const argv = file("cmdline").split("\0").slice(0, -1);
    const stat = file("stat");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      comm,
      argv,
      env: pairs(file("environ").split("\0"), "="),
      cwd: link("cwd"),
      status: pairs(file("status").split("\n"), ":"),
      fds: Object.fromEntries(
        readdirSync(`/proc/${pid}/fd`).map((fd) => [fd, link(`fd/${fd}`).replace(/:\[\d+\]$/, "")]),
      ),
      limits: limitsIn(file("limits")),
      group: Number(fields[2]),
      session: Number(fields[3]),
      nice: Number(fields[16]),
      oomScoreAdj: Number(file("oom_score_adj")),
    };
  } catch {
    return undefined;
  }
}

/** `name`, the sign, and the value, in each line that is not empty. */
const pairs = (lines: readonly string[], sign: string): Record<string, string> =>
  Object.fromEntries(
    lines.filter(Boolean).map((line) => {
      const at = line.indexOf(sign);
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );

const limitsIn = (text: string): View["limits"] =>
  Object.fromEntries(
    text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [name = "", soft = "", hard = ""] = line.split(/ {2,}/);
        return [name, [soft, hard]];
      }),
  );

/** An environment, but for some names. */
export const without = (
  names: readonly string[],
  env: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

/** What two daemons that agree show of one program. @param dir the folder of its daemon */
export function comparable(view: View, dir: string) {
  const { comm, argv, cwd, status, fds, nice, oomScoreAdj } = view;
  const { Umask, Uid, Gid, Groups, SigBlk, NoNewPrivs, CapInh, CapEff, CapBnd } = status;
  const normal = (text: string) => text.replaceAll(dir, "DIR");
  const env = Object.entries(without(["_"], view.env));
  return {
    comm,
    argv,
    cwd: normal(cwd),
    env: Object.fromEntries(env.map(([name, value]) => [name, normal(value)])),
    status: { Umask, Uid, Gid, Groups, SigBlk, NoNewPrivs, CapInh, CapEff, CapBnd },
    fds: Object.keys(fds),
    nice,
    oomScoreAdj,
  };
}
