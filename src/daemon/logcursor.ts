import type { LogSegment } from "../os/logsegment.ts";
import { type LogPlace, openFile } from "./logfiles.ts";
import type { Sink } from "./sink.ts";

/** Most bytes of a file that are kept for a reader when the file is cut. */
const MOST_SAVED = 262_144;

/** More rotated files than these are not looked for. */
const MOST_FILES = 10_000;

/** A part of the log was gone before it was read. */
export const MISSED = Symbol("missed");

/**
 * Reads a log on and on, over rotations, reopening and cutting, as fast as whoever asks: a slow one
 * holds one open file, and nothing in memory. Told by the sink of every write; nothing is polled.
 */
export class LogCursor {
  readonly #sink: Sink;
  readonly #unsubscribe: () => void;
  #segment: LogSegment | undefined;
  #place: LogPlace;
  /** Of the sink, when our file was opened as the newest. */
  #generation: number;
  /** The largest that our file has been. */
  #grown = 0;
  /** How much the sink thinks that its file is larger than it is. */
  #excess = 0;
  #missed = false;
  readonly #saved: Buffer[] = [];
  /** A thread is reading. */
  #reading = false;
  /** Our file was cut while a thread was reading it. */
  #cut: { from: number; to: number } | undefined;
  #closed = false;

  /**
   * @param place where to begin
   * @param onChange there may be more to read
   */
  constructor(sink: Sink, place: LogPlace, onChange: () => void) {
    this.#sink = sink;
    this.#place = { ...place };
    this.#generation = sink.generation;
    this.#segment = openFile(sink, place.file);
    this.#noteOpened();
    this.#unsubscribe = sink.onWrite((aboutToCut) => {
      this.#watch(aboutToCut);
      if (!aboutToCut) onChange();
    });
  }

  /** Where the next byte comes from. */
  get place(): LogPlace {
    return this.#place;
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#segment?.close();
    this.#saved.length = 0;
  }

  /**
   * @param most how many bytes at once
   * @returns what comes next; MISSED in place of what is gone; undefined: nothing until there is a
   *   change
   */
  async read(most: number): Promise<Buffer | typeof MISSED | undefined> {
    while (!this.#closed) {
      const ready = this.#missed ? MISSED : this.#saved.shift();
      if (ready === MISSED) this.#missed = false;
      if (ready !== undefined) return ready;
      // Nothing is written any more to a file that was not the newest before it was read.
      const final = this.#isFinal();
      const chunk = await this.#readChunk(most);
      if (chunk.length > 0) return chunk;
      if (this.#missed || this.#saved.length > 0 || this.#wasCut()) continue;
      if (!final || !this.#advance()) return undefined;
    }
    return undefined;
  }

  async #readChunk(most: number): Promise<Buffer> {
    const segment = this.#segment;
    if (!segment) return Buffer.alloc(0);
    const { file, offset } = this.#place;
    this.#reading = true;
    try {
      return this.#take(await segment.read(offset, most), offset);
    } catch (error) {
      if (file >= this.#sink.rotations) throw error;
      // An old file that is broken hides none of the others.
      this.#missed = true;
      this.#advance();
      return Buffer.alloc(0);
    } finally {
      this.#reading = false;
      this.#cut = undefined;
    }
  }

  /** @param offset where the chunk was read, perhaps before the file was cut */
  #take(chunk: Buffer, offset: number): Buffer {
    const cut = this.#cut;
    if (!cut) {
      this.#place.offset += chunk.length;
      return chunk;
    }
    // What the file had no bytes for any more was read before.
    const old = cut.to <= offset ? chunk : Buffer.alloc(0);
    if (offset + old.length < cut.from) this.#missed = true;
    return old;
  }

  /** Begins the same file anew. */
  #restart(size: number): void {
    this.#place.offset = 0;
    this.#grown = size;
  }

  /** Whether what is written now comes into our file. */
  #isNewest(): boolean {
    const { rotations, generation } = this.#sink;
    if (!this.#segment || this.#place.file !== rotations) return false;
    if (this.#generation === generation) return true;
    // Opened again for a new child, or cut, it is the same.
    const newest = openFile(this.#sink, rotations);
    newest?.close();
    if (newest?.id !== this.#segment.id) return false;
    this.#generation = generation;
    return true;
  }

  #isFinal(): boolean {
    return !this.#isNewest();
  }

  /** Looks whether somebody cuts our file, or has cut it. */
  #watch(aboutToCut: boolean): void {
    const size = this.#isNewest() ? this.#segment?.size() : undefined;
    if (aboutToCut) this.#save(size);
    else if (size !== undefined) this.#noteSize(size);
  }

  #save(size: number | undefined): void {
    const { offset } = this.#place;
    if (size === undefined || size - offset > MOST_SAVED) this.#missed = true;
    else if (size > offset && this.#segment) {
      this.#saved.push(this.#segment.readNow(offset, size - offset));
    }
    if (size === undefined) return;
    // What a thread is reading just now has been taken by this.
    if (this.#reading) this.#cut ??= { from: 0, to: Infinity };
    this.#restart(0);
  }

  #noteSize(size: number): void {
    const excess = (this.#sink.size ?? size) - size;
    // What was cut may have grown again at once: then it is not as large as all that was written.
    const isCut = size < this.#grown || excess > this.#excess;
    this.#excess = excess;
    if (!isCut) {
      this.#grown = size;
      return;
    }
    if (this.#reading && !this.#cut) this.#cut = { from: this.#grown, to: size };
    else if (this.#place.offset < this.#grown) this.#missed = true;
    this.#restart(size);
  }

  /** For a file that was cut while nobody wrote to it. */
  #wasCut(): boolean {
    const size = this.#segment?.size() ?? this.#place.offset;
    if (size >= this.#place.offset) return false;
    this.#restart(size);
    return true;
  }

  /** Goes on in the file that comes next; false when there is none. */
  #advance(): boolean {
    const found = this.#next();
    if (!found) return false;
    const { file, segment } = found;
    // The same file opened again, for a new child, goes on where it was; unless it was cut.
    const size = segment.size() ?? 0;
    const isSame = this.#segment?.id === segment.id && size >= this.#place.offset;
    this.#segment?.close();
    this.#segment = segment;
    this.#place = { file, offset: isSame ? this.#place.offset : 0 };
    if (file === this.#sink.rotations) this.#generation = this.#sink.generation;
    this.#noteOpened();
    return true;
  }

  #noteOpened(): void {
    this.#grown = this.#segment?.size() ?? 0;
    this.#excess = (this.#sink.size ?? this.#grown) - this.#grown;
  }

  #next(): { file: number; segment: LogSegment } | undefined {
    const { rotations } = this.#sink;
    const { file } = this.#place;
    const own = openFile(this.#sink, file);
    // It may have been made anew before it was rotated. A compressed one is the same, as far as we know.
    const isNew = own?.id !== this.#segment?.id && (!this.#segment || own?.size() !== undefined);
    if (own && (file >= rotations || isNew)) return { file, segment: own };
    own?.close();
    const first = this.#segment ? file + 1 : file;
    for (let next = Math.max(first, rotations - MOST_FILES); next <= rotations; next++) {
      const segment = openFile(this.#sink, next);
      if (!segment) continue;
      if (next > first) this.#missed = true;
      return { file: next, segment };
    }
    return undefined;
  }
}
