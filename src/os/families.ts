import { readFileSync } from "node:fs";
import { unless } from "./errno.ts";
import { pageSize } from "./memory.ts";
import { listPids, parseStat } from "./procstat.ts";

/** A process of a family, and what it uses. */
export interface Relative {
  pid: number;
  parent: number;
  /** The command's name, at most 15 bytes of it. */
  command: string;
  /** With the children that it has waited for. */
  cpuMs: number;
  /** Resident bytes. */
  memory: number;
}

/** Linux tells all times in /proc in hundredths of a second, whatever the kernel counts in. */
const MS_PER_TICK = 10;

/**
 * Each of the processes with all that descends from it or is in its session, by one look at all there
 * are: of hundreds of children that is quicker than to ask each. Those that are gone have no family;
 * the root is the first of each.
 */
export function readFamilies(roots: readonly number[]): Map<number, Relative[]> {
  const wanted = new Set(roots);
  const all = new Map<number, Relative & { session: number }>();
  for (const pid of roots.length === 0 ? [] : listPids("/proc")) {
    const text = unless(["ENOENT", "ESRCH", "EACCES", "EPERM"], () =>
      readFileSync(`/proc/${pid}/stat`, "utf8"),
    );
    const { dead, parent, session, name, ticks, pages } = parse(text ?? "");
    if (text === undefined || dead) continue;
    const memory = pages * pageSize();
    all.set(pid, {
      pid,
      parent,
      command: command(name),
      cpuMs: ticks * MS_PER_TICK,
      memory,
      session,
    });
  }
  const families = new Map<number, Relative[]>();
  for (const root of wanted) if (all.has(root)) families.set(root, []);
  for (const { session, ...relative } of all.values()) {
    const root = rootOf(relative.pid, all, wanted) ?? (wanted.has(session) ? session : undefined);
    const family = root === undefined ? undefined : families.get(root);
    if (relative.pid === root) family?.unshift(relative);
    else family?.push(relative);
  }
  return families;
}

const command = (name: string): string => name.replace(/\p{Cc}/gu, "?");

function parse(text: string) {
  const stat = parseStat(text);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ", 22);
  // By proc(5)'s numbers, of which 3 comes first: utime, stime, cutime and cstime are 14 to 17.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { ...stat, ticks, pages: Number(fields[21]) };
}

/** The nearest of the roots among a process and those above it. */
function rootOf(
  pid: number,
  all: ReadonlyMap<number, Relative>,
  roots: ReadonlySet<number>,
): number | undefined {
  let at: number | undefined = pid;
  // As deep as there are processes; a pid that was given anew meanwhile must not make it a circle.
  for (let depth = 0; at !== undefined && depth <= all.size; depth++) {
    if (roots.has(at)) return at;
    at = all.get(at)?.parent;
  }
  return undefined;
}
