import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tempDir } from "./daemon.ts";

/** Releases of a worker.sh in folders of their own, and `current`, which leads to one of them. */
export function makeReleases(scripts: Readonly<Record<string, string>>) {
  const dir = tempDir();
  for (const [name, script] of Object.entries(scripts)) {
    mkdirSync(path.join(dir, name));
    writeFileSync(path.join(dir, name, "worker.sh"), script);
  }
  /** As a deploy does: from one moment to the next it leads elsewhere. */
  const flip = (name: string) => {
    symlinkSync(name, path.join(dir, "next"));
    renameSync(path.join(dir, "next"), path.join(dir, "current"));
  };
  const [first = ""] = Object.keys(scripts);
  flip(first);
  return { dir, flip };
}

export const works = "exec sleep 1000\n";
export const crashes = 'echo "cannot find the database" >&2\nexit 3\n';
