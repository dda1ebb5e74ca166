import type { LaneFile } from "../os/lanefile.ts";
import { type Creation, LogFile } from "../os/logfile.ts";

/** A file that is open, on whatever disk. */
export interface OpenLog {
  file: LogFile | LaneFile;
  /** A write took so long. */
  took(ms: number): void;
  /** It is to be opened again, as its disk is another one now than it was: slow, or quick. */
  isMisplaced(): boolean;
}

/** Where a log tells of itself that is written elsewhere. */
export interface LaterEvents {
  moved(opened: number, rotated: number): void;
  written(): void;
  trouble(text: string): void;
}

/** A log's file, on the disk that it is on. */
export interface DiskFile {
  /** @throws what the kernel gives */
  open(later: LaterEvents): OpenLog;
  /** It is not there, and nothing is known that keeps it from being made; to know that takes no time. */
  canBeMade(): boolean;
}

/** Writes to whatever disk at once. @throws what the kernel gives */
export const openDirectly = (path: string, creation?: Creation): OpenLog => ({
  file: new LogFile(path, creation),
  took: () => undefined,
  isMisplaced: () => false,
});

/** A log's file. */
export interface Place {
  path: string;
  /** What becomes of it when it is not there yet. */
  creation?: Creation;
  /** undefined: it is written at once, whatever its disk is. */
  disk?: DiskFile | undefined;
}

/** What takes longer than this is told. */
const NOTABLE_MS = 10;

/** @returns how many bytes have gone at once; throws as the file does */
export function appendTo({ file, took }: OpenLog, part: Uint8Array): number {
  try {
    return file.append(part);
  } finally {
    if (file.tookMs > NOTABLE_MS) took(file.tookMs);
  }
}

/** As the kernel says it of a write that would have to wait. */
export class NoRoom extends Error {
  readonly code = "EAGAIN";
}
