import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { unless } from "./errno.ts";

/** Limits of this process, by the names that prlimit and /proc have for them. */
const resources = { nofile: "Max open files", nproc: "Max processes" } as const;
export type Resource = keyof typeof resources;

export interface Limit {
  soft: number;
  hard: number;
}

/** How many of a resource this process may have; infinite when there is no limit. */
export const limitOf = (resource: Resource): Limit => readLimit("self", resource);

function readLimit(pid: number | "self", resource: Resource): Limit {
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  const line = limits.split("\n").find((row) => row.startsWith(resources[resource])) ?? "";
  const [soft = "", hard = ""] = line.slice(resources[resource].length).trim().split(/\s+/);
  const read = (text: string) => (text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: read(soft), hard: read(hard) };
}

/** Sets a limit of this process by prlimit, which Node has no call for. @returns whether it is set */
export function setLimit(resource: Resource, { soft, hard }: Limit): boolean {
  const text = (limit: number) => (Number.isFinite(limit) ? String(limit) : "unlimited");
  const limit = `--${resource}=${text(soft)}:${text(hard)}`;
  return spawnSync("prlimit", [`--pid=${process.pid}`, limit], { stdio: "ignore" }).status === 0;
}

/** What systemd gives to every unit that says nothing else. */
const SYSTEMD_SOFT = 1_024;
const SYSTEMD_HARD = 524_288;

/**
 * The soft limit of open files that this process was started with, as far as that can be told: Node
 * raises its own to the hard limit before any of our code runs. Where the hard limit is that of the
 * parent, the soft one was inherited too; otherwise somebody has set both, as LimitNOFILE= of a unit
 * and `ulimit -n` do.
 */
export function inheritedSoftFiles(): number {
  const { hard } = limitOf("nofile");
  if (process.ppid === 1 && hard === SYSTEMD_HARD) return SYSTEMD_SOFT;
  const parent = unless(["ENOENT", "EACCES", "ESRCH"], () => readLimit(process.ppid, "nofile"));
  return parent?.hard === hard ? parent.soft : hard;
}
