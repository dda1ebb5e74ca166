import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { unifiedCgroup } from "./cgroups.ts";
import { errnoOf, unless } from "./errno.ts";

/**
 * A cgroup (version 2) of its own for all that a child starts: who is in it stays in it, whatever
 * sessions it makes and whoever its parents are.
 */
export class Enclosure {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The one of that name, below the cgroup of this process. It need not be there.
   * @param name a file name
   * @returns undefined on a machine that has no such cgroups
   */
  static named(name: string): Enclosure | undefined {
    const own = unifiedCgroup({
      cgroup: readFileSync("/proc/self/cgroup", "utf8"),
      mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
    });
    return own && new Enclosure(path.join(own.folder, name));
  }

  /** Makes it unless it is there. @returns whether that is possible here */
  make(): boolean {
    try {
      unless(["EEXIST"], () => mkdirSync(this.#folder));
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Puts a process in, with all that it starts from here on. @returns whether that was possible */
  add(pid: number): boolean {
    try {
      writeFileSync(path.join(this.#folder, "cgroup.procs"), String(pid));
      return true;
    } catch (error) {
      // It is gone already, or the kernel lets nobody in who is not allowed to leave his own.
      if (errnoOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Everybody in it, also in cgroups that were made below. */
  pids(): number[] {
    return pidsBelow(this.#folder);
  }

  /** Kills everybody in it at one stroke, where the kernel can (Linux 5.14). */
  kill(): void {
    unless(["ENOENT", "EACCES", "EPERM"], () =>
      writeFileSync(path.join(this.#folder, "cgroup.kill"), "1", { flag: "r+" }),
    );
  }

  /** Takes the cgroup away; one that is not empty stays, for who comes next. */
  remove(): void {
    removeBelow(this.#folder);
  }
}

const absent = ["ENOENT", "ENODEV", "EACCES", "EPERM"];

const foldersIn = (folder: string): string[] =>
  (unless(absent, () => readdirSync(folder, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name));

function pidsBelow(folder: string): number[] {
  const file = path.join(folder, "cgroup.procs");
  // A cgroup of threads cannot be read so; its processes are in the one above.
  const text = unless([...absent, "EOPNOTSUPP"], () => readFileSync(file, "utf8")) ?? "";
  const own = text.split("\n").map(Number);
  return [...own.filter((pid) => pid > 0), ...foldersIn(folder).flatMap(pidsBelow)];
}

function removeBelow(folder: string): void {
  for (const below of foldersIn(folder)) removeBelow(below);
  unless([...absent, "EBUSY", "ENOTEMPTY"], () => rmdirSync(folder));
}
