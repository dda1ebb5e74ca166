/** A part of a file, in bytes. */
export interface Range {
  offset: number;
  length: number;
}

/**
 * supervisord's `read...Log(offset, length)`: a negative offset counts from the end, a length of 0
 * reads to the end.
 * @returns undefined for the combinations that are BAD_ARGUMENTS
 */
export function readRange(size: number, offset: number, length: number): Range | undefined {
  if (offset < 0) {
    if (length !== 0) return undefined;
    const start = Math.max(0, size + offset);
    return { offset: start, length: size - start };
  }
  if (length < 0) return undefined;
  const start = Math.min(offset, size);
  const rest = size - start;
  return { offset: start, length: length === 0 ? rest : Math.min(length, rest) };
}

export interface Tail extends Range {
  /** Where the next call should go on: always the size of the file. */
  next: number;
  /** There was more than `length` bytes after the caller's offset. */
  overflow: boolean;
}

/** supervisord's `tail...Log(offset, length)`: the last `length` bytes, seen before or not. */
export function tailRange(size: number, offset: number, length: number): Tail {
  const overflow = size > offset + length;
  const nothing = length <= 0 || (!overflow && offset >= size);
  const wanted = nothing ? 0 : Math.min(length, size);
  return { offset: size - wanted, length: wanted, next: size, overflow };
}
