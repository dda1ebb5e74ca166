import { type Line, LineCutter } from "../logs/linecutter.ts";
import { lineTime } from "../logs/linetime.ts";
import type { LogQuery } from "../logs/query.ts";
import type { LineShow } from "../logs/show.ts";
import { LogCursor, MISSED } from "./logcursor.ts";
import type { LogExtent } from "./logsearch.ts";
import type { Sink } from "./sink.ts";

/** What is to be shown of a log, and the time that it is from: of a line without one, the last one's. */
export interface Shown {
  parts: Uint8Array[];
  timeMs: number;
}

export interface LogLinesSpec {
  sink: Sink;
  show: LineShow;
  query: LogQuery;
  extent: LogExtent;
  /** The times are needed to put the lines of several logs in order. */
  ordered: boolean;
  /** Bytes to read at once. */
  atOnce: number;
  onChange: () => void;
}

/** The lines of one log that are wanted, from where they begin. */
export class LogLines {
  readonly #spec: LogLinesSpec;
  readonly #cursor: LogCursor;
  readonly #cutter = new LineCutter();
  readonly #needsTime: boolean;
  /** Of the latest line that says one. */
  #timeMs = -Infinity;
  #isOld: boolean;
  /** Whether the pieces of a long line are wanted is known from the first. */
  #isWanted = true;

  constructor(spec: LogLinesSpec) {
    this.#spec = spec;
    const { query, extent, sink, onChange } = spec;
    this.#needsTime = spec.ordered || query.json || query.sinceMs !== undefined;
    this.#isOld = extent.startsOld;
    this.#cursor = new LogCursor(sink, extent.start, onChange);
  }

  close(): void {
    this.#cursor.close();
  }

  /** What there was when it was asked for, a few lines at a time; undefined after the last. */
  async past(): Promise<Shown[] | undefined> {
    const { end } = this.#spec.extent;
    const { file, offset } = this.#cursor.place;
    const left = file < end.file ? Infinity : file === end.file ? end.offset - offset : 0;
    return left > 0 ? this.#read(left) : undefined;
  }

  /** What has come since; undefined: nothing until there is a change. */
  present(): Promise<Shown[] | undefined> {
    return this.#read(Infinity);
  }

  /** What there is of a line without a newline. */
  rest(): Shown[] {
    return this.#cutter.flush().flatMap((line) => this.#show(line));
  }

  async #read(most: number): Promise<Shown[] | undefined> {
    const chunk = await this.#cursor.read(Math.min(most, this.#spec.atOnce));
    if (chunk === undefined) return undefined;
    if (chunk !== MISSED) return this.#cutter.push(chunk).flatMap((line) => this.#show(line));
    return [...this.rest(), { parts: this.#spec.show.missed(), timeMs: this.#timeMs }];
  }

  #show(line: Line): Shown[] {
    const timeMs = this.#needsTime && !line.continues ? lineTime(line.bytes) : undefined;
    if (!line.continues) this.#isWanted = this.#wants(line, timeMs);
    if (!this.#isWanted) return [];
    return [{ parts: this.#spec.show.line(line, timeMs), timeMs: this.#timeMs }];
  }

  #wants({ bytes }: Line, timeMs: number | undefined): boolean {
    const { sinceMs, matches } = this.#spec.query;
    if (timeMs !== undefined) {
      this.#timeMs = timeMs;
      if (sinceMs !== undefined && !this.#spec.extent.untimed) this.#isOld = timeMs < sinceMs;
    }
    return !this.#isOld && (!matches || matches(bytes));
  }
}
