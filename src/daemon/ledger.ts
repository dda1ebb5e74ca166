import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import { unless } from "../os/errno.ts";
import { holdersOf } from "../os/holders.ts";
import { type Identity, identify, isAlive } from "../os/identity.ts";
import { Tree } from "../os/tree.ts";
import type { Manners } from "../process/policy.ts";
import { channelName, enclosureOf, tokenOf } from "./channelname.ts";
import type { Log } from "./log.ts";

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
  stopsequence: undefined,
  stopcommand: undefined,
  stoptree: false,
  quietsignal: undefined,
  quiet_timeout: 0,
  quiet_ready: undefined,
};

/** The living children on disk, a file each, written when one comes and removed when it goes. */
export class Ledger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns who the child is; undefined when it is gone already: its end is about to be told */
  add(config: ProcessConfig, pid: number): Identity | undefined {
    const identity = identify(pid);
    if (!identity) return undefined;
    const { stopsignal, stopwaitsecs, stopasgroup, killasgroup, stopsequence, stoptree } = config;
    const { quietsignal, quiet_timeout, quiet_ready } = config;
    const stopcommand = undefined; // Its environment would not be there.
    const entry: Entry = {
      ...identity,
      ...{ stopsignal, stopwaitsecs, stopasgroup, killasgroup },
      ...{ stopsequence, stopcommand, stoptree },
      ...{ quietsignal, quiet_timeout, quiet_ready },
      channel: channelName(config),
    };
    // There is no older entry. One that a crash leaves empty is no worse than none: the channels tell.
    writeFileSync(this.#file(config), JSON.stringify(entry), { mode: 0o600 });
    return identity;
  }

  remove(config: ProcessConfig): void {
    unless(["ENOENT"], () => unlinkSync(this.#file(config)));
  }

  /**
   * The children of an earlier daemon that still live, or with stoptree have left somebody who does:
   * those it noted, and those it was killed before it could note, which their channels give away.
   */
  survivors(log: Log): Entry[] {
    const noted = readdirSync(this.#folder)
      .filter((file) => file.endsWith(SUFFIX))
      .flatMap((file) => read(path.join(this.#folder, file), log))
      .filter((entry) => isAlive(entry) || (this.treeOf(entry)?.members().length ?? 0) > 0);
    const unnoted = holdersOf(this.#folder)
      .filter(({ pid }) => !noted.some((entry) => entry.pid === pid))
      .flatMap(({ pid, files: [file = ""] }) => {
        const identity = identify(pid);
        const channel = file.slice(0, file.lastIndexOf("."));
        return identity ? [{ ...identity, ...defaults, channel }] : [];
      });
    return [...noted, ...unnoted];
  }

  /** What an entry's child has started; undefined when that is none of our business. */
  treeOf({ stoptree, pid, start, channel }: Entry): Tree | undefined {
    if (!stoptree) return undefined;
    const token = tokenOf(this.#folder, channel);
    return new Tree({ pid, start, token }, enclosureOf(token));
  }

  #file(config: ProcessConfig): string {
    return path.join(this.#folder, channelName(config) + SUFFIX);
  }
}

/** A machine that lost its power may leave an empty file; whom it named did not outlive that. */
function read(file: string, log: Log): Entry[] {
  try {
    return [{ ...defaults, ...(JSON.parse(readFileSync(file, "utf8")) as Entry) }];
  } catch (error) {
    log("error", `cannot read ${file}, it is ignored: ${error}`);
    return [];
  }
}
