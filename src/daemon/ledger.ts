import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import { unless } from "../os/errno.ts";
import { holdersOf } from "../os/holders.ts";
import { type Identity, identify, isAlive } from "../os/identity.ts";
import type { SignalName } from "../process/signals.ts";
import { channelName } from "./channelname.ts";
import type { Log } from "./log.ts";

/** How a child wants to be stopped, as it was configured when it was started. */
interface Manners {
  stopsignal: SignalName;
  stopwaitsecs: number;
  stopasgroup: boolean;
  killasgroup: boolean;
}

/** What a later daemon must know of a child, should this one die without stopping it. */
export interface Entry extends Identity, Manners {
  /** The name of its channels. */
  channel: string;
}

const SUFFIX = ".child";
const defaults: Manners = {
  stopsignal: "SIGTERM",
  stopwaitsecs: 10,
  stopasgroup: false,
  killasgroup: false,
};

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
    const { stopsignal, stopwaitsecs, stopasgroup, killasgroup } = config;
    const manners: Manners = { stopsignal, stopwaitsecs, stopasgroup, killasgroup };
    const entry: Entry = { ...identity, ...manners, channel: channelName(config) };
    const file = this.#file(config);
    // A crash in between leaves the old entry or the new one, never half of one.
    writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(config: ProcessConfig): void {
    unless(["ENOENT"], () => unlinkSync(this.#file(config)));
  }

  /**
   * The children of an earlier daemon that still live: those it noted, and those it was killed
   * before it could note, which their channels give away.
   */
  survivors(log: Log): Entry[] {
    const noted = readdirSync(this.#folder)
      .filter((file) => file.endsWith(SUFFIX))
      .flatMap((file) => read(path.join(this.#folder, file), log))
      .filter(isAlive);
    const unnoted = holdersOf(this.#folder)
      .filter(({ pid }) => !noted.some((entry) => entry.pid === pid))
      .flatMap(({ pid, files: [file = ""] }) => {
        const identity = identify(pid);
        const channel = file.slice(0, file.lastIndexOf("."));
        return identity ? [{ ...identity, ...defaults, channel }] : [];
      });
    return [...noted, ...unnoted];
  }

  #file(config: ProcessConfig): string {
    return path.join(this.#folder, channelName(config) + SUFFIX);
  }
}

/** A machine that lost its power may leave an empty file; whom it named did not outlive that. */
function read(file: string, log: Log): Entry[] {
  try {
    return [JSON.parse(readFileSync(file, "utf8")) as Entry];
  } catch (error) {
    log("error", `cannot read ${file}, it is ignored: ${error}`);
    return [];
  }
}
