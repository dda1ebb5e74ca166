import { lstatSync, readdirSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";

/** A file that is kept beside another one. */
export interface Sibling {
  path: string;
  name: string;
  size: number;
  /** By these two it is known by whatever name. */
  ino: number;
  dev: number;
  /** Of its last write, in milliseconds since the Epoch. */
  mtimeMs: number;
}

/** The names in a folder; none when it cannot be read. */
export const namesIn = (folder: string): string[] =>
  unless(["ENOENT", "EACCES", "ENOTDIR"], () => readdirSync(folder)) ?? [];

/** What a name in a folder is, when it is a regular file or a link. */
export function siblingOf(folder: string, name: string): Sibling | undefined {
  const full = path.join(folder, name);
  // Mostly there is none, and an exception is dear.
  const stat = unless(["EACCES", "ENOTDIR"], () => lstatSync(full, { throwIfNoEntry: false }));
  if (!stat || !(stat.isFile() || stat.isSymbolicLink())) return undefined;
  const { size, mtimeMs, ino, dev } = stat;
  return { path: full, name, size, mtimeMs, ino, dev };
}
