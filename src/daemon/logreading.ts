import type { Readable } from "node:stream";
import type { LogQuery } from "../logs/query.ts";
import { jsonShow, type LineOrigin, plainShow } from "../logs/show.ts";
import { Bell } from "./bell.ts";
import { LogCursor, MISSED } from "./logcursor.ts";
import { openFile } from "./logfiles.ts";
import { LogLines, type Shown } from "./loglines.ts";
import { findExtent, type LogExtent } from "./logsearch.ts";
import { LogStream } from "./logstream.ts";
import type { Sink } from "./sink.ts";

/** Most bytes that are read at once, of all logs of one stream together. */
const AT_ONCE = 65_536;
const AT_ONCE_OF_ALL = 1_048_576;
/** As in supervisord a follower sees the last so many bytes first. */
const FIRST_BYTES = 1_024;

/** One log that is read, and whose it is. */
export interface SelectedLog {
  sink: Sink;
  origin: LineOrigin;
}

/** A log as it grows, in bytes; undefined when its file cannot be opened. */
export function followLog(sink: Sink): LogStream | undefined {
  const segment = openFile(sink, sink.rotations);
  if (!segment) return undefined;
  const end = { file: sink.rotations, offset: segment.size() ?? 0 };
  segment.close();
  const start = { ...end, offset: Math.max(0, end.offset - FIRST_BYTES) };
  const extent = { start, end, startsOld: false, untimed: false };
  return streamOf((onMore) => new ByteReading(sink, { extent, follow: true, onMore }));
}

/**
 * What a query asks for of one or several logs. Lines of several are in the order of their times, as
 * far as they say any, and then in the order in which they come.
 * @param signal whoever asked has gone
 * @throws Fault; what the kernel gives
 */
export async function readLogs(
  logs: readonly SelectedLog[],
  query: LogQuery,
  signal: AbortSignal,
): Promise<Readable> {
  const extents: LogExtent[] = [];
  for (const { sink } of logs) extents.push(await findExtent(sink, query, signal));
  const [only] = logs;
  const [extent] = extents;
  const isPlain = !query.json && !query.names && !query.matches && query.sinceMs === undefined;
  if (only && extent && logs.length === 1 && isPlain) {
    const { follow } = query;
    return streamOf((onMore) => new ByteReading(only.sink, { extent, follow, onMore }));
  }
  return streamOf((onMore) => new LineReading(logs, { extents, query, onMore }));
}

/** Something that reads as it is asked to, and ends when it is closed. */
interface Reading {
  chunks(): AsyncGenerator<Buffer>;
  close(): void;
}

function streamOf(open: (onMore: () => void) => Reading): LogStream {
  const reading = open(() => stream.noteMore());
  const stream = new LogStream(reading.chunks(), () => reading.close());
  return stream;
}

interface ByteSpec {
  extent: LogExtent;
  follow: boolean;
  /** Is told when there is more to read. */
  onMore: () => void;
}

/** One log, byte by byte. */
class ByteReading implements Reading {
  readonly #spec: ByteSpec;
  readonly #cursor: LogCursor;
  readonly #bell = new Bell<true>();

  constructor(sink: Sink, spec: ByteSpec) {
    this.#spec = spec;
    this.#cursor = new LogCursor(sink, spec.extent.start, () => {
      spec.onMore();
      this.#bell.ring(true);
    });
  }

  close(): void {
    this.#bell.close();
    this.#cursor.close();
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const { extent, follow } = this.#spec;
    for (;;) {
      const left = follow ? AT_ONCE : Math.min(AT_ONCE, leftOf(extent, this.#cursor));
      if (left <= 0) return;
      const chunk = await this.#cursor.read(left);
      if (chunk === MISSED) yield Buffer.concat([NEWLINE, ...missed]);
      else if (chunk !== undefined) yield chunk;
      else if (!follow || (await this.#bell.next()).length === 0) return;
    }
  }
}

const NEWLINE = Buffer.from("\n");
const missed = plainShow({ name: "", stream: "" }, false).missed();

function leftOf({ end }: LogExtent, { place }: LogCursor): number {
  if (place.file < end.file) return Infinity;
  return place.file === end.file ? end.offset - place.offset : 0;
}

interface LineSpec {
  extents: readonly LogExtent[];
  query: LogQuery;
  onMore: () => void;
}

/** Several logs, or one of which not every line is wanted. */
class LineReading implements Reading {
  readonly #logs: LogLines[] = [];
  readonly #follow: boolean;
  readonly #bell = new Bell<LogLines>();

  constructor(logs: readonly SelectedLog[], { extents, query, onMore }: LineSpec) {
    this.#follow = query.follow;
    const ordered = logs.length > 1;
    const named = query.names ?? new Set(logs.map(({ origin }) => origin.name)).size > 1;
    const atOnce = Math.max(4_096, Math.min(AT_ONCE, Math.floor(AT_ONCE_OF_ALL / logs.length)));
    try {
      for (const [index, { sink, origin }] of logs.entries()) {
        const extent = extents[index];
        if (!extent) continue;
        const show = query.json ? jsonShow(origin) : plainShow(origin, named);
        const onChange = () => {
          onMore();
          this.#bell.ring(lines);
        };
        const lines = new LogLines({ sink, show, query, extent, ordered, atOnce, onChange });
        this.#logs.push(lines);
      }
    } catch (error) {
      // Too many files may be open; those that are are not to stay so.
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#bell.close();
    for (const lines of this.#logs) lines.close();
  }

  async *chunks(): AsyncGenerator<Buffer> {
    yield* this.#past();
    if (!this.#follow) return;
    // What has come meanwhile has rung already, if somebody was there to hear it.
    for (const lines of this.#logs) this.#bell.ring(lines);
    for (;;) {
      const changed = await this.#bell.next();
      if (changed.length === 0) return;
      for (const lines of changed) {
        const shown = await lines.present();
        if (shown === undefined) continue;
        // The others have their turn before the rest of it.
        this.#bell.ring(lines);
        if (shown.length > 0) yield Buffer.concat(shown.flatMap(({ parts }) => parts));
      }
    }
  }

  async *#past(): AsyncGenerator<Buffer> {
    const sources = this.#logs.map((lines) => new Past(lines, !this.#follow));
    const batch = new Batch();
    for (;;) {
      for (const source of sources) await source.fill();
      const [first, second] = earliest(sources);
      if (!first) break;
      // As far as nobody else comes before it.
      do {
        batch.add(first.take());
        if (batch.isFull) yield batch.empty();
      } while (first.timeMs !== undefined && first.timeMs <= (second?.timeMs ?? Infinity));
    }
    if (batch.bytes > 0) yield batch.empty();
  }
}

/** What there was of one log, line by line. */
class Past {
  readonly #lines: LogLines;
  readonly #withRest: boolean;
  #queue: Shown[] = [];
  #at = 0;
  #done = false;

  constructor(lines: LogLines, withRest: boolean) {
    this.#lines = lines;
    this.#withRest = withRest;
  }

  /** Of the next line; undefined: there is none, until it has been filled. */
  get timeMs(): number | undefined {
    return this.#queue[this.#at]?.timeMs;
  }

  take(): Uint8Array[] {
    return this.#queue[this.#at++]?.parts ?? [];
  }

  async fill(): Promise<void> {
    while (!this.#done && this.#at >= this.#queue.length) {
      const shown = await this.#lines.past();
      this.#done = shown === undefined;
      this.#queue = shown ?? (this.#withRest ? this.#lines.rest() : []);
      this.#at = 0;
    }
  }
}

/** The two that have the earliest lines; of the same time the first ones. */
function earliest(sources: readonly Past[]): [first?: Past, second?: Past] {
  let [first, second]: [Past?, Past?] = [];
  for (const source of sources) {
    const { timeMs } = source;
    if (timeMs === undefined) continue;
    if (first?.timeMs === undefined || timeMs < first.timeMs) [first, second] = [source, first];
    else if (second?.timeMs === undefined || timeMs < second.timeMs) second = source;
  }
  return [...(first ? [first] : []), ...(second ? [second] : [])] as [Past?, Past?];
}

/** Many short lines are passed on together. */
class Batch {
  #parts: Uint8Array[] = [];
  bytes = 0;

  get isFull(): boolean {
    return this.bytes >= AT_ONCE;
  }

  add(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.bytes += part.length;
    }
  }

  empty(): Buffer {
    const all = Buffer.concat(this.#parts);
    this.#parts = [];
    this.bytes = 0;
    return all;
  }
}
