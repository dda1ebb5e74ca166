import type { EventRecord } from "../events/json.ts";
import { namespec } from "../process/order.ts";
import type { StateName } from "../process/states.ts";
import type { FleetProcess } from "../rpc/results.ts";
import { stateOf } from "./changes.ts";
import { startFeed } from "./eventfeed.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { readSpan } from "./span.ts";
import { selectAll } from "./status.ts";
import { UsageError } from "./usage.ts";
import { waitFor } from "./waitfor.ts";

interface Goal {
  reached: readonly StateName[];
  /** It will not come to it by itself. */
  hopeless: readonly StateName[];
}

const down = ["STOPPED", "EXITED", "FATAL"] as const;

const goals: Readonly<Record<string, Goal>> = {
  running: { reached: ["RUNNING"], hopeless: ["FATAL"] },
  // And known to be, where there is more to it than that.
  ready: { reached: ["RUNNING"], hopeless: ["FATAL"] },
  // Or has ended: in either case there is no job of it any more.
  quiet: { reached: ["RUNNING", "STARTING", "STOPPING", "BACKOFF", ...down], hopeless: [] },
  stopped: { reached: down, hopeless: [] },
  exited: { reached: ["EXITED"], hopeless: ["FATAL", "STOPPED"] },
};

type Waited = Pick<FleetProcess, "group" | "name" | "statename" | "ready" | "quiet">;

const isDown = (state: StateName): boolean => down.some((each) => each === state);

/** What must be so beside the state; undefined: nothing. */
function isSo(what: string, { statename, ready, quiet }: Waited): boolean | undefined {
  if (what === "ready") return ready;
  return what === "quiet" ? quiet === "quiet" || isDown(statename) : undefined;
}

/** It is as wanted, or will not come to it. */
const isOver = (what: string, state: StateName): boolean =>
  [goals[what]?.reached ?? [], goals[what]?.hopeless ?? []].some((states) =>
    states.includes(state),
  );

/** What has become of those that are waited for. */
export class Waiting {
  readonly #what: string;
  readonly #goal: Goal;
  readonly #states = new Map<string, StateName>();
  /** Where more is waited for than a state, whether it is so. */
  readonly #so = new Map<string, boolean>();

  constructor(what: string, processes: readonly Waited[]) {
    this.#what = what;
    this.#goal = goals[what] ?? { reached: [], hopeless: [] };
    for (const process of processes) {
      this.#states.set(namespec(process), process.statename);
      const so = isSo(what, process);
      if (so !== undefined) this.#so.set(namespec(process), so);
    }
  }

  /** A later state of one; of others nothing is kept. */
  note(event: EventRecord): void {
    const [name, state] = stateOf(event);
    if (state !== undefined && this.#states.has(name)) this.#states.set(name, state);
    if (!this.#so.has(name)) return;
    if (this.#what === "quiet") {
      if (event.type === "READINESS_QUIET" || (state && isDown(state))) this.#so.set(name, true);
    } else if (event.type === "READINESS_READY") this.#so.set(name, true);
    else if (state === "STARTING") this.#so.set(name, false);
  }

  /** In the states that they are in. */
  get reached(): string[] {
    return this.#in(this.#goal.reached).filter((name) => this.#so.get(name) !== false);
  }

  get hopeless(): string[] {
    return this.#in(this.#goal.hopeless);
  }

  /** Neither. */
  get left(): string[] {
    const over = new Set([...this.reached, ...this.hopeless]);
    return [...this.#states.keys()].filter((name) => !over.has(name));
  }

  stateOf(name: string): StateName | undefined {
    return this.#states.get(name);
  }

  #in(states: readonly StateName[]): string[] {
    return [...this.#states].filter(([, state]) => states.includes(state)).map(([name]) => name);
  }
}

/** `wait NAME... [--for WHAT] [--timeout TIME]`: told by events, and nothing is asked twice. */
export async function wait(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseOptions(words, {
    for: { type: "string" },
    timeout: { type: "string" },
    json: { type: "boolean" },
  });
  const { for: what = "running", timeout } = values;
  if (names.length === 0) {
    throw new UsageError("Error: wait requires a process name", true, exit.badArguments);
  }
  if (!Object.hasOwn(goals, what)) {
    const expected = Object.keys(goals).join(", ");
    const message = `Error: --for: expected ${expected}, got "${what}"`;
    throw new UsageError(message, false, exit.badArguments);
  }
  const timeoutMs = timeout === undefined ? undefined : readSpan("--timeout", timeout);
  const over = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => over.abort(), timeoutMs);
  const signal = AbortSignal.any([over.signal, session.interrupted()]);
  try {
    const isDone = (state: StateName) => isOver(what, state);
    const call = follow(session, names, what, signal);
    const waiting = await waitFor(session, call, { doing: "waiting:", words: names, isDone });
    if (waiting) {
      report(session, waiting, { what, timeout: over.signal.aborted ? timeout : undefined });
    }
  } finally {
    clearTimeout(timer);
  }
}

/** @returns undefined when there is none by one of the names, which has been told */
async function follow(
  session: Session,
  names: readonly string[],
  what: string,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const { client } = session;
  const ours = new AbortController();
  const either = AbortSignal.any([signal, ours.signal]);
  const feed = await startFeed(client, "PROCESS_STATE,READINESS", either);
  try {
    const all = await client.call("drover.getAllProcesses", { usage: false });
    const wanted = selectAll(session, all, names);
    if (session.exitCode !== 0) return undefined;
    const waiting = new Waiting(what, wanted);
    while (waiting.left.length > 0) {
      const { value, done } = await feed.next();
      if (done) break;
      waiting.note(value);
    }
    return waiting;
  } finally {
    ours.abort();
    await feed.return();
  }
}

function report(
  session: Session,
  waiting: Waiting,
  { what, timeout }: { what: string; timeout: string | undefined },
): void {
  if (session.json) {
    const withState = (name: string) => ({ name, state: waiting.stateOf(name) });
    const { reached, hopeless, left } = waiting;
    const told = Object.entries({ reached, hopeless, left }).map(([key, names]) => [
      key,
      names.map(withState),
    ]);
    session.print(JSON.stringify(Object.fromEntries(told)));
  } else reportLines(session, waiting, { what, timeout });
  if (waiting.hopeless.length > 0) session.exitCode = exit.failed;
  else if (waiting.left.length > 0) session.exitCode = exit.generic;
}

function reportLines(
  session: Session,
  waiting: Waiting,
  { what, timeout }: { what: string; timeout: string | undefined },
): void {
  for (const name of waiting.reached) session.print(`${name}: ${what}`);
  const failed = (name: string, why: string) => session.print(`${name}: ERROR (${why})`);
  for (const name of waiting.hopeless) failed(name, `${waiting.stateOf(name)}, not ${what}`);
  const within = timeout === undefined ? "" : ` within ${timeout}`;
  for (const name of waiting.left) failed(name, `${waiting.stateOf(name)}, not ${what}${within}`);
}
