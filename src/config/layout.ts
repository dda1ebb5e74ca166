const layouts = new Map<string, object>();

/**
 * The same object in a layout that all with its keys share. V8 keeps what has grown to so many keys
 * as a hash table of its own, four times as large and slower to read.
 */
export function withSharedLayout<T extends object>(given: T): T {
  const keys = Object.keys(given);
  const key = keys.join();
  const layout = layouts.get(key) ?? layoutOf(keys);
  layouts.set(key, layout);
  return Object.assign({ ...layout }, given);
}

/** Parsed it is made at once, and does not grow. */
const layoutOf = (keys: readonly string[]): object =>
  JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, 0]))));
