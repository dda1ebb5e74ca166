import { type FormattedArray, formatArray, formatResponse } from "./xml.ts";

/** Answers of more bytes are worth remembering, and of so many are not worth their memory. */
const LEAST_BYTES = 16_384;
const MOST_BYTES = 4 * 2 ** 20;
/** By then so many items tell another time that nothing is gained. */
const FOR_MS = 1_000;

/**
 * Programs that watch a fleet ask for all of it many times a second, several of them at once, and
 * little has changed in between: what is as it was in the latest large answer is copied from there.
 */
class Answers {
  #latest: FormattedArray | undefined;
  #forgotten: NodeJS.Timeout | undefined;

  format(result: unknown): Buffer {
    if (!Array.isArray(result)) return formatResponse(result);
    const formatted = formatArray(result, this.#latest, isSame);
    const { length } = formatted.bytes;
    if (length >= LEAST_BYTES && length <= MOST_BYTES) this.#remember(formatted);
    return formatted.bytes;
  }

  #remember(formatted: FormattedArray): void {
    this.#latest = formatted;
    this.#forgotten ??= setTimeout(() => {
      this.#latest = undefined;
      this.#forgotten = undefined;
    }, FOR_MS).unref();
  }
}

export const answers = new Answers();

/** Whether two results are written alike: of arrays, structs and single values. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return Object.is(a, b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  }
  return !Array.isArray(b) && isSameStruct(a as Struct, b as Struct);
}

type Struct = Record<string, unknown>;

/** The keys of structs that are made in one place are in one order. */
function isSameStruct(a: Struct, b: Struct): boolean {
  let more = 0;
  for (const key in a) {
    more++;
    if (a[key] !== b[key] && !isSame(a[key], b[key])) return false;
  }
  for (const _ in b) more--;
  return more === 0;
}
