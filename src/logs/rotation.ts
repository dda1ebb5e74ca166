/** A rotated log: `f.3`, or `f.3.gz` once it has been compressed. */
export interface Backup {
  /** 1 is the newest. */
  n: number;
  gz: boolean;
}

/** What to do to a log that is to be rotated. */
export type RotationStep =
  | { do: "rename"; from: string; to: string }
  /** Would be one more than are kept. */
  | { do: "remove"; path: string }
  /** With no backups to keep, the content is dropped. */
  | { do: "truncate" };

/** Where a rotated log of `path` is. */
export const backupPath = (path: string, { n, gz }: Backup): string =>
  `${path}.${n}${gz ? ".gz" : ""}`;

/**
 * Which rotated log of `base` a file name means; undefined for any other name.
 * @param base the log's own name, without a folder
 */
export function parseBackup(base: string, name: string): Backup | undefined {
  if (!name.startsWith(`${base}.`)) return undefined;
  const [, digits, gz] = /^([1-9]\d{0,8})(\.gz)?$/.exec(name.slice(base.length + 1)) ?? [];
  return digits === undefined ? undefined : { n: Number(digits), gz: gz !== undefined };
}

/** The newest first; of one number the plain file, which is what was there before. */
export const newestFirst = (a: Backup, b: Backup): number =>
  a.n - b.n || Number(a.gz) - Number(b.gz);

/**
 * Moves `path` to `path.1`, `path.1` to `path.2` and so on up to `path.N`, the oldest first, and the
 * compressed ones as `.gz` likewise. What was number N is dropped where another takes its place;
 * what has a higher number is left alone, as supervisord does.
 * @param existing the rotated logs that there are
 */
export function planRotation(
  path: string,
  backups: number,
  existing: readonly Backup[],
): RotationStep[] {
  if (backups <= 0) return [{ do: "truncate" }];
  const steps: RotationStep[] = [];
  const at = (n: number): Backup[] => existing.filter((backup) => backup.n === n);
  const moving = (n: number): Backup[] => (n === 0 ? [{ n, gz: false }] : at(n));
  const sources = moving(backups - 1);
  for (const last of sources.length > 0 ? at(backups) : []) {
    // Where the form is the same the rename replaces it.
    if (sources.some(({ gz }) => gz === last.gz)) continue;
    steps.push({ do: "remove", path: backupPath(path, last) });
  }
  for (const backup of existing
    .filter(({ n }) => n < backups)
    .toSorted(newestFirst)
    .reverse()) {
    const to = backupPath(path, { ...backup, n: backup.n + 1 });
    steps.push({ do: "rename", from: backupPath(path, backup), to });
  }
  steps.push({ do: "rename", from: path, to: backupPath(path, { n: 1, gz: false }) });
  return steps;
}

/** As in supervisord a file may pass the limit by one write; 0 bytes is no limit. */
export const isFull = (size: number | undefined, maxBytes: number): boolean =>
  size !== undefined && maxBytes > 0 && size >= maxBytes;

/**
 * The rotated logs that are to be compressed, the oldest first. The newest stays as it is, so that
 * whoever reads on over a rotation finds it, unless it is the only one that is kept.
 */
export function planCompression(existing: readonly Backup[], backups: number): Backup[] {
  const first = backups > 1 ? 2 : 1;
  const done = new Set(existing.filter(({ gz }) => gz).map(({ n }) => n));
  return existing
    .filter(({ n, gz }) => !gz && n >= first && n <= backups && !done.has(n))
    .toSorted(newestFirst)
    .reverse();
}

/** What is too old among the rotated logs, and when the next of them will be. */
export interface Retention<T> {
  remove: T[];
  /** Milliseconds since the Epoch; Infinity when there is none. */
  nextMs: number;
}

/** @param keepMs how long they are kept after their last write */
export function planRetention<T extends { mtimeMs: number }>(
  existing: readonly T[],
  keepMs: number,
  nowMs: number,
): Retention<T> {
  const endOf = ({ mtimeMs }: T): number => mtimeMs + keepMs;
  const remove = existing.filter((backup) => endOf(backup) <= nowMs);
  const ends = existing.map(endOf).filter((end) => end > nowMs);
  return { remove, nextMs: Math.min(Infinity, ...ends) };
}
