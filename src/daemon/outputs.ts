import type { Formatter } from "../logs/format.ts";
import type { Tally } from "../logs/losses.ts";
import { movable } from "../os/logplace.ts";
import {
  allOf,
  formattedSource,
  type Inlet,
  type Source,
  sharedSource,
  soleSource,
} from "./inlet.ts";
import type { Postpone, Sink } from "./sink.ts";
import type { Writer } from "./writers.ts";

export interface OutputsSpec {
  sinks: readonly Sink[];
  /** A way into syslog, for who has one; nobody waits for it. */
  toSyslog: ((tally: Tally | undefined) => Source) | undefined;
  /** Makes what the sinks get of the lines; undefined: they get them as they are. */
  formatter: (() => Formatter) | undefined;
}

/** All places that the output of one stream goes to: each gets all of it, and the slowest sets the pace. */
export class Outputs {
  readonly #spec: OutputsSpec;
  readonly #sinks: readonly Sink[];
  #closing = false;

  constructor(spec: OutputsSpec) {
    this.#spec = spec;
    this.#sinks = spec.sinks;
  }

  /** What is written now has to wait somewhere. */
  get full(): boolean {
    for (const sink of this.#sinks) if (sink.full) return true;
    return false;
  }

  /** Bytes of a line may be held back here. */
  get holdsLines(): boolean {
    const { formatter, toSyslog } = this.#spec;
    return formatter !== undefined || toSyslog !== undefined || this.#sinks.some(isShared);
  }

  /**
   * @param postpone as `Sink.acquire`
   * @throws what the kernel gives when one of them cannot be opened; then none is
   */
  acquire(writer?: Writer, postpone?: Postpone): void {
    const acquired: Sink[] = [];
    try {
      for (const sink of this.#sinks) {
        sink.acquire(writer, postpone);
        acquired.push(sink);
      }
    } catch (error) {
      for (const sink of acquired) sink.release(writer);
      throw error;
    }
  }

  release(writer?: Writer): void {
    for (const sink of this.#sinks) sink.release(writer);
  }

  /** Of several the one that is shown and read: the first that is a file. @throws as `Sink.clear` */
  clear(): void {
    const [first, ...others] = this.#sinks;
    const isFile = ({ spec }: Sink) => movable(spec.path) !== undefined;
    // One alone knows by itself whether it is a file: on a disk that hangs nobody is to look.
    const one = others.length === 0 ? first : this.#sinks.find(isFile);
    one?.clear();
  }

  /** A way in for one stream. @param tally of what is lost of it */
  connect(tally?: Tally): Source {
    const { formatter, toSyslog } = this.#spec;
    const inlet = this.#sinks.length === 1 ? inletOf : this.#inletOrLost;
    const files =
      formatter && this.#sinks.length > 0
        ? [
            formattedSource(
              this.#sinks.map((sink) => inlet(sink, tally)),
              formatter(),
            ),
          ]
        : this.#sinks.map((sink) =>
            isShared(sink) ? sharedSource(inlet(sink, tally)) : soleSource(inlet(sink, tally)),
          );
    const [only, ...more] = toSyslog ? [...files, toSyslog(tally)] : files;
    return only && more.length === 0 ? only : allOf(only ? [only, ...more] : []);
  }

  /**
   * For the end of a stream: what one of them has no room for is lost there, and not with the others.
   * @param rest what is left of the stream: `pass` gives it to what `connect` has made
   */
  takeRest(rest: { pass(): void; discard(): number }, tally?: Tally): void {
    if (!this.full) return;
    const [first, ...others] = this.#sinks;
    if (first && others.length === 0) {
      first.lose(rest.discard(), tally);
      return;
    }
    this.#closing = true;
    rest.pass();
    this.#closing = false;
  }

  /** One of several that are written to: that one is full is no reason for another to lose anything. */
  readonly #inletOrLost = (sink: Sink, tally: Tally | undefined): Inlet => ({
    write: (parts) => {
      if (this.#closing && sink.full) sink.lose(lengthOf(parts), tally);
      else sink.write(parts, tally);
    },
  });
}

const inletOf = (sink: Sink, tally: Tally | undefined): Inlet => ({
  write: (parts) => sink.write(parts, tally),
});

const isShared = ({ sources }: Sink): boolean => sources > 1;

const lengthOf = (parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);
