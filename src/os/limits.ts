import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Limits of this process, by the names that prlimit and /proc have for them. */
const resources = { nofile: "Max open files", nproc: "Max processes" } as const;
export type Resource = keyof typeof resources;

export interface Limit {
  soft: number;
  hard: number;
}

/** How many of a resource this process may have; infinite when there is no limit. */
export function limitOf(resource: Resource): Limit {
  const limits = readFileSync("/proc/self/limits", "utf8");
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
