import { statSync } from "node:fs";
import path from "node:path";
import { unless } from "../os/errno.ts";
import { Lane } from "../os/lane.ts";
import { LaneFile } from "../os/lanefile.ts";
import { LogFile } from "../os/logfile.ts";
import { absent, canBeMade } from "../os/logplace.ts";
import { hangingPlace, mountsNow } from "../os/mounts.ts";
import { runDelayMs } from "../os/procstat.ts";
import { type DiskFile, type LaterEvents, type OpenLog, openDirectly } from "./openlog.ts";
import type { RotationSpec } from "./rotator.ts";

/** A disk that takes longer for one write holds up the whole daemon. */
const SLOW_MS = 100;
/** So long somebody who wants to read waits for a disk. */
const PATIENCE_MS = 1_000;
/** So long a disk must be quick before it is trusted again. */
const TRUSTED_AFTER_MS = 10_000;

/** Told of a log whose disk took so long for one write. */
type OnSlow = (file: string, ms: number) => void;

/** Where a log is when it is not written here. */
interface Elsewhere {
  lane: Lane;
  /** Not for ever. */
  slow: SlowDisk | undefined;
}

/** A disk that was slow, as it was seen. */
class SlowDisk {
  readonly #trustedAfterMs: number;
  #slowAt = performance.now();

  constructor(trustedAfterMs: number) {
    this.#trustedAfterMs = trustedAfterMs;
  }

  took(ms: number): void {
    if (ms > SLOW_MS) this.#slowAt = performance.now();
  }

  get isSlow(): boolean {
    return performance.now() - this.#slowAt < this.#trustedAfterMs;
  }
}

/**
 * Which disks are written how. A local disk takes its bytes at once, and nothing is quicker. One that
 * may stand still, because a server, another process or another file answers for it, or that has been
 * seen to take its time, is written by a process of its own: then only those wait who write to it.
 */
export class Disks {
  readonly #writer: { script: string; folder: string };
  readonly #hangs: typeof hangingPlace;
  readonly #trustedAfterMs: number;
  readonly #onSlow: OnSlow;
  /** By what tells them apart: the device's numbers. */
  readonly #lanes = new Map<string, Lane>();
  readonly #slow = new Map<number, SlowDisk>();
  /** At the latest look. */
  #delayMs = runDelayMs();

  /** @param hangs tells which places are on file systems that may hang */
  constructor(
    writer: { script: string; folder: string },
    onSlow: OnSlow,
    { hangs = hangingPlace, trustedAfterMs = TRUSTED_AFTER_MS } = {},
  ) {
    this.#writer = writer;
    this.#onSlow = onSlow;
    this.#hangs = hangs;
    this.#trustedAfterMs = trustedAfterMs;
  }

  /** Where a path leads when that is a file system that may hang, which is not to be asked here. */
  hangingPlace(file: string): string | undefined {
    return this.#hangs(file, mountsNow())?.path;
  }

  /** Whether whoever asks the file system of a path now has an answer: true for a local disk. */
  async answers(file: string): Promise<boolean> {
    const hanging = this.#hangs(file, mountsNow());
    if (!hanging) return true;
    return await this.#lane(hanging.mount.device).answers(hanging.path, PATIENCE_MS);
  }

  file(spec: RotationSpec): DiskFile {
    return new FileOnDisk(this, spec);
  }

  /** @throws what the kernel gives */
  open(spec: RotationSpec, later: LaterEvents): OpenLog {
    const elsewhere = this.#elsewhere(spec.path);
    if (elsewhere) return openElsewhere(spec, elsewhere, later);
    return this.#watched(openDirectly(spec.path, spec.care));
  }

  /** For the daemon's end: no disk is waited for any more. */
  giveUp(): void {
    for (const lane of this.#lanes.values()) lane.giveUp();
  }

  #elsewhere(file: string): Elsewhere | undefined {
    const hanging = this.#hangs(file, mountsNow());
    if (hanging) return { lane: this.#lane(hanging.mount.device), slow: undefined };
    if (this.#slow.size === 0) return undefined;
    const stat =
      unless(absent, () => statSync(file)) ?? unless(absent, () => statSync(path.dirname(file)));
    const slow = stat && this.#slow.get(stat.dev);
    return slow?.isSlow ? { lane: this.#lane(`disk ${stat?.dev}`), slow } : undefined;
  }

  /** Of what is no file nothing is slow: it is full at most, and then it says so. */
  #watched(log: OpenLog): OpenLog {
    const { file } = log;
    if (!(file instanceof LogFile) || file.size === undefined) return log;
    const { device } = file;
    return {
      file,
      took: (ms) => {
        if (this.#isSlow(ms)) {
          this.#slow.set(device, new SlowDisk(this.#trustedAfterMs));
          this.#onSlow(file.path, ms);
        }
      },
      isMisplaced: () => this.#slow.size > 0 && (this.#slow.get(device)?.isSlow ?? false),
    };
  }

  /** Whether it was the disk that took so long: on a machine that has much to do it may be the queue. */
  #isSlow(ms: number): boolean {
    const before = this.#delayMs;
    this.#delayMs = runDelayMs();
    return ms - (this.#delayMs - before) > SLOW_MS;
  }

  #lane(device: string): Lane {
    const lane = this.#lanes.get(device) ?? new Lane(device, this.#writer);
    this.#lanes.set(device, lane);
    return lane;
  }
}

/** One log's file: a fleet has a thousand of these. */
class FileOnDisk implements DiskFile {
  readonly #disks: Disks;
  readonly #spec: RotationSpec;

  constructor(disks: Disks, spec: RotationSpec) {
    this.#disks = disks;
    this.#spec = spec;
  }

  open(later: LaterEvents): OpenLog {
    return this.#disks.open(this.#spec, later);
  }

  canBeMade(): boolean {
    const { path: file } = this.#spec;
    return this.#disks.hangingPlace(file) === undefined && canBeMade(file);
  }
}

function openElsewhere(
  { path, maxBytes, backups, care }: RotationSpec,
  { lane, slow }: Elsewhere,
  later: LaterEvents,
): OpenLog {
  const took = (ms: number) => slow?.took(ms);
  const creation = care && { mode: care.mode, owner: care.owner };
  const rules = { maxBytes, backups, creation };
  const file = new LaneFile(path, rules, lane, { ...later, took });
  file.begin("open");
  return { file, took, isMisplaced: () => slow?.isSlow === false };
}
