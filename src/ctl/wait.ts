import type { EventRecord } from "../events/json.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import { type StateName, stateCodes } from "../process/states.ts";
import { linesOf } from "../rpc/lines.ts";
import type { ListedProcess } from "../rpc/results.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

interface Goal {
  reached: readonly StateName[];
  /** It will not come to it by itself. */
  hopeless: readonly StateName[];
}

const down = ["STOPPED", "EXITED", "FATAL"] as const;

const goals: Readonly<Record<string, Goal>> = {
  running: { reached: ["RUNNING"], hopeless: ["FATAL"] },
  stopped: { reached: down, hopeless: [] },
  exited: { reached: ["EXITED"], hopeless: ["FATAL", "STOPPED"] },
};

/** What has become of those that are waited for. */
export class Waiting {
  readonly #goal: Goal;
  readonly #states = new Map<string, StateName>();

  constructor(
    what: string,
    processes: readonly Pick<ListedProcess, "group" | "name" | "statename">[],
  ) {
    this.#goal = goals[what] ?? { reached: [], hopeless: [] };
    for (const process of processes) this.#states.set(namespec(process), process.statename);
  }

  /** A later state of one; of others nothing is kept. */
  note({ type, process, group = "" }: EventRecord): void {
    const name = process === undefined ? "" : namespec({ group, name: process });
    const state = type.replace("PROCESS_STATE_", "");
    if (this.#states.has(name) && isState(state)) this.#states.set(name, state);
  }

  /** In the states that they are in. */
  get reached(): string[] {
    return this.#in(this.#goal.reached);
  }

  get hopeless(): string[] {
    return this.#in(this.#goal.hopeless);
  }

  /** Neither. */
  get left(): string[] {
    const over = [...this.#goal.reached, ...this.#goal.hopeless];
    return [...this.#states].filter(([, state]) => !over.includes(state)).map(([name]) => name);
  }

  stateOf(name: string): StateName | undefined {
    return this.#states.get(name);
  }

  #in(states: readonly StateName[]): string[] {
    return [...this.#states].filter(([, state]) => states.includes(state)).map(([name]) => name);
  }
}

const isState = (text: string): text is StateName => Object.hasOwn(stateCodes, text);

/** `wait NAME... [--for WHAT] [--timeout TIME]`: told by events, and nothing is asked twice. */
export async function wait(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseOptions(words, {
    for: { type: "string" },
    timeout: { type: "string" },
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
  const timeoutMs = timeout === undefined ? undefined : readTimeout(timeout);
  const over = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => over.abort(), timeoutMs);
  const signal = AbortSignal.any([over.signal, session.interrupted()]);
  try {
    const waiting = await follow(session, names, what, signal);
    if (waiting)
      report(session, waiting, { what, timeout: over.signal.aborted ? timeout : undefined });
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
  let waiting: Waiting | undefined;
  let begun: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  // What happens between the look and the first event must not be missed: the events come first.
  const stream = linesOf(client.events({ types: "PROCESS_STATE" }, begun, either));
  const first = stream.next();
  try {
    await Promise.race([hasBegun, first]);
    const all = await client.call("supervisor.getAllProcessInfo", {});
    const wanted = names.flatMap((name) => select(session, all, name));
    if (session.exitCode !== 0) return undefined;
    waiting = new Waiting(what, wanted);
    for (let next = first; waiting.left.length > 0; next = stream.next()) {
      const { value, done } = await next;
      if (done) break;
      waiting.note(JSON.parse(value) as EventRecord);
    }
    return waiting;
  } finally {
    ours.abort();
    await stream.return();
  }
}

function select(session: Session, all: readonly ListedProcess[], word: string): ListedProcess[] {
  const { group, process } = parseNamespec(word);
  const found = all.filter(
    (info) =>
      word === "all" || (info.group === group && (process === undefined || info.name === process)),
  );
  if (found.length > 0) return found;
  const kind = process === undefined ? "group" : "process";
  session.print(`${process === undefined ? group : word}: ERROR (no such ${kind})`);
  session.exitCode = exit.unreachable;
  return [];
}

function report(
  session: Session,
  waiting: Waiting,
  { what, timeout }: { what: string; timeout: string | undefined },
): void {
  for (const name of waiting.reached) session.print(`${name}: ${what}`);
  const failed = (name: string, why: string) => session.print(`${name}: ERROR (${why})`);
  for (const name of waiting.hopeless) failed(name, `${waiting.stateOf(name)}, not ${what}`);
  const within = timeout === undefined ? "" : ` within ${timeout}`;
  for (const name of waiting.left) failed(name, `${waiting.stateOf(name)}, not ${what}${within}`);
  if (waiting.hopeless.length > 0) session.exitCode = exit.failed;
  else if (waiting.left.length > 0) session.exitCode = exit.generic;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** @returns milliseconds @throws UsageError */
function readTimeout(text: string): number {
  const [, number, unit = "s"] = /^(\d{1,9})(ms|s|m|h)?$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * (units[unit] ?? 1_000);
  const message = `Error: --timeout: expected a time such as 30s, 5m or 500ms, got "${text}"`;
  throw new UsageError(message, false, exit.badArguments);
}
