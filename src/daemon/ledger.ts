import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import { unless } from "../os/errno.ts";
import { type Identity, identify, isAlive } from "../os/identity.ts";

/** What a later daemon must know of a child, should this one die without stopping it. */
export interface Entry extends Identity {
  group: string;
  name: string;
  stopsignal: NodeJS.Signals;
  stopwaitsecs: number;
  stopasgroup: boolean;
  killasgroup: boolean;
}

const SUFFIX = ".child";

/** The living children on disk, a file each, written when one comes and removed when it goes. */
export class Ledger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(config: ProcessConfig, pid: number): void {
    const identity = identify(pid);
    // Already gone: its exit is about to be told.
    if (!identity) return;
    const { group, name, stopsignal, stopwaitsecs, stopasgroup, killasgroup } = config;
    const entry: Entry = {
      ...identity,
      group,
      name,
      stopsignal,
      stopwaitsecs,
      stopasgroup,
      killasgroup,
    };
    const file = this.#file(config);
    // A crash in between leaves the old entry or the new one, never half of one.
    writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(config: ProcessConfig): void {
    unless(["ENOENT"], () => unlinkSync(this.#file(config)));
  }

  /** The children of an earlier daemon that still live. */
  survivors(): Entry[] {
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => JSON.parse(readFileSync(path.join(this.#folder, file), "utf8")) as Entry)
      .filter(isAlive);
  }

  #file({ group, name }: ProcessConfig): string {
    return path.join(this.#folder, `${group}:${name}${SUFFIX}`);
  }
}
