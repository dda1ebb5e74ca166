import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { unless } from "./errno.ts";

/** Where the daemon keeps its socket and channels when the configuration does not say. */
export function defaultRundir(): string {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return "/run/drover";
  const runtime = process.env.XDG_RUNTIME_DIR;
  return runtime ? path.join(runtime, "drover") : path.join(os.tmpdir(), `drover-${uid}`);
}

/** A folder that only its owner can enter. @throws as makeOwnDir */
export const makePrivateDir = (dir: string): void => makeOwnDir(dir, 0o700);

/**
 * Makes a folder with a mode. One that exists must be the caller's own: others
 * could have put it there, in the temporary folder, to read what is written into it.
 * @throws Error saying what is wrong with the folder
 */
export function makeOwnDir(dir: string, mode: number): void {
  mkdirSync(path.dirname(dir), { recursive: true });
  unless(["EEXIST"], () => mkdirSync(dir, { mode }));
  const stat = lstatSync(dir);
  if (!stat.isDirectory()) throw new Error(`${dir} is not a directory`);
  if (stat.uid !== process.getuid?.()) throw new Error(`${dir} belongs to another user`);
  if ((stat.mode & 0o777) !== mode) chmodSync(dir, mode);
}

/** Removes a folder of files, whatever has become of it; much faster than rmSync for thousands of them. */
export function removeFolder(dir: string): void {
  const isPlain = unless(["ENOENT", "EISDIR", "EPERM", "ENOTEMPTY"], () => {
    for (const name of readdirSync(dir)) unlinkSync(path.join(dir, name));
    rmdirSync(dir);
    return true;
  });
  if (!isPlain) rmSync(dir, { recursive: true, force: true });
}
