import type { Wait } from "./progress.ts";
import type { Session } from "./session.ts";

/** What takes no longer is over before a person wonders. */
const UNANNOUNCED_MS = 700;

/**
 * Waits for a call that may take long, and shows a person then how far it is.
 * @throws what the call throws
 */
export async function waitFor<T>(session: Session, call: Promise<T>, what: Wait): Promise<T> {
  if (!session.toTerminal || session.json) return await call;
  const over = new AbortController();
  const since = performance.now();
  let shown: Promise<void> | undefined;
  const show = async () => {
    const { showProgress } = await import("./progress.ts");
    await showProgress(session, what, { since, signal: over.signal });
  };
  const timer = setTimeout(() => {
    shown = show();
  }, UNANNOUNCED_MS);
  try {
    return await call;
  } finally {
    clearTimeout(timer);
    over.abort();
    await shown;
  }
}
