import type { Tally } from "../logs/losses.ts";
import { errnoOf } from "../os/errno.ts";
import { removeLog } from "../os/logplace.ts";
import { Delivery } from "./delivery.ts";
import { type LogCare, noCare } from "./logcare.ts";
import type { DiskFile } from "./openlog.ts";
import { type RotationSpec, Rotator } from "./rotator.ts";
import { type Writer, Writers } from "./writers.ts";

export interface SinkSpec extends RotationSpec {
  /** Those who write wait while it cannot be written, and nothing is dropped. */
  blocks?: boolean;
}

/** What a sink reports of itself: it never throws at those who write to it. */
export interface SinkReports {
  /** Writing began to fail. @param waits those who write wait, and nothing is lost */
  failing(path: string, errno: string, waits: boolean): void;
  /** Writing works again; so many bytes never came into the file. */
  recovered(path: string, lostBytes: number): void;
  /** Something went wrong with its files that costs no output, in words. */
  trouble(text: string): void;
  /** It was closed before there was room again. */
  abandoned(path: string, lostBytes: number): void;
  /** Two programs want different things of one file; the first has its way. */
  disputed(path: string): void;
}

/** Does something later, once there is time for it; or says that now there is. */
export type Postpone = (act: () => void) => boolean;

/** Who looks after the files of a sink. */
interface Keeper {
  /** It is open, and nothing has been written yet. */
  opened(sink: Sink): void;
  rotated(sink: Sink): void;
}

/** Most bytes that are kept of those who cannot be made to wait. */
const MOST_KEPT = 1_048_576;

/**
 * One place that output goes into. One path has one sink, however many streams name it. A pipe, a
 * terminal or a socket that is full makes those wait who write to it, and nobody else. What a disk has
 * no room for is lost and counted, or makes them wait as well.
 */
export class Sink {
  readonly spec: SinkSpec;
  readonly #reports: SinkReports;
  readonly #disk: DiskFile | undefined;
  /** Made for the first of them: nearly no log has any, and a fleet has a thousand logs. */
  #listeners: Set<(aboutToCut: boolean) => void> | undefined;
  readonly #writers = new Writers(() => !this.full);
  readonly #untilRoom: (() => void)[] = [];
  readonly #place: { path: string; creation: LogCare; disk: DiskFile | undefined };
  readonly #delivery: Delivery;
  readonly #rotator: Rotator;
  #users = 0;
  /** Is told when it is opened and rotated; undefined: nobody is to know. */
  keeper: Keeper | undefined;
  /** How many streams are configured to write here; set before the first of them does. */
  sources = 0;
  /**
   * Counts the rotations that have moved the files on; each adds one to `generation` as well. The
   * file that was `path` at one count is `path.N` (or `path.N.gz`, see `rotatedFiles`) N rotations
   * later, and what follows it is `path.N-1`, at last `path`. A rotation that failed counts nothing:
   * it has moved nothing. Where no backups are kept the file is emptied, and only `generation` counts.
   */
  rotations = 0;

  /** @param disk undefined: it is written at once, whatever its disk is */
  constructor(spec: SinkSpec, reports: SinkReports, disk?: DiskFile) {
    this.spec = spec;
    this.#disk = disk;
    this.#place = { path: spec.path, creation: this.care, disk };
    this.#delivery = new Delivery(this.#place, reports, {
      pause: () => this.#writers.pause(),
      goOn: () => this.#goOn(),
      written: (rotated) => {
        this.rotations += rotated;
        if (rotated > 0) this.keeper?.rotated(this);
        this.#tell();
      },
    });
    this.#reports = reports;
    this.#rotator = new Rotator(spec, (why) =>
      this.complain(`cannot rotate ${spec.path}, it goes on as it is: ${why}`),
    );
    if (spec.blocks) this.block();
  }

  /** From here on nothing is dropped, whoever else writes here. */
  block(): void {
    this.#delivery.blocks = true;
  }

  /** Of the file, in bytes, as far as it was written here; undefined for what is no file of ours. */
  get size(): number | undefined {
    return this.#delivery.file?.size;
  }

  /** What is written now has to wait. */
  get full(): boolean {
    return this.#delivery.full;
  }

  /** Something is still to be written. */
  get waits(): boolean {
    return this.#delivery.waiting > 0;
  }

  /**
   * Counts how often the file has been opened or emptied here. While it stays the same, what is
   * written goes on at the end of the file that a reader has open. When it is another number the
   * reader is to read its file to the end and then open `path` again: the same file goes on where it
   * was unless it has become shorter, and another one is read from its start. What others do to the
   * file is not counted: whoever has emptied it is seen by its size alone.
   */
  get generation(): number {
    return this.#delivery.generation;
  }

  /**
   * Opens the file for the first of its users.
   * @param writer is to wait from the start when the sink is full
   * @param postpone takes over to make a file that is not there, or returns false
   * @throws what the kernel gives
   */
  acquire(writer?: Writer, postpone?: Postpone): void {
    // Without users it may be open still, for what waits.
    if (this.#users > 0 || this.#delivery.isOpen) this.#delivery.followName();
    else if (!postpone || !this.#makeLater(postpone)) this.#openUnlessUnread();
    this.#users++;
    if (this.#users === 1) this.keeper?.opened(this);
    if (writer) this.#writers.add(writer);
  }

  /** To make files takes most of a fleet's start; what is written before then makes its file itself. */
  #makeLater(postpone: Postpone): boolean {
    if (this.keeper || !this.#disk?.canBeMade()) return false;
    const delivery = this.#delivery;
    return postpone(() => {
      if (this.#users > 0 && !delivery.isOpen) delivery.attempt(() => delivery.open());
    });
  }

  /** A FIFO that nobody reads yet is no reason not to start: what comes until then is counted. */
  #openUnlessUnread(): void {
    try {
      this.#delivery.open();
    } catch (error) {
      if (errnoOf(error) !== "ENXIO") throw error;
      this.#delivery.fail(error);
    }
  }

  /** The last user closes the file, as soon as nothing waits. */
  release(writer?: Writer): void {
    if (writer) this.#writers.remove(writer);
    this.#users--;
    if (this.#users === 0) this.#delivery.finish();
  }

  /**
   * Opens the file by its name again, for those who have moved it. Where that fails it goes on in the
   * file it has.
   */
  reopen(): void {
    if (this.#users > 0) this.#delivery.reopen();
  }

  /**
   * Begins the file anew: as in supervisord it is removed and made again, so that whoever reads it
   * notices. Its backups stay, and so does what is no regular file.
   * @throws what the kernel gives; what is written then tries again to make the file
   */
  clear(): void {
    const { file, elsewhere } = this.#delivery;
    elsewhere?.begin("clear");
    if (elsewhere || this.#users === 0 || (file && file.size === undefined)) return;
    if (!removeLog(this.spec.path)) return;
    try {
      // Before the old one is closed: the new one must not get its number.
      this.#delivery.open();
    } catch (error) {
      this.#delivery.close();
      throw error;
    }
    this.retry();
    this.#tell();
  }

  /** Tries at once what waits for room on a disk, for those who have made some. */
  retry(): void {
    this.#delivery.retry();
  }

  /** Appends the parts together: no rotation comes between them. @param tally of whose they are */
  write(parts: readonly Uint8Array[], tally?: Tally): void {
    this.#delivery.write(parts, tally);
    if (this.#rotator.isDue(this.#delivery.file)) this.#moveOn();
    this.#tell();
  }

  /** @param aboutToCut what has not been read yet is gone after this */
  #tell(aboutToCut = false): void {
    if (!this.#listeners) return;
    for (const listener of this.#listeners) listener(aboutToCut);
  }

  /**
   * Moves the file on, or empties it where no backups are kept, whatever its size and whether or not
   * anybody writes to it.
   */
  rotate(): void {
    const delivery = this.#delivery;
    if (this.#users === 0 && !delivery.isOpen) delivery.attempt(() => delivery.open());
    this.#moveOn();
    if (this.#users === 0) delivery.finish();
  }

  #moveOn(): void {
    const delivery = this.#delivery;
    const { file, elsewhere } = delivery;
    elsewhere?.begin("rotate");
    if (file?.size === undefined) return;
    const { size } = file;
    const open = () => delivery.open();
    const truncate = () => {
      // Those who follow take what they have not read yet.
      this.#tell(true);
      file.truncate();
    };
    const rotated = this.#rotator.rotate({ size, open, truncate });
    if (rotated === "kept") return;
    if (rotated === "moved") this.rotations++;
    else delivery.generation++;
    this.keeper?.rotated(this);
    this.retry();
  }

  /** What is done with its files. */
  get care(): LogCare {
    return this.spec.care ?? noCare;
  }

  /** From here on this is done with its files. What writes through another process goes on as it began. */
  retend(care: LogCare): void {
    this.spec.care = care;
    this.#place.creation = care;
  }

  /** Tells what went wrong with its files. */
  complain(text: string): void {
    this.#reports.trouble(text);
  }

  /** As `write`, for what cannot be made to wait: what is too much to be kept is lost. */
  offer(part: Uint8Array): void {
    const { waiting } = this.#delivery;
    if (waiting > 0 && waiting + part.length > MOST_KEPT) this.lose(part.length);
    else this.write([part]);
  }

  /** So many bytes that were to come here found no room. */
  lose(bytes: number, tally?: Tally): void {
    this.#delivery.lose(bytes, tally);
  }

  /**
   * Calls `listener` after every write and clear, and also before the file is cut to nothing.
   * @returns the way to stop it
   */
  onWrite(listener: (aboutToCut: boolean) => void): () => void {
    const listeners = this.#listeners ?? new Set();
    this.#listeners = listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Resolves when nothing waits here. */
  async untilRoom(): Promise<void> {
    if (this.waits) await new Promise<void>((resolve) => void this.#untilRoom.push(resolve));
  }

  /** For the daemon's end: what waits is lost, and nothing will wait from here on. */
  giveUp(): void {
    this.#delivery.giveUp();
  }

  /** Nothing waits any more: there is room, or no use in waiting. */
  #goOn(): void {
    if (this.#users > 0) this.#delivery.settle();
    else this.#delivery.finish();
    if (this.full) return;
    this.#writers.resume();
    if (this.waits) return;
    for (const resolve of this.#untilRoom.splice(0)) resolve();
  }
}
