let asker: string | undefined;

/**
 * Begins to answer a call. What it does at once, before it first waits for anything, is known to be
 * done for whom it was made: an async context would cost every promise of the daemon.
 * @param who as `uid 1000, pid 4711`; undefined: nobody knows
 */
export function onBehalfOf<T>(who: string | undefined, act: () => T): T {
  const before = asker;
  asker = who;
  try {
    return act();
  } finally {
    asker = before;
  }
}

/** For whom is done what is being done just now; undefined: nobody has asked for it. */
export const whoAsks = (): string | undefined => asker;
