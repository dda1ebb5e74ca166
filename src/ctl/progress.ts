import { Fault } from "../faults.ts";
import { namespec } from "../process/order.ts";
import type { StateName } from "../process/states.ts";
import { ServerError } from "../rpc/client.ts";
import { stateOf } from "./changes.ts";
import { startFeed } from "./eventfeed.ts";
import { printable, shortened } from "./printable.ts";
import type { Session } from "./session.ts";
import { chosenBy } from "./status.ts";

/** What is waited for. */
export interface Wait {
  /** `stopping`, `starting`, ... */
  doing: string;
  /** Names, groups as `group:*`, or all. */
  words: readonly string[];
  isDone(state: StateName): boolean;
}

/** How many are named. */
const MOST_NAMES = 3;

/** `stopping 7/20 ... waiting for a, b, c and 10 more, 12s`. */
export function formatProgress(
  { doing, isDone }: Pick<Wait, "doing" | "isDone">,
  states: ReadonlyMap<string, StateName>,
  seconds: number,
): string {
  const left = [...states].filter(([, state]) => !isDone(state)).map(([name]) => name);
  const named = left.slice(0, MOST_NAMES).join(", ");
  const others = left.length > MOST_NAMES ? ` and ${left.length - MOST_NAMES} more` : "";
  const count = `${doing} ${states.size - left.length}/${states.size} ...`;
  return left.length === 0 ? count : `${count} waiting for ${named}${others}, ${seconds}s`;
}

/** Shows how far it is, in a line that is written over, until the signal aborts; then it is gone. */
export async function showProgress(
  session: Session,
  wait: Wait,
  { since, signal }: { since: number; signal: AbortSignal },
): Promise<void> {
  const states = new Map<string, StateName>();
  const draw = () => {
    if (signal.aborted || states.size === 0) return;
    const seconds = Math.round((performance.now() - since) / 1_000);
    const line = printable(formatProgress(wait, states, seconds));
    session.write(`\r${shortened(line, session.size().columns - 1)}\x1b[K`);
  };
  const ticking = setInterval(draw, 1_000);
  try {
    await follow(session, wait, { states, draw, signal });
  } catch (error) {
    // The command itself tells what is wrong.
    if (!(error instanceof ServerError || error instanceof Fault)) throw error;
  } finally {
    clearInterval(ticking);
    if (states.size > 0) session.write("\r\x1b[K");
  }
}

async function follow(
  { client }: Session,
  { words }: Wait,
  {
    states,
    draw,
    signal,
  }: { states: Map<string, StateName>; draw: () => void; signal: AbortSignal },
): Promise<void> {
  const feed = await startFeed(client, "PROCESS_STATE", signal);
  for (const info of chosenBy(words, await client.call("supervisor.getAllProcessInfo", {}))) {
    states.set(namespec(info), info.statename);
  }
  draw();
  for await (const event of feed) {
    const [name, state] = stateOf(event);
    if (state !== undefined && states.has(name)) states.set(name, state);
    draw();
  }
}
