import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { unless } from "../os/errno.ts";
import { Sink, type SinkReports, type SinkSpec } from "./sink.ts";

const absent = ["ENOENT", "EACCES", "ENOTDIR"];

/** All sinks of the daemon, by path. */
export class Sinks {
  readonly #byPath = new Map<string, Sink>();
  /** Folders by the names that lead to them. */
  readonly #folders = new Map<string, string>();
  readonly #reports: SinkReports;

  constructor(reports: SinkReports) {
    this.#reports = reports;
  }

  /** The sink of a path, made with the first specification that names it. */
  open(spec: SinkSpec): Sink {
    const key = this.#canonical(spec.path);
    const sink = this.#byPath.get(key) ?? new Sink(spec, this.#reports);
    this.#byPath.set(key, sink);
    const { maxBytes, backups } = sink.spec;
    if (spec.maxBytes !== maxBytes || spec.backups !== backups) this.#reports.disputed(spec.path);
    sink.sources++;
    return sink;
  }

  get(file: string): Sink | undefined {
    return this.#byPath.get(this.#canonical(file));
  }

  /** For SIGUSR2: somebody has moved the files. */
  reopenAll(): void {
    for (const sink of this.#byPath.values()) sink.reopen();
  }

  /** The name of a file without symbolic links; it may not be there yet. */
  #canonical(file: string): string {
    // /dev/stdout is a link to whatever stdout is, and a place of its own to us.
    if (file.startsWith("/dev/")) return file;
    const named = path.dirname(file);
    const folder = this.#folders.get(named) ?? unless(absent, () => realpathSync(named)) ?? named;
    this.#folders.set(named, folder);
    const full = path.join(folder, path.basename(file));
    const isLink = unless(absent, () => lstatSync(full).isSymbolicLink()) ?? false;
    return (isLink ? unless(absent, () => realpathSync(full)) : undefined) ?? full;
  }
}
