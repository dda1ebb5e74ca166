import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { Fault } from "../faults.ts";
import { systemClock } from "../os/clock.ts";
import { unless } from "../os/errno.ts";
import { absent, deviceOf, movable } from "../os/logplace.ts";
import type { Disks } from "./disks.ts";
import { isScheduled, type LogCare, needsKeeper, noCare } from "./logcare.ts";
import { LogKeeper } from "./logkeeper.ts";
import { Sink, type SinkReports, type SinkSpec } from "./sink.ts";

/** All sinks of the daemon, by path. */
export class Sinks {
  readonly #byPath = new Map<string, Sink>();
  /** Folders by the names that lead to them. */
  readonly #folders = new Map<string, string>();
  readonly #reports: SinkReports;
  readonly #keeper: LogKeeper;

  readonly #disks: Disks | undefined;

  /** @param disks undefined: every log is written at once */
  constructor(reports: SinkReports, disks?: Disks) {
    this.#reports = reports;
    this.#disks = disks;
    this.#keeper = new LogKeeper(systemClock, {
      mayHang: (file) => disks?.hangingPlace(file) !== undefined,
      answers: (file) => this.answers(file),
    });
  }

  /** The sink of a path, made with the first specification that names it. */
  open(spec: SinkSpec): Sink {
    const key = this.#canonical(spec.path);
    const sink = this.#byPath.get(key) ?? this.#make(spec);
    this.#byPath.set(key, sink);
    // What is not rotated anyway is not worth a word.
    if (rulesOf(spec) !== rulesOf(sink.spec) && this.#isRotated(spec.path)) {
      this.#reports.disputed(spec.path);
    }
    // Who wants to lose nothing has its way: what comes after a gap is not what it wrote.
    if (spec.blocks) sink.block();
    sink.sources++;
    return sink;
  }

  #make(spec: SinkSpec): Sink {
    const sink = new Sink(spec, this.#reports, this.#disks?.file(spec));
    if (needsKeeper(sink.care)) this.#keeper.add(sink);
    return sink;
  }

  /** Something else is to be done with the files of a log from here on. */
  retend(sink: Sink, care: LogCare): void {
    this.#keeper.remove(sink);
    sink.retend(care);
    if (needsKeeper(care)) this.#keeper.add(sink);
  }

  /** One source less; a log that has none any more is forgotten. */
  leave(sink: Sink): void {
    sink.sources--;
    if (sink.sources > 0) return;
    this.#keeper.remove(sink);
    for (const [key, known] of this.#byPath) if (known === sink) this.#byPath.delete(key);
  }

  get(file: string): Sink | undefined {
    return this.#byPath.get(this.#canonical(file));
  }

  /** Before somebody reads a log: a file system that hangs would hold up whoever asks it. */
  async answers(file: string): Promise<boolean> {
    return (await this.#disks?.answers(file)) !== false;
  }

  /** @throws Fault FAILED when the file system of a log does not answer */
  async expectAnswer(file: string): Promise<void> {
    if (await this.answers(file)) return;
    throw new Fault("FAILED", `the disk of ${file} does not answer`);
  }

  /** For SIGUSR2: somebody has moved the files. */
  reopenAll(): void {
    for (const sink of this.#byPath.values()) sink.reopen();
  }

  /**
   * Waits until nothing waits for room in any sink.
   * @param withinMs at most so long
   * @returns false when nothing did, or there is no time
   */
  async untilRoom(withinMs: number): Promise<boolean> {
    const waiting = [...this.#byPath.values()].filter(({ waits }) => waits);
    if (waiting.length === 0 || withinMs <= 0) return false;
    let cancel: () => void = () => undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = systemClock.after(withinMs, resolve);
    });
    await Promise.race([timeout, Promise.all(waiting.map((sink) => sink.untilRoom()))]);
    cancel();
    return true;
  }

  /** For the daemon's end: nothing is rotated or compressed by itself any more. */
  close(): void {
    this.#keeper.close();
  }

  /** For the daemon's end: what waits for room is lost. */
  giveUp(): void {
    for (const sink of this.#byPath.values()) sink.giveUp();
    this.#disks?.giveUp();
  }

  #isRotated(file: string): boolean {
    return this.#disks?.hangingPlace(file) !== undefined || movable(file) !== undefined;
  }

  /** The name of a file without symbolic links; it may not be there yet. */
  #canonical(file: string): string {
    const hanging = this.#disks?.hangingPlace(file);
    if (hanging !== undefined) return hanging;
    // One pipe or terminal is one place, whether it is called stdout, stderr or by its name.
    const device = deviceOf(file);
    if (device !== undefined) return device;
    const named = path.dirname(file);
    const folder = this.#folders.get(named) ?? unless(absent, () => realpathSync(named)) ?? named;
    this.#folders.set(named, folder);
    const full = path.join(folder, path.basename(file));
    const isLink = unless(absent, () => lstatSync(full).isSymbolicLink()) ?? false;
    return (isLink ? unless(absent, () => realpathSync(full)) : undefined) ?? full;
  }
}

/** What is done with the files of a log; the same for all with which nothing is. */
function rulesOf({ maxBytes, backups, care = noCare }: SinkSpec): string {
  const rotates = maxBytes > 0 || isScheduled(care);
  return JSON.stringify([maxBytes, rotates ? backups : 0, care]);
}
