import { LineScan, type Scanned, type Wanted } from "../logs/linescan.ts";
import type { LogQuery } from "../logs/query.ts";
import type { LogSegment } from "../os/logsegment.ts";
import { type FileNumber, type LogPlace, openFile } from "./logfiles.ts";
import type { Sink } from "./sink.ts";

/** A log is searched from its end, in pieces of this size. */
const PIECE = 262_144;
const CHUNK = 65_536;
/** When so many bytes at the end say no time, the log says none. */
const UNTIMED_AFTER = 1_048_576;

/** Where what is wanted of a log begins, and where it ended when it was asked for. */
export interface LogExtent {
  start: LogPlace;
  end: LogPlace;
  /** Lines at the start that say no time belong to one that is too old. */
  startsOld: boolean;
  /** Which of the lines are too old is only known by their file. */
  untimed: boolean;
}

/**
 * Finds where to begin, reading no more of the log than it must, and in a thread.
 * @param signal whoever asked has gone
 * @throws the signal's reason
 */
export async function findExtent(
  sink: Sink,
  query: LogQuery,
  signal: AbortSignal,
): Promise<LogExtent> {
  const newest = openFile(sink, sink.rotations);
  const end = { file: sink.rotations, offset: newest?.size() ?? 0 };
  newest?.close();
  const { lines, bytes, sinceMs, matches } = query;
  const plain = { end, startsOld: false, untimed: false };
  if (bytes !== undefined) return { ...plain, start: await lastBytes(sink, end, bytes) };
  if (lines === 0) return { ...plain, start: { ...end } };
  if (lines === Infinity && sinceMs === undefined) {
    return { ...plain, start: { file: oldestFile(sink, end.file), offset: 0 } };
  }
  const search = new Search({ sink, end, signal }, { lines, sinceMs, matches });
  const found = await search.run();
  if (found !== "untimed") return { ...found, end, untimed: false };
  // Without times of the lines there is the time at which each file was last written.
  const wanted = { lines, sinceMs: undefined, matches };
  const byFile = await new Search({ sink, end, signal }, wanted, sinceMs).run();
  if (byFile === "untimed") throw new Error("a search without a time cannot miss one");
  return { ...byFile, end, untimed: true };
}

function oldestFile(sink: Sink, newest: FileNumber): FileNumber {
  let file = newest;
  for (;;) {
    const segment = openFile(sink, file - 1);
    if (!segment) return file;
    segment.close();
    file--;
  }
}

async function lastBytes(sink: Sink, end: LogPlace, bytes: number): Promise<LogPlace> {
  if (bytes <= end.offset) return { file: end.file, offset: end.offset - bytes };
  let missing = bytes - end.offset;
  for (let file = end.file - 1; ; file--) {
    const segment = openFile(sink, file);
    if (!segment) return { file: file + 1, offset: 0 };
    try {
      const size = segment.size() ?? (await contentSize(segment)).bytes;
      if (size >= missing) return { file, offset: size - missing };
      missing -= size;
    } finally {
      segment.close();
    }
  }
}

/** Of a compressed file: it has to be read for that. */
async function contentSize(segment: LogSegment): Promise<{ bytes: number; last: number }> {
  let [bytes, last] = [0, NEWLINE];
  for (;;) {
    const chunk = await segment.read(bytes, CHUNK);
    if (chunk.length === 0) return { bytes, last };
    bytes += chunk.length;
    last = chunk.at(-1) ?? NEWLINE;
  }
}

const NEWLINE = 0x0a;

/** The starts of lines that count, in one piece of one file. */
interface Hits {
  file: FileNumber;
  starts: number[];
  untimed: number;
}

interface Where {
  sink: Sink;
  end: LogPlace;
  signal: AbortSignal;
}

/** One search backwards, from the end of a log. */
class Search {
  readonly #sink: Sink;
  readonly #end: LogPlace;
  readonly #signal: AbortSignal;
  readonly #wanted: Wanted;
  /** Files that were last written before this are too old. */
  readonly #filesSinceMs: number | undefined;
  /** The newest piece first. */
  readonly #hits: Hits[] = [];
  #count = 0;
  /** The start of the piece after, as far as it belongs to the line that ends the next one. */
  #head: Buffer = Buffer.alloc(0);
  #seenBytes = 0;
  /** The one that was searched last. */
  #piece: LogPlace;
  #sawTime = false;

  constructor(where: Where, wanted: Wanted, filesSinceMs = wanted.sinceMs) {
    const { sink, end, signal } = where;
    this.#sink = sink;
    this.#end = end;
    this.#signal = signal;
    this.#piece = end;
    this.#wanted = wanted;
    this.#filesSinceMs = filesSinceMs;
  }

  /** @returns "untimed" when there is a time to look for and no line says one */
  async run(): Promise<Pick<LogExtent, "start" | "startsOld"> | "untimed"> {
    for (let file = this.#end.file; ; file--) {
      const segment = openFile(this.#sink, file);
      if (!segment) break;
      try {
        if (segment.mtimeMs < (this.#filesSinceMs ?? -Infinity)) break;
        const done = await this.#searchFile(segment, file);
        if (done === "untimed") return done;
        if (done) return this.#found(done);
      } finally {
        segment.close();
      }
    }
    if (this.#wanted.sinceMs !== undefined && !this.#sawTime && this.#count > 0) return "untimed";
    return this.#found("enough");
  }

  /** Of all lines from a time on, where the piece begins that has the first of them will do. */
  #found(done: "enough" | "old"): Pick<LogExtent, "start" | "startsOld"> {
    const startsOld = done === "old" && this.#wanted.lines === Infinity;
    return { start: startsOld ? this.#piece : this.#first(), startsOld };
  }

  /** @returns whether there is no need to look further back, and why */
  async #searchFile(segment: LogSegment, file: FileNumber): Promise<Done> {
    const isNewest = file === this.#end.file;
    const size = isNewest ? this.#end.offset : segment.size();
    if (size === undefined) {
      const startsLine = await this.#endsWithNewline(file - 1);
      return this.#searchPiece(segment, { file, start: 0, end: Infinity, startsLine });
    }
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - PIECE);
      const startsLine =
        start > 0
          ? (await segment.read(start - 1, 1))[0] === NEWLINE
          : await this.#endsWithNewline(file - 1);
      const done = await this.#searchPiece(segment, { file, start, end, startsLine });
      if (done) return done;
      end = start;
    }
    return undefined;
  }

  async #searchPiece(segment: LogSegment, piece: Piece): Promise<Done> {
    this.#piece = { file: piece.file, offset: piece.start };
    const scan = new LineScan(this.#wanted, piece.start, piece.startsLine);
    let at = piece.start;
    while (at < piece.end) {
      const chunk = await segment.read(at, Math.min(CHUNK, piece.end - at));
      this.#signal.throwIfAborted();
      if (chunk.length === 0) break;
      scan.push(chunk);
      at += chunk.length;
    }
    this.#seenBytes += at - piece.start;
    return this.#take(piece.file, scan.end(this.#head));
  }

  #take(file: FileNumber, scanned: Scanned): Done {
    const { starts, untimed, sawTime, sawOld, endsOld, head } = scanned;
    this.#head = head;
    this.#sawTime ||= sawTime;
    if (endsOld) this.#dropUntimed();
    this.#hits.push({ file, starts, untimed: sawTime ? untimed : starts.length });
    this.#count += starts.length;
    if (sawOld) return "old";
    if (this.#certain >= this.#wanted.lines) return "enough";
    const isTimed = this.#wanted.sinceMs === undefined || this.#sawTime;
    return isTimed || this.#seenBytes < UNTIMED_AFTER ? undefined : "untimed";
  }

  /** How many lines count whatever comes before: the first may say no time, and belong to an old one. */
  get #certain(): number {
    let certain = this.#count;
    if (this.#wanted.sinceMs === undefined) return certain;
    for (const { starts, untimed } of this.#hits.toReversed()) {
      certain -= untimed;
      if (untimed < starts.length) break;
    }
    return certain;
  }

  /** Lines without a time belong to the one before them, which has turned out to be old. */
  #dropUntimed(): void {
    for (const hits of this.#hits.toReversed()) {
      hits.starts.splice(0, hits.untimed);
      this.#count -= hits.untimed;
      if (hits.starts.length > 0) return;
    }
  }

  /** Whether a line ends where a file does; also when there is no such file. */
  async #endsWithNewline(file: FileNumber): Promise<boolean> {
    const segment = openFile(this.#sink, file);
    if (!segment) return true;
    try {
      const size = segment.size();
      const { bytes, last } =
        size === undefined
          ? await contentSize(segment)
          : { bytes: size, last: (await segment.read(Math.max(0, size - 1), 1))[0] };
      return bytes === 0 ? await this.#endsWithNewline(file - 1) : last === NEWLINE;
    } finally {
      segment.close();
    }
  }

  /** Where the first of the last lines that count begins. */
  #first(): LogPlace {
    let missing = Math.min(this.#wanted.lines, this.#count);
    for (const { file, starts } of this.#hits) {
      const offset = missing > 0 ? starts.at(-Math.min(missing, starts.length)) : undefined;
      if (offset !== undefined && starts.length >= missing) return { file, offset };
      missing -= starts.length;
    }
    return { ...this.#end };
  }
}

type Done = "enough" | "old" | "untimed" | undefined;

interface Piece {
  file: FileNumber;
  start: number;
  end: number;
  /** Its first byte begins a line. */
  startsLine: boolean;
}
