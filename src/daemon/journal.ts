import { headOf } from "../events/json.ts";
import type { LogSegment } from "../os/logsegment.ts";
import { openFile } from "./logfiles.ts";
import type { Sink } from "./sink.ts";

/** Read at once. */
const PIECE = 65_536;
/** A line that is longer is none of ours. */
const LONGEST_LINE = 4 * 2 ** 20;
const NEWLINE = 10;

/** Numbered lines of a journal, in their order. */
export interface JournalLine {
  number: number;
  type: string;
  /** With its newline. */
  line: Buffer;
}

/** The events on a disk: a log of lines with numbers, rotated as logs are. */
export class Journal {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Never throws: a disk that fails is told as that of any log. */
  add(line: Buffer): void {
    this.#sink.write([line]);
  }

  /**
   * The number of its last line; undefined when it has none. A line that was broken off is ended: what
   * comes next is not to be its rest. For a disk that answers.
   */
  begin(): number | undefined {
    for (let file = 0; ; file--) {
      const segment = openFile(this.#sink, file);
      if (!segment) return undefined;
      try {
        const size = segment.size() ?? 0;
        const isNewest = file === 0;
        if (isNewest && size > 0 && segment.readNow(size - 1, 1)[0] !== NEWLINE) {
          this.add(Buffer.of(NEWLINE));
        }
        const number = lastNumber(segment, size);
        if (number !== undefined) return number;
      } finally {
        segment.close();
      }
    }
  }

  /** What it has from a number on, as it is asked for; ends where the journal does. */
  async *from(number: number): AsyncGenerator<JournalLine[], void> {
    let file = await this.#fileWith(number);
    for (let isNewest = false; !isNewest; file++) {
      // Asked before it is read to its end: nothing comes into it any more once another is the newest.
      isNewest = file >= this.#sink.rotations;
      const segment = openFile(this.#sink, file);
      if (!segment) continue;
      try {
        for await (const lines of linesOf(segment)) {
          const wanted = lines.filter((each) => each.number >= number);
          if (wanted.length > 0) yield wanted;
        }
      } finally {
        segment.close();
      }
    }
  }

  /** The newest of its files that begins with no later number, or the oldest that there is. */
  async #fileWith(number: number): Promise<number> {
    for (let file = this.#sink.rotations; ; file--) {
      const segment = openFile(this.#sink, file);
      if (!segment) return file + 1;
      try {
        const first = (await linesOf(segment).next()).value?.[0];
        if (first && first.number <= number) return file;
      } finally {
        segment.close();
      }
    }
  }
}

/** As many lines at once as a piece has. */
async function* linesOf(segment: LogSegment): AsyncGenerator<JournalLine[], void> {
  let held: Buffer = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const chunk = await segment.read(position, PIECE);
    if (chunk.length === 0) return;
    position += chunk.length;
    const all = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    const end = all.lastIndexOf(NEWLINE) + 1;
    held = all.length - end > LONGEST_LINE ? Buffer.alloc(0) : all.subarray(end);
    const lines = parse(all.subarray(0, end));
    if (lines.length > 0) yield lines;
  }
}

function parse(text: Buffer): JournalLine[] {
  const lines: JournalLine[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(NEWLINE, start) + 1;
    const line = text.subarray(start, end);
    const known = headOf(line);
    // What else may stand there: the mark of what was lost, or a line that was broken off.
    if (known) lines.push({ ...known, line });
    start = end;
  }
  return lines;
}

function lastNumber(segment: LogSegment, size: number): number | undefined {
  for (let most = PIECE; ; most *= 8) {
    const start = Math.max(0, size - most);
    const text = segment.readNow(start, size - start);
    const end = text.lastIndexOf(NEWLINE) + 1;
    const last = parse(text.subarray(0, end)).at(-1);
    if (last || start === 0 || most > LONGEST_LINE) return last?.number;
  }
}
