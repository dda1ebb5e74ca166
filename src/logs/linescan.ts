import { LONGEST_LINE } from "./linecutter.ts";
import { lineTime } from "./linetime.ts";
import type { Matcher } from "./pattern.ts";

const NEWLINE = 0x0a;

/** Which lines count. */
export interface Wanted {
  /** At most so many, the last ones; Infinity: all, and where the first of them begins is enough. */
  lines: number;
  sinceMs: number | undefined;
  matches: Matcher | undefined;
}

/** What is known of a piece of a log after it has been scanned. */
export interface Scanned {
  /** Where the lines that count begin, the last of them only. */
  starts: number[];
  /** How many of the starts are of lines before the first that says its time. */
  untimed: number;
  /** Lines say when they were written. */
  sawTime: boolean;
  /** There is a line from before the time that is asked for. */
  sawOld: boolean;
  /** The last line that says its time is such a one. */
  endsOld: boolean;
  /** What belongs to the line that began in the piece before. */
  head: Buffer;
}

/**
 * Looks through a piece of a log for the lines that begin in it. Of a line no more is looked at than
 * is shown at once.
 */
export class LineScan {
  readonly #wanted: Wanted;
  readonly #needsText: boolean;
  /** Of the line that is being read; undefined: it began in an earlier piece. */
  #start: number | undefined;
  #at: number;
  #text: Buffer[] = [];
  #textBytes = 0;
  readonly #found: Scanned = {
    starts: [],
    untimed: 0,
    sawTime: false,
    sawOld: false,
    endsOld: false,
    head: Buffer.alloc(0),
  };

  /** @param startsLine whether the first byte of the piece is that of a line */
  constructor(wanted: Wanted, position: number, startsLine: boolean) {
    this.#wanted = wanted;
    this.#needsText = wanted.sinceMs !== undefined || wanted.matches !== undefined;
    this.#at = position;
    this.#start = startsLine ? position : undefined;
  }

  push(chunk: Buffer): void {
    if (this.#holdsNone(chunk)) this.#skip(chunk);
    else this.#scan(chunk);
    this.#at += chunk.length;
  }

  /** Whether no line that is whole in the chunk can count. */
  #holdsNone(chunk: Buffer): boolean {
    const { sinceMs, matches } = this.#wanted;
    if (sinceMs !== undefined || !matches?.literal?.length) return false;
    return !chunk.includes(matches.literal);
  }

  #skip(chunk: Buffer): void {
    const first = chunk.indexOf(NEWLINE);
    if (first < 0) {
      this.#add(chunk);
      return;
    }
    this.#add(chunk.subarray(0, first));
    this.#endLine();
    const last = chunk.lastIndexOf(NEWLINE);
    this.#start = this.#at + last + 1;
    this.#add(chunk.subarray(last + 1));
  }

  #scan(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline < 0 ? chunk.length : newline;
      this.#add(chunk.subarray(from, end));
      if (newline < 0) break;
      this.#endLine();
      from = newline + 1;
      this.#start = this.#at + from;
    }
  }

  /** @param next what the next piece has of the line that this one ends with */
  end(next: Buffer): Scanned {
    this.#add(next);
    if (this.#start === undefined || this.#start < this.#at) this.#endLine();
    return this.#found;
  }

  #add(text: Buffer): void {
    if (!this.#needsText || this.#textBytes >= LONGEST_LINE) return;
    const taken = text.subarray(0, LONGEST_LINE - this.#textBytes);
    this.#text.push(taken);
    this.#textBytes += taken.length;
  }

  #endLine(): void {
    const [first] = this.#text;
    const text = this.#text.length === 1 && first ? first : Buffer.concat(this.#text);
    this.#text = [];
    this.#textBytes = 0;
    if (this.#start === undefined) this.#found.head = Buffer.from(text);
    else if (this.#counts(text)) this.#keep(this.#start);
  }

  #counts(text: Buffer): boolean {
    const { sinceMs, matches } = this.#wanted;
    const time = sinceMs === undefined ? undefined : lineTime(text);
    const found = this.#found;
    if (sinceMs !== undefined && time !== undefined) {
      if (!found.sawTime) found.untimed = found.starts.length;
      found.sawTime = true;
      found.endsOld = time < sinceMs;
    }
    if (found.endsOld) {
      // What stands before an old line is older still.
      found.sawOld = true;
      found.starts.length = 0;
      found.untimed = 0;
      return false;
    }
    return !matches || matches(text);
  }

  #keep(start: number): void {
    const { starts } = this.#found;
    const { lines } = this.#wanted;
    if (lines < Infinity || starts.length === 0) starts.push(start);
    if (starts.length > Math.max(1_000, 2 * lines)) {
      const excess = starts.length - lines;
      starts.splice(0, excess);
      this.#found.untimed = Math.max(0, this.#found.untimed - excess);
    }
  }
}
