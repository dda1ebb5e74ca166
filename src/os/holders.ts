import { readlinkSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";
import { listPids, readStat } from "./procstat.ts";

const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM"];

/** A process that has a file of a folder as its stdin, stdout or stderr, and leads its group. */
interface Holder {
  pid: number;
  /** Names of those files, within the folder. */
  files: string[];
}

/** Who was started with the files of a folder: what is left of a daemon's children, noted or not. */
export function holdersOf(folder: string): Holder[] {
  return listPids("/proc")
    .filter((pid) => pid !== process.pid)
    .map((pid) => ({ pid, files: filesHeld(pid, folder) }))
    .filter(({ pid, files }) => files.length > 0 && readStat(pid)?.group === pid);
}

function filesHeld(pid: number, folder: string): string[] {
  return [0, 1, 2].flatMap((fd) => {
    const link = unless(gone, () => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? "";
    return path.dirname(link) === folder ? [path.basename(link)] : [];
  });
}
