/** What to do to a log that has reached its size. */
export type RotationStep =
  | { do: "rename"; from: string; to: string }
  /** With no backups to keep, the content is dropped. */
  | { do: "truncate" };

/**
 * Moves `path` to `path.1`, `path.1` to `path.2` and so on up to `path.N`, the oldest first; the one
 * that was `path.N` is overwritten. Steps whose source is missing are to be skipped.
 */
export function planRotation(path: string, backups: number): RotationStep[] {
  if (backups <= 0) return [{ do: "truncate" }];
  const steps: RotationStep[] = [];
  for (let n = backups - 1; n >= 1; n--) {
    steps.push({ do: "rename", from: `${path}.${n}`, to: `${path}.${n + 1}` });
  }
  steps.push({ do: "rename", from: path, to: `${path}.1` });
  return steps;
}

/** As in supervisord a file may pass the limit by one write; 0 bytes is no limit. */
export const isFull = (size: number | undefined, maxBytes: number): boolean =>
  size !== undefined && maxBytes > 0 && size >= maxBytes;
