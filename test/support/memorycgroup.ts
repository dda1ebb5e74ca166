import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished, vi } from "vitest";
import { memoryCgroup } from "../../src/os/cgroups.ts";
import { errnoOf } from "../../src/os/errno.ts";

/** A script of Node that holds more memory than a limited group has. */
export const eating =
  "const held = []; while (held.length < 100) held.push(Buffer.alloc(2 ** 20, 1))";

const read = (file: string) => readFileSync(file, "utf8");
export const mine = memoryCgroup({
  cgroup: read("/proc/self/cgroup"),
  mountinfo: read("/proc/self/mountinfo"),
});

/** Where a cgroup can be made that has a limit of its own, or why there is none. */
function placeForGroup(): { place: string } | { missing: string } {
  if (process.getuid?.() !== 0) return { missing: "only root may make a cgroup" };
  if (!mine) return { missing: "no memory cgroup is mounted" };
  // In version 2 processes and limits for those below exclude each other, so it may be one beside.
  const places = mine.version === 1 ? [mine.folder] : [mine.folder, path.dirname(mine.folder)];
  const place = places.find((dir) => mine.version === 1 || handsMemoryOn(dir));
  if (place === undefined) return { missing: "no cgroup here may limit those below it" };
  try {
    rmdirSync(mkdtempSync(path.join(place, "drover-test-")));
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (!["EACCES", "EPERM", "EROFS", "ENOENT"].includes(errno)) throw error;
    return { missing: `no cgroup may be made: ${errno}` };
  }
  return { place };
}

function handsMemoryOn(folder: string): boolean {
  const file = path.join(folder, "cgroup.subtree_control");
  return existsSync(file) && read(file).split(/\s/).includes("memory");
}

const found = placeForGroup();
export const place = "place" in found ? found.place : "";
export const skipped = "missing" in found ? ` (SKIPPED: ${found.missing})` : "";

/** A cgroup below `place` that may have 20 MB, gone when the test is. */
export function limitedGroup(): string {
  const group = mkdtempSync(path.join(place, "drover-test-"));
  // What was in it may be on its way out still.
  onTestFinished(() => vi.waitFor(() => rmdirSync(group), { timeout: 10_000, interval: 10 }));
  const limits = [
    ["memory.limit_in_bytes", "20M"],
    ["memory.memsw.limit_in_bytes", "20M"],
    ["memory.max", "20M"],
    ["memory.swap.max", "0"],
  ] as const;
  for (const [name, value] of limits) {
    const file = path.join(group, name);
    if (existsSync(file)) writeFileSync(file, value);
  }
  return group;
}
