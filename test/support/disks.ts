/** Small disks of the test's own, which only root can make: to be filled, to hang, to fail. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { onTestFinished, test } from "vitest";
import { errnoOf } from "../../src/os/errno.ts";
import { isRoot } from "./rights.ts";
import { temporaryFolder } from "./temporary.ts";

/** Runs a command to its end. @throws with what it says when it fails */
function must(...command: readonly string[]): string {
  const [file = "", ...words] = command;
  const { status, stdout, stderr, error } = spawnSync(file, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${error ?? stderr}`);
  return stdout;
}

/** As `must`, for what may have been done already. */
const tryTo = (...command: readonly string[]): boolean =>
  spawnSync(command[0] ?? "", command.slice(1)).status === 0;

/** Why disks cannot be made here; undefined when they can. */
function whyNot(): string | undefined {
  if (!isRoot) return "only root may mount";
  const missing = ["mount", "mkfs.ext4", "fsfreeze"].find((name) => !tryTo("which", name));
  if (missing !== undefined) return `there is no ${missing}`;
  if (!existsSync("/dev/loop-control")) return "this machine has no loop devices";
  return tryTo("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    ? undefined
    : "this machine lets nobody mount";
}

const reason = whyNot();
/** Skipped where there are no rights for it; a missing package is a failure in CI. */
const skips = reason !== undefined && !(reason.startsWith("there is no") && process.env.CI);
export const testWithDisks = (skips ? test.skip : test) as typeof test;
export const needsDisks = reason === undefined ? "" : ` (SKIPPED: ${reason})`;

export interface Disk {
  /** Where it is mounted. */
  dir: string;
  /** A file on it. */
  at(name: string): string;
  /** Takes all the room there is. @returns how to give it back */
  fill(): () => void;
  /** Whoever writes to it stands still until the return. */
  freeze(): () => void;
}

/** Before the folder goes: whatever state the test has left it in. */
function mounted(dir: string, freezes: boolean): Disk {
  let frozen = false;
  const thaw = () => {
    if (frozen) must("fsfreeze", "-u", dir);
    frozen = false;
  };
  onTestFinished(() => {
    if (freezes) tryTo("fsfreeze", "-u", dir);
    while (isMounted(dir)) if (!tryTo("umount", dir)) must("umount", "--lazy", dir);
  });
  return {
    dir,
    at: (name) => path.join(dir, name),
    fill() {
      const ballast = path.join(dir, "ballast");
      fill(ballast);
      return () => rmSync(ballast);
    },
    freeze() {
      must("fsfreeze", "-f", dir);
      frozen = true;
      return thaw;
    },
  };
}

/** Writes zeros to a file until there is no room for another one. */
function fill(file: string): void {
  const fd = openSync(file, "a");
  try {
    for (let size = 65_536; size >= 1; ) {
      try {
        if (writeSync(fd, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
      } catch (error) {
        if (errnoOf(error) !== "ENOSPC") throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** Memory that is a disk: it is full when it has so many bytes, and never hangs. */
export function memoryDisk(bytes: number): Disk {
  const dir = path.join(temporaryFolder(), "memory");
  mkdirSync(dir);
  must("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", dir);
  return mounted(dir, false);
}

interface Failing {
  /** From here on it answers EIO to everything. */
  fail(): void;
  /** Another disk is there. */
  mountAgain(): void;
}

/** A file that is a disk: slower than others, and it can be frozen. */
export function loopDisk(bytes: number): Disk & Failing {
  const folder = temporaryFolder();
  const [image, dir] = [path.join(folder, "image"), path.join(folder, "loop")];
  mkdirSync(dir);
  closeSync(openSync(image, "w"));
  truncateSync(image, bytes);
  must("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image);
  must("mount", "-o", "loop", image, dir);
  return {
    ...mounted(dir, true),
    fail: () => void must("python3", "-c", shutdown, dir),
    mountAgain() {
      must("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", `${image}.2`, `${bytes / 1_024}k`);
      // Over the one before: without a moment in which the folder below would be written to.
      must("mount", "-o", "loop", `${image}.2`, dir);
    },
  };
}

/** FS_IOC_SHUTDOWN without writing anything back: as when a disk is pulled out. */
const shutdown = `
import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, 0x8004587d, struct.pack("I", 2))
`;

const hasBindfs = spawnSync("bindfs", ["--version"]).error === undefined;
const noFuse = existsSync("/dev/fuse") ? undefined : "this machine has no FUSE";
const noBindfs = reason ?? noFuse ?? (hasBindfs ? undefined : "there is no bindfs");
export const testWithBindfs = (
  noBindfs === undefined || (noBindfs.startsWith("there is no") && process.env.CI)
    ? test
    : test.skip
) as typeof test;
export const needsBindfs = noBindfs === undefined ? "" : ` (SKIPPED: ${noBindfs})`;

/** A folder that a server of this machine answers for: when that stops, all stand still who ask. */
export function bindDisk(): Disk & { server: number } {
  const folder = temporaryFolder();
  const [behind, dir] = [path.join(folder, "behind"), path.join(folder, "bind")];
  for (const made of [behind, dir]) mkdirSync(made);
  const server = spawn("bindfs", ["-f", behind, dir], { stdio: "ignore" });
  const disk = mounted(dir, false);
  onTestFinished(() => void server.kill("SIGKILL"));
  while (!isMounted(dir)) execFileSync("sleep", ["0.01"]);
  return {
    ...disk,
    server: server.pid ?? 0,
    freeze() {
      server.kill("SIGSTOP");
      return () => void server.kill("SIGCONT");
    },
  };
}

const isMounted = (dir: string): boolean =>
  readFileSync("/proc/self/mountinfo", "utf8").includes(` ${dir} `);
