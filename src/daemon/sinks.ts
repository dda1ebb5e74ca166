import {
  Sink,
  type SinkReports,
  type SinkSpec,
  type Source,
  sharedSource,
  soleSource,
} from "./sink.ts";

/** All sinks of the daemon, by path. */
export class Sinks {
  readonly #byPath = new Map<string, { sink: Sink; sources: number }>();
  readonly #reports: SinkReports;

  constructor(reports: SinkReports) {
    this.#reports = reports;
  }

  /** The sink of a path, made with the first specification that names it. */
  open(spec: SinkSpec): Sink {
    let entry = this.#byPath.get(spec.path);
    if (!entry) {
      entry = { sink: new Sink(spec, this.#reports), sources: 0 };
      this.#byPath.set(spec.path, entry);
    }
    entry.sources++;
    return entry.sink;
  }

  /** A way into a sink, once every configured stream has been given its sink. */
  source(sink: Sink): Source {
    const sources = this.#byPath.get(sink.spec.path)?.sources ?? 1;
    return sources > 1 ? sharedSource(sink) : soleSource(sink);
  }

  get(path: string): Sink | undefined {
    return this.#byPath.get(path)?.sink;
  }

  /** For SIGUSR2: somebody has moved the files. */
  reopenAll(): void {
    for (const { sink } of this.#byPath.values()) sink.reopen();
  }
}
