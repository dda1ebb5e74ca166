import path from "node:path";

/** A cgroup of a process, in one of the hierarchies. */
export interface Cgroup {
  version: 1 | 2;
  /** Where its hierarchy is mounted. */
  mount: string;
  folder: string;
}

/** What the kernel tells of a process's cgroups. */
export interface CgroupTexts {
  /** Of /proc/PID/cgroup. */
  cgroup: string;
  /** Of /proc/PID/mountinfo. */
  mountinfo: string;
}

/**
 * The cgroup that a process's memory is counted in.
 * @returns undefined when it is nowhere below a mount point
 */
export function memoryCgroup(texts: CgroupTexts): Cgroup | undefined {
  // A controller is in one hierarchy: when version 1 has it, version 2 has not.
  const old = pathIn(texts, (_, controllers) => controllers.includes("memory"));
  return old === undefined
    ? unifiedCgroup(texts)
    : find(texts, { version: 1, own: old, isIt: (mount) => mount.options.includes("memory") });
}

/** The cgroup of a process in the hierarchy of version 2, which counts or only groups. */
export function unifiedCgroup(texts: CgroupTexts): Cgroup | undefined {
  const own = pathIn(texts, (id) => id === "0");
  return own === undefined ? undefined : find(texts, { version: 2, own, isIt: () => true });
}

function pathIn(
  { cgroup }: CgroupTexts,
  isIt: (id: string, controllers: string[]) => boolean,
): string | undefined {
  const lines = cgroup.split("\n").map((line) => /^(\d+):([^:]*):(\/.*)$/.exec(line));
  return lines.find((line) => line && isIt(line[1] ?? "", (line[2] ?? "").split(",")))?.[3];
}

interface Wanted {
  version: 1 | 2;
  own: string;
  isIt(mount: Mount): boolean;
}

function find({ mountinfo }: CgroupTexts, { version, own, isIt }: Wanted): Cgroup | undefined {
  const type = version === 2 ? "cgroup2" : "cgroup";
  for (const found of mountsIn(mountinfo)) {
    const inside = found.type === type && isIt(found) ? pathBelow(found.root, own) : undefined;
    if (inside === undefined) continue;
    return { version, mount: found.mount, folder: path.resolve(found.mount, `.${inside}`) };
  }
  return undefined;
}

/** A container may have mounted only the part of a hierarchy that it is in. */
function pathBelow(root: string, own: string): string | undefined {
  // A process that was moved out of what its namespace shows.
  if (own.split("/").includes("..")) return undefined;
  if (root === "/") return own;
  return `${own}/`.startsWith(`${root}/`) ? own.slice(root.length) : undefined;
}

interface Mount {
  type: string;
  root: string;
  mount: string;
  options: readonly string[];
}

/** `31 23 0:28 ROOT MOUNT rw,relatime shared:1 - TYPE SOURCE OPTIONS`, of which what is wanted. */
function mountsIn(mountinfo: string): Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [before = "", after] = line.split(" - ");
    const [, , , root, mount] = before.split(" ").map(unescapeOctal);
    const [type, , options] = after?.split(" ") ?? [];
    if (root === undefined || mount === undefined || type === undefined) return [];
    return { root, mount, type, options: options?.split(",") ?? [] };
  });
}

/** White space in a path is written as `\040`. */
const unescapeOctal = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
