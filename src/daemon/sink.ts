import { LineJoiner } from "../logs/lines.ts";
import { isFull, planRotation } from "../logs/rotation.ts";
import { errnoOf } from "../os/errno.ts";
import { exists, LogFile, rename, WriteError } from "../os/logfile.ts";

export interface SinkSpec {
  path: string;
  maxBytes: number;
  backups: number;
}

/** What a sink reports of itself: it never throws at those who write to it. */
export interface SinkReports {
  /** Writing began to fail. */
  failing(path: string, errno: string): void;
  /** Writing works again; so many bytes never came into the file. */
  recovered(path: string, lostBytes: number): void;
  /** Two programs want different things of one file; the first has its way. */
  disputed(path: string): void;
  /** It was closed before there was room again. */
  abandoned(path: string, lostBytes: number): void;
}

/** One place that output goes into. One path has one sink, however many streams name it. */
export class Sink {
  readonly spec: SinkSpec;
  readonly #reports: SinkReports;
  readonly #listeners = new Set<() => void>();
  #file: LogFile | undefined;
  #users = 0;
  #lost = 0;
  #errno = "";
  /** How many streams are configured to write here; set before the first of them does. */
  sources = 0;
  /** Counts the files that this path has been: a reader that knows another number must reopen. */
  generation = 0;
  /** Counts the rotations that have moved the file on. */
  rotations = 0;

  constructor(spec: SinkSpec, reports: SinkReports) {
    this.spec = spec;
    this.#reports = reports;
  }

  /** Opens the file for the first of its users. @throws what the kernel gives */
  acquire(): void {
    if (this.#users === 0) this.#openUnlessUnread();
    this.#users++;
  }

  /** A FIFO that nobody reads yet is no reason not to start: what comes until then is counted. */
  #openUnlessUnread(): void {
    try {
      this.#open();
    } catch (error) {
      if (errnoOf(error) !== "ENXIO") throw error;
      this.#fail(error);
    }
  }

  /** The last user closes the file. */
  release(): void {
    if (--this.#users > 0) return;
    if (this.#lost > 0 && !this.#mark()) this.#reports.abandoned(this.spec.path, this.#lost);
    this.#lost = 0;
    this.#file?.close();
    this.#file = undefined;
  }

  /** Closes and opens the file by its name again, for those who have moved it. */
  reopen(): void {
    if (this.#users === 0) return;
    this.#file?.close();
    this.#file = undefined;
    this.#attempt(() => this.#open());
  }

  /** Appends the parts together: no rotation comes between them. */
  write(parts: readonly Uint8Array[]): void {
    if (this.#lost > 0 && !this.#mark()) {
      this.#lose(parts, 0);
      return;
    }
    for (const [index, part] of parts.entries()) {
      if (!this.#append(part)) {
        this.#lose(parts, index + 1);
        break;
      }
    }
    if (isFull(this.#file?.size, this.spec.maxBytes)) this.#attempt(() => this.#rotate());
    for (const listener of this.#listeners) listener();
  }

  /** A way in for one stream. */
  connect(): Source {
    return this.sources > 1 ? sharedSource(this) : soleSource(this);
  }

  /** Calls `listener` after every write; @returns the way to stop it. */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #open(): void {
    this.#file = new LogFile(this.spec.path);
    this.generation++;
  }

  #append(part: Uint8Array): boolean {
    try {
      if (!this.#file) this.#open();
      this.#file?.append(part);
      return true;
    } catch (error) {
      const written = error instanceof WriteError ? error.written : 0;
      this.#fail(error);
      this.#lost += part.length - written;
      return false;
    }
  }

  #lose(parts: readonly Uint8Array[], from: number): void {
    for (const part of parts.slice(from)) this.#lost += part.length;
  }

  /** Says in the file itself what is missing there; false while there is still no room. */
  #mark(): boolean {
    const lost = this.#lost;
    const line = Buffer.from(`\n[drover: ${lost} bytes of output lost here: ${this.#errno}]\n`);
    try {
      if (!this.#file) this.#open();
      this.#file?.append(line);
    } catch {
      // Already reported when it began; the count goes on until there is room.
      return false;
    }
    this.#lost = 0;
    this.#errno = "";
    this.#reports.recovered(this.spec.path, lost);
    return true;
  }

  #rotate(): void {
    const { path, backups } = this.spec;
    for (const step of planRotation(path, backups)) {
      if (step.do === "truncate") this.#file?.truncate();
      else if (exists(step.from)) rename(step.from, step.to);
    }
    if (backups > 0) {
      this.#file?.close();
      this.#file = undefined;
      this.rotations++;
      this.#open();
    } else this.generation++;
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const errno = error instanceof WriteError ? error.errno : (errnoOf(error) ?? String(error));
    if (errno === this.#errno) return;
    this.#errno = errno;
    this.#reports.failing(this.spec.path, errno);
  }
}

/** One stream's way into a sink. */
export interface Source {
  write(chunk: Buffer): void;
  /** The stream is over for now. */
  end(): void;
}

/** A source that has the file to itself: chunks pass as they come. */
const soleSource = (sink: Sink): Source => ({
  write: (chunk) => sink.write([chunk]),
  end: () => undefined,
});

/** A source that shares the file: only whole lines pass. */
function sharedSource(sink: Sink): Source {
  const joiner = new LineJoiner();
  const pass = (parts: Buffer[]) => {
    if (parts.length > 0) sink.write(parts);
  };
  return { write: (chunk) => pass(joiner.push(chunk)), end: () => pass(joiner.flush()) };
}
