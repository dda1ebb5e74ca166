import { JsonLines, type Origin } from "./json.ts";
import { LineJoiner } from "./lines.ts";
import { LinePrefix } from "./prefix.ts";

type Timestamps = "off" | "iso" | "unix" | "elapsed";

/** What is known when a line comes. */
export interface Moment {
  /** The child that it may be of; undefined: there is none. */
  readonly pid: number | undefined;
  /** Since the Epoch. */
  wallMs(): number;
  /** Since the child started. */
  elapsedMs(): number;
}

/** How the lines of a stream are to look. */
export interface LineStyle extends Origin {
  format: "text" | "json";
  /** Only in text. */
  prefix: string;
  /** Only in text; in JSON there is the time anyway. */
  timestamps: Timestamps;
}

/** What has become of a child, to stand between its lines. */
export interface Mark {
  text: string;
  /** For programs: in JSON only. */
  fields: Readonly<Record<string, string | number>>;
}

/** Makes of a stream's bytes what is written of them: whole lines, an empty buffer while there is none. */
export interface Formatter {
  /**
   * @param chunk may be overwritten after this returns
   * @returns bytes that are only valid until the next call on any source
   */
  push(chunk: Buffer): Buffer;
  /** What there is of a line that has no end, ended. */
  flush(): Buffer;
  /** A line of the daemon's own; what is held of another one must have been flushed. */
  mark(mark: Mark): Buffer;
}

export function formatterOf(style: LineStyle, moment: Moment): Formatter {
  return style.format === "json" ? new JsonLines(style, moment) : new TextLines(style, moment);
}

class TextLines implements Formatter {
  readonly #joiner = new LineJoiner();
  readonly #prefix: LinePrefix;

  constructor({ prefix, timestamps }: LineStyle, moment: Moment) {
    const time = clocks[timestamps];
    this.#prefix = new LinePrefix(time ? () => `${time(moment)} ${prefix}` : prefix);
  }

  push(chunk: Buffer): Buffer {
    return this.#prefix.push(this.#joiner.push(chunk));
  }

  flush(): Buffer {
    return this.#prefix.push(this.#joiner.flush());
  }

  mark({ text }: Mark): Buffer {
    return this.#prefix.push([Buffer.from(`[drover: ${text}]\n`)]);
  }
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

const clocks: Record<Timestamps, ((moment: Moment) => string) | undefined> = {
  off: undefined,
  iso: (moment) => new Date(moment.wallMs()).toISOString(),
  unix: (moment) => seconds(moment.wallMs()),
  elapsed: (moment) => seconds(moment.elapsedMs()),
};

export const startMark = (pid: number): Mark => ({
  text: `started, pid ${pid}`,
  fields: { mark: "started" },
});

/** @param uptime in seconds */
export const exitMark = (pid: number, uptime: number, cause: string): Mark => ({
  text: `ended after ${uptime.toFixed(3)} s, pid ${pid}: ${cause}`,
  fields: { mark: "ended", uptime, cause },
});
