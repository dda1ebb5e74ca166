/** What became of one try to post. */
export type Try =
  | { status: number; retryAfter: string | undefined; nowMs: number }
  /** There was no answer. */
  | { error: string };

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** Who asks for more is not waited for longer. */
const LONGEST_ASKED_MS = 300_000;

export type Judgement =
  | { is: "done" }
  /** It may go better after so many milliseconds. */
  | { is: "failed"; why: string; waitMs: number }
  /** The same again would not help. */
  | { is: "hopeless"; why: string };

/**
 * What an answer means: a server that is away, busy or broken may do it later; one that says no says it
 * again. Redirects are not followed: what is posted would go where nobody has sent it.
 * @param tries that have failed before
 * @param random from 0 to 1: many that were refused together do not come back together
 */
export function judge(tried: Try, tries: number, random: number): Judgement {
  const backoff = Math.min(FIRST_MS * 2 ** tries, LONGEST_MS) * (0.5 + random);
  if ("error" in tried) return { is: "failed", why: tried.error, waitMs: backoff };
  const { status, retryAfter, nowMs } = tried;
  if (status >= 200 && status < 300) return { is: "done" };
  const why = `status ${status}`;
  if (status >= 300 && status < 400) {
    return { is: "hopeless", why: `${why}: it redirects, which is not followed` };
  }
  if (status < 500 && status !== 429 && status !== 408) return { is: "hopeless", why };
  const asked = readRetryAfter(retryAfter, nowMs);
  return { is: "failed", why, waitMs: Math.max(backoff, Math.min(asked, LONGEST_ASKED_MS)) };
}

/** Seconds, or a date. @returns milliseconds */
function readRetryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}
