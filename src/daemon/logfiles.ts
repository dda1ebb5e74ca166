import { movable } from "../os/logplace.ts";
import { type LogSegment, openSegment } from "../os/logsegment.ts";
import type { Sink } from "./sink.ts";

/**
 * Which file of a log: as many rotations as there had been when it was the newest. Names move on with
 * every rotation, this does not; files from before the daemon's start have numbers below 0.
 */
export type FileNumber = number;

/** A byte of a log. */
export interface LogPlace {
  file: FileNumber;
  offset: number;
}

/** Opens a file of a log, whatever it is called by now; undefined when it is gone. */
export function openFile(sink: Sink, file: FileNumber): LogSegment | undefined {
  const { path } = sink.spec;
  const n = sink.rotations - file;
  if (n === 0) return openSegment(path);
  // Rotated is the file that a link leads to, beside where it is.
  const backup = `${movable(path) ?? path}.${n}`;
  return openSegment(backup) ?? openSegment(`${backup}.gz`);
}
