import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";

const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM"];

/** A process that has a file of a folder as its stdin, stdout or stderr, and leads its group. */
interface Holder {
  pid: number;
  /** Names of those files, within the folder. */
  files: string[];
}

/** Who was started with the files of a folder: what is left of a daemon's children, noted or not. */
export function holdersOf(folder: string): Holder[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), files: filesHeld(name, folder) }))
    .filter(({ pid, files }) => files.length > 0 && leadsGroup(pid));
}

function filesHeld(pid: string, folder: string): string[] {
  return [0, 1, 2].flatMap((fd) => {
    const link = unless(gone, () => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? "";
    return path.dirname(link) === folder ? [path.basename(link)] : [];
  });
}

function leadsGroup(pid: number): boolean {
  const stat = unless(gone, () => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "";
  const [, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(group) === pid;
}
