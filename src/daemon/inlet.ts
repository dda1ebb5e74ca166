import type { Formatter, Mark } from "../logs/format.ts";
import { LineJoiner } from "../logs/lines.ts";

/** One stream's way into its logs. */
export interface Source {
  write(chunk: Buffer): void;
  /** The stream is over for now: what is held of a line that has no end goes too. */
  end(): void;
  /** Puts a line of the daemon's own between those of the stream; what is held must have gone. */
  mark?(mark: Mark): void;
}

/** Takes parts that belong together. */
export interface Inlet {
  write(parts: readonly Uint8Array[]): void;
}

/** A source that has the file to itself: chunks pass as they come. */
export const soleSource = (to: Inlet): Source => ({
  write: (chunk) => to.write([chunk]),
  end: () => undefined,
});

/** A source that shares the file: only whole lines pass. */
export function sharedSource(to: Inlet): Source {
  const joiner = new LineJoiner();
  const pass = (parts: Buffer[]) => {
    if (parts.length > 0) to.write(parts);
  };
  return { write: (chunk) => pass(joiner.push(chunk)), end: () => pass(joiner.flush()) };
}

/** A source whose lines are made to look in some way, whoever else writes to the files. */
export function formattedSource(to: readonly Inlet[], formatter: Formatter): Source {
  const pass = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    for (const inlet of to) inlet.write([bytes]);
  };
  return {
    write: (chunk) => pass(formatter.push(chunk)),
    end: () => pass(formatter.flush()),
    mark: (mark) => pass(formatter.mark(mark)),
  };
}

/** Gives the same to several. */
export const allOf = (sources: readonly Source[]): Source => ({
  write(chunk) {
    for (const source of sources) source.write(chunk);
  },
  end() {
    for (const source of sources) source.end();
  },
  mark(mark) {
    for (const source of sources) source.mark?.(mark);
  },
});
