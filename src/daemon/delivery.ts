import { Losses, type Owner, ownerOfRest, type Tally } from "../logs/losses.ts";
import type { Piece } from "../os/backlog.ts";
import { errnoOf } from "../os/errno.ts";
import { LaneFile, type LaneOutlet } from "../os/lanefile.ts";
import { isDeleted, isGoneWith, LogFile, WriteError } from "../os/logfile.ts";
import type { Outlet } from "../os/outlet.ts";
import { appendTo, NoRoom, type OpenLog, openDirectly, type Place } from "./openlog.ts";
import { FIRST_RETRY_MS, nextRetryMs, Retry } from "./retry.ts";
import type { SinkReports } from "./sink.ts";

type DeliveryReports = Omit<SinkReports, "disputed">;

interface DeliveryEvents {
  /** Who writes is to wait, until `goOn`. */
  pause(): void;
  goOn(): void;
  /** Something that was written later than it came is there now. @param rotated so often since */
  written(rotated: number): void;
}

/**
 * Gets bytes into one file, in their order. What there is no room for waits, or is lost: then it is
 * counted, and marked in the file as soon as that can be written.
 */
export class Delivery {
  readonly #place: Place;
  readonly #reports: DeliveryReports;
  readonly #events: DeliveryEvents;
  readonly #losses = new Losses();
  #log: OpenLog | undefined;
  /** Has what did not go at once; opened when that has happened for the first time. */
  #outlet: Outlet<Owner> | Retry<Owner> | LaneOutlet<Owner> | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Why writing fails; empty while it does not. */
  #errno = "";
  /** Nothing waits for room any more. */
  #over = false;
  /** The disk did not answer in time, and is not waited for again. */
  #abandoned = false;
  /** What cannot be written waits until it can; else it is lost. */
  blocks = false;
  /** See `Sink.generation`. */
  generation = 0;

  constructor(place: Place, reports: DeliveryReports, events: DeliveryEvents) {
    this.#place = place;
    this.#reports = reports;
    this.#events = events;
  }

  /** The file that is written here; undefined when it is closed, or written elsewhere. */
  get file(): LogFile | undefined {
    const file = this.#log?.file;
    return file instanceof LogFile ? file : undefined;
  }

  /** The file that is written elsewhere. */
  get elsewhere(): LaneFile | undefined {
    const file = this.#log?.file;
    return file instanceof LaneFile ? file : undefined;
  }

  get isOpen(): boolean {
    return this.#log !== undefined;
  }

  /** How many bytes wait. */
  get waiting(): number {
    return this.#outlet?.bytes ?? 0;
  }

  /** What is written now has to wait. */
  get full(): boolean {
    return this.#outlet !== undefined && this.waiting > 0 && this.#outlet.full;
  }

  /**
   * A file that was open before is closed only then.
   * @throws what the kernel gives; but of a disk that may hang, it is told later
   */
  open(): OpenLog {
    const { path, creation, disk } = this.#place;
    const later = {
      moved: (opened: number, rotated: number) => {
        this.generation += opened;
        if (rotated > 0) this.#events.written(rotated);
      },
      written: () => this.#events.written(0),
      trouble: (text: string) => this.#reports.trouble(text),
    };
    const log = disk ? disk.open(later) : openDirectly(path, creation);
    if (this.#log) this.close();
    this.#log = log;
    const { file } = this;
    if (file) this.generation++;
    if (file?.trouble) this.#reports.trouble(`${this.#place.path} ${file.trouble}`);
    return log;
  }

  close(): void {
    const log = this.#log;
    this.#log = undefined;
    if (this.waiting === 0) {
      this.#outlet?.close();
      this.#outlet = undefined;
    }
    // A disk may tell only now that it has not taken what was written.
    this.attempt(() => log?.file.close());
  }

  /** Opens the file by its name again when it has been deleted. */
  followName(): void {
    if (this.file?.look() && this.waiting === 0) this.#openAnew();
  }

  #openAnew(): void {
    this.close();
    this.attempt(() => this.open());
  }

  /** Opens the file by its name again, unless it is a pipe that is full. */
  reopen(): void {
    if (this.elsewhere) this.elsewhere.begin("reopen");
    else if (this.waiting === 0 || this.#outlet instanceof Retry) {
      this.attempt(() => {
        this.open();
        if (this.waiting === 0 && !this.#losses.any) this.#errno = "";
      });
    }
    this.retry();
  }

  /** Closes the file when nothing waits any more. */
  finish(): void {
    if (this.waiting > 0) return;
    this.settle();
    // The mark may have to wait as well.
    if (this.waiting > 0) return;
    const lost = this.#losses.settle();
    if (lost > 0) this.#reports.abandoned(this.#place.path, lost);
    this.close();
    this.#errno = "";
  }

  /** Appends the parts together. @param tally of whose they are */
  write(parts: readonly Uint8Array[], tally: Tally | undefined): void {
    if (this.#log?.isMisplaced() && this.waiting === 0) this.#openAnew();
    let lost = this.#losses.untold && !this.settle();
    // What is written elsewhere stays together only as one.
    const isLater = parts.length > 1 && this.elsewhere;
    for (const part of isLater ? [Buffer.concat(parts)] : parts) {
      if (lost) this.#losses.add(part.length, tally);
      else lost = !this.#append(part, tally);
    }
  }

  /** So many bytes that were to come here found no room. */
  lose(bytes: number, tally: Tally | undefined): void {
    if (bytes === 0) return;
    this.#losses.add(bytes, tally);
    if (this.#errno === "") this.fail(new NoRoom());
  }

  /** Tries at once what waits for room on a disk. */
  retry(): void {
    if (this.#outlet instanceof Retry) this.#outlet.now();
  }

  /** For the daemon's end: what waits is lost, and nothing will wait from here on. */
  giveUp(): void {
    this.#over = true;
    const outlet = this.#outlet;
    if (!outlet || this.waiting === 0) return;
    this.#abandoned = true;
    this.#outlet = undefined;
    this.#stuck(this.#errno === "" ? new NoRoom() : undefined, outlet.close());
  }

  /** Does what may fail without harm to anybody. */
  attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    const errno = error instanceof WriteError ? error.errno : (errnoOf(error) ?? String(error));
    if (errno === this.#errno) return;
    this.#errno = errno;
    this.#reports.failing(this.#place.path, errno, this.blocks && !this.#over);
  }

  /** Says in the file itself what is missing there; false while there is still no room. */
  settle(): boolean {
    while (this.#losses.untold) {
      if (this.full) return false;
      const mark = this.#losses.takeMark(this.#errno);
      if (mark && !this.#append(mark.bytes, mark.owner)) return false;
    }
    if (this.waiting === 0) this.#inOrder();
    return true;
  }

  /** All is written, or told. */
  #inOrder(): void {
    const waited = this.#errno !== "" && this.blocks;
    const lost = this.#losses.settle();
    this.#errno = "";
    if (lost > 0 || waited) this.#reports.recovered(this.#place.path, lost);
  }

  /** @returns false when some of it is lost */
  #append(part: Uint8Array, owner: Owner): boolean {
    try {
      this.#put(part, owner);
      return true;
    } catch (error) {
      const written = error instanceof WriteError ? error.written : 0;
      const rest = { bytes: Buffer.from(part.subarray(written)), owner, whole: written === 0 };
      this.#failed(error);
      return this.#keep([rest]);
    }
  }

  /** @throws what the kernel gives, as a WriteError when a part of it has gone */
  #put(part: Uint8Array, owner: Owner): void {
    if (this.#outlet && this.waiting > 0) {
      this.#outlet.push(part, owner);
      if (this.full) this.#events.pause();
      return;
    }
    const written = this.#putNow(part);
    if (written < part.length) this.#putLater(part, written, owner);
  }

  /** As `append` of a file, which is made anew when it has been deleted. */
  #putNow(part: Uint8Array): number {
    try {
      return appendTo(this.#log ?? this.open(), part);
    } catch (error) {
      if (!isDeleted(error)) throw error;
      this.close();
      return appendTo(this.open(), part);
    }
  }

  #putLater(part: Uint8Array, written: number, owner: Owner): void {
    const { file } = this.#log ?? this.open();
    const waitsElsewhere = file instanceof LaneFile && !this.#abandoned;
    if (this.#over && !waitsElsewhere) throw new WriteError(written, new NoRoom());
    try {
      this.#outlet ??= this.#openOutlet(file);
    } catch (error) {
      throw new WriteError(written, error);
    }
    this.#outlet.push(part.subarray(written), ownerOfRest({ owner, whole: written === 0 }));
    if (this.full) this.#events.pause();
  }

  #openOutlet(file: OpenLog["file"]): Outlet<Owner> | LaneOutlet<Owner> {
    return file.openOutlet<Owner>({
      room: () => this.#events.goOn(),
      emptied: () => this.#goOn(),
      failed: (error, pieces) => {
        this.#outlet = undefined;
        this.#stuck(error, pieces);
      },
    });
  }

  /** There is no use in waiting for an outlet any more. */
  #stuck(error: Error | undefined, pieces: Piece<Owner>[]): void {
    if (error) this.#failed(error);
    this.#keep(pieces);
    if (this.waiting === 0) this.#goOn();
  }

  #failed(error: unknown): void {
    this.fail(error);
    // What stands there now may be another disk than the one that went away.
    if (isGoneWith(this.#errno)) this.close();
  }

  /** Keeps what could not be written until it can, or counts it. @returns false when it is lost */
  #keep(pieces: Piece<Owner>[]): boolean {
    if (!this.blocks || this.#over) {
      this.#losses.addAll(pieces);
      return false;
    }
    const held = pieces.map((piece) => ({ ...piece, owner: ownerOfRest(piece) }));
    this.#outlet?.close();
    this.#outlet = new Retry(held, this.#retryMs, () => this.#tryAgain());
    this.#retryMs = nextRetryMs(this.#retryMs);
    this.#events.pause();
    return true;
  }

  #tryAgain(): void {
    const pieces = this.#outlet?.close() ?? [];
    this.#outlet = undefined;
    for (const { bytes, owner } of pieces) this.#append(bytes, owner);
    if (this.waiting === 0) this.#goOn();
  }

  #goOn(): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#events.goOn();
  }
}
