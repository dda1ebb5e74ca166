import { isExpected } from "./exit.ts";
import { backoffMs, type Policy, PRELUDE, pick, plainStop, stopAct } from "./policy.ts";
import { isRunning, isStopped, type StateName } from "./states.ts";
import type { After, Context, Effect, Event, Exited, Limit, State, Step } from "./step.ts";

type Cell<S extends State, E extends Event> = (
  state: S,
  event: E,
  context: Context,
) => Step | undefined;
type Row<S extends State> = { [E in Event["type"]]?: Cell<S, Extract<Event, { type: E }>> };
type Chart = { [N in StateName]: Row<Extract<State, { name: N }>> };

/**
 * A process that needs no startsecs and dies at once would restart as fast as the machine forks, and
 * so would one with a backoff or a lifetime of next to nothing. Between two starts of one process lies
 * at least this, unless somebody asks; supervisord's tick spaces them by 1 s.
 */
const MIN_START_INTERVAL_MS = 100;

const chart: Chart = {
  STOPPED: {
    start: ({ retries }) => launch(retries),
    found: ({ retries }, { after }, context) => terminate(retries, context, after),
    timeout: ({ retries, again }) => (again ? launch(retries) : undefined),
    stop: ({ retries, again }) => (again ? { next: { name: "STOPPED", retries } } : undefined),
    close: ({ retries, again }) => (again ? { next: { name: "STOPPED", retries } } : undefined),
  },
  STARTING: {
    spawned: (state, _, context) =>
      context.policy.startsecs > 0
        ? { next: { ...state, spawned: true }, wakeMs: context.policy.startsecs * 1_000 }
        : run(state.retries, context),
    spawnFailed: ({ retries }, { scarce = false }, context) =>
      scarce ? waitForRoom(retries, context) : backOff(retries + 1, context),
    timeout: ({ retries }, _, context) => run(retries, context),
    // The timer may be due and not have been heard yet: the uptime decides.
    exited: ({ retries }, event, context) => {
      const isFailure = event.uptimeMs < context.policy.startsecs * 1_000;
      return end(retries, event, context, isFailure ? "failedStart" : "exit");
    },
    stop: ({ retries, spawned }, _, context) =>
      spawned
        ? terminate(retries, context)
        : { next: { name: "STOPPED", retries }, effects: [{ type: "unspawn" }] },
    close: ({ retries, spawned }) =>
      spawned ? undefined : { next: { name: "STOPPED", retries }, effects: [{ type: "unspawn" }] },
    unhealthy: ({ retries, spawned }, _, context) =>
      spawned ? putDown({ retries, after: "failedStart" }, context) : undefined,
    signalFailed: () => ({ next: { name: "UNKNOWN" } }),
  },
  RUNNING: {
    exited: ({ retries }, event, context) => end(retries, event, context, "exit"),
    stop: (_, __, context) => terminate(0, context),
    recycle: (_, __, context) => (context.closing ? undefined : terminate(0, context, "start")),
    unhealthy: ({ retries }, { inARow }, context) =>
      context.closing ? undefined : putDown({ retries, after: "exit", unwell: inARow }, context),
    timeout: (state) => ({ next: state, effects: [{ type: "expire" }] }),
    signalFailed: () => ({ next: { name: "UNKNOWN" } }),
  },
  BACKOFF: {
    timeout: ({ retries, scarce, over }) => (scarce ? launch(retries) : tryAgain(retries, over)),
    stop: ({ retries }, _, { closing }) =>
      closing
        ? { next: { name: "FATAL", because: "shutdown" } }
        : { next: { name: "STOPPED", retries } },
    // It is tried no more, and given up when its turn to be stopped has come.
    close: (state) => ({ next: state }),
  },
  STOPPING: {
    exited: (state, event, context) =>
      event.leftovers > 0
        ? goOn({ ...state, ended: event }, context.policy)
        : settle(state, event, context, state.after),
    cleared: (state, _, context) => state.ended && settle(state, state.ended, context, state.after),
    quieted: (state, _, { policy }) =>
      state.prelude === "quiet" && state.act === PRELUDE
        ? perform({ ...state, act: 0 }, policy)
        : undefined,
    timeout: (state, _, { policy }) => perform({ ...state, act: state.act + 1 }, policy),
    commandFailed: (state, _, { policy }) =>
      isCommand(state, policy) ? insteadOfCommand(state, policy) : undefined,
    stop: (state) =>
      state.after === "rest" ? undefined : { next: { ...state, after: "rest" }, wakeMs: "keep" },
    signalFailed: ({ ended }) => (ended ? undefined : { next: { name: "UNKNOWN" } }),
  },
  EXITED: {
    timeout: ({ restarting, retries, over }) => (restarting ? tryAgain(retries, over) : undefined),
    start: () => launch(0),
    stop: ({ restarting }) => (restarting ? { next: { name: "STOPPED", retries: 0 } } : undefined),
    close: (state) => ({ next: { ...state, restarting: false } }),
  },
  FATAL: { start: () => launch(0) },
  UNKNOWN: { exited: (_, event, context) => end(0, event, context, "rest") },
};

const launch = (retries: number, again = false): Step => ({
  next: { name: "STARTING", retries, spawned: false },
  effects: [{ type: "spawn", again }],
});

/** It counts as started. Its failures are forgotten now, or once it has been up long enough. */
function run(retries: number, { policy, random }: Context): Step {
  const { max_lifetime, backoff_reset_after } = policy;
  const kept = backoff_reset_after === undefined ? 0 : retries;
  const next: State = { name: "RUNNING", retries: kept };
  return max_lifetime ? { next, wakeMs: pick(max_lifetime, random) } : { next };
}

/**
 * Whether a process is not started by itself any more. Without a failure only restart_limit counts. It
 * is judged when the process fails, and not once more when its time to wait is over.
 */
function givesUp(retries: number, { policy, restarts }: Context): { over?: Limit } {
  const { startretries, restart_limit } = policy;
  if (retries > Math.max(0, startretries)) return { over: "startretries" };
  return restart_limit && restarts >= restart_limit.count ? { over: "restart_limit" } : {};
}

/** A start that nobody asked for, unless there were too many. */
const tryAgain = (retries: number, over: Limit | undefined): Step =>
  over ? { next: { name: "FATAL", because: over } } : launch(retries, true);

/** startretries=N means N+1 attempts with 1, 2, 3, ... seconds between them, then FATAL. */
function backOff(retries: number, context: Context): Step {
  const next: State = { name: "BACKOFF", retries, ...givesUp(retries, context) };
  if (next.over) return { next, wakeMs: 0 };
  return context.closing ? { next } : { next, wakeMs: pauseMs(retries, context) };
}

/** A failure that is nobody's fault: it is tried again until there is room, and never given up. */
function waitForRoom(retries: number, context: Context): Step {
  const next: State = { name: "BACKOFF", retries, scarce: true };
  return context.closing ? { next } : { next, wakeMs: pauseMs(retries + 1, context) };
}

/** Before a failed start is tried again. */
const pauseMs = (retries: number, { policy, random }: Context): number =>
  Math.max(MIN_START_INTERVAL_MS, backoffMs(retries, policy, random));

/** The child's own end. What it has left of its tree goes first, in the manner of a stop. */
function end(retries: number, event: Exited, context: Context, after: After): Step {
  if (event.leftovers === 0) return settle({ retries }, event, context, after);
  const { policy } = context;
  const state: Stopping = { name: "STOPPING", retries, act: 0, after, ended: event };
  // There is nobody left whom a command could ask.
  return policy.stopcommand === undefined
    ? perform(state, policy)
    : insteadOfCommand(state, policy);
}

/** It is down, with all that belongs to it. */
function settle(
  { retries, unwell }: Pick<Stopping, "retries" | "unwell">,
  event: Exited,
  context: Context,
  after: After,
): Step {
  switch (after) {
    case "failedStart":
      return backOff(retries + 1, context);
    case "exit":
      return unwell === undefined ? finish(retries, event, context) : bury(unwell, event, context);
    case "start":
      if (context.closing) return { next: { name: "STOPPED", retries } };
      return { next: { name: "STOPPED", retries, again: true }, wakeMs: intervalMs(event) };
    case "rest":
      return { next: { name: "STOPPED", retries } };
  }
}

function finish(earlier: number, event: Exited, context: Context): Step {
  const { policy, closing, random } = context;
  const expected = isExpected(event.exit, policy.exitcodes);
  const wanted = policy.autorestart === "unexpected" ? !expected : policy.autorestart;
  const restarting = wanted && !closing;
  const isFailure = !expected && event.uptimeMs < (policy.backoff_reset_after ?? 0);
  const retries = isFailure ? earlier + 1 : 0;
  const ended: State = { name: "EXITED", retries, expected, restarting };
  if (!restarting) return { next: ended };
  const next = { ...ended, ...givesUp(retries, context) };
  if (next.over) return { next, wakeMs: 0 };
  const backoff = retries > 0 ? backoffMs(retries, policy, random) : 0;
  return { next, wakeMs: Math.max(intervalMs(event), policy.restart_delay, backoff) };
}

/** It had to be put down: it comes back after a wait that grows, and only restart_limit gives it up. */
function bury(unwell: number, event: Exited, context: Context): Step {
  const { policy, closing, random } = context;
  const restarting = policy.autorestart !== false && !closing;
  const ended: State = { name: "EXITED", retries: 0, expected: false, restarting };
  if (!restarting) return { next: ended };
  const next = { ...ended, ...givesUp(0, context) };
  const waitMs = Math.max(policy.restart_delay, backoffMs(unwell, policy, random));
  return { next, wakeMs: next.over ? 0 : Math.max(intervalMs(event), waitMs) };
}

/** What is left until the child that has ended may have a successor. */
const intervalMs = ({ uptimeMs }: Exited): number => Math.max(0, MIN_START_INTERVAL_MS - uptimeMs);

/** Begins a stop; a worker may finish its jobs before. */
function terminate(retries: number, { policy, quiet }: Context, after: After = "rest"): Step {
  const stop: Stopping = { name: "STOPPING", retries, act: 0, after };
  return policy.quietsignal && !quiet
    ? perform({ ...stop, act: PRELUDE, prelude: "quiet" }, policy)
    : perform(stop, policy);
}

/** As a stop, but of one that works no more. */
function putDown(stop: Omit<Stopping, "name" | "act">, { policy }: Context): Step {
  const state: Stopping = { name: "STOPPING", act: 0, ...stop };
  return policy.unhealthy_signal
    ? perform({ ...state, act: PRELUDE, prelude: "dump" }, policy)
    : perform(state, policy);
}

type Stopping = Extract<State, { name: "STOPPING" }>;

/** Does an act of a stop, that which has its turn or another one, and waits for the end. */
function perform(
  next: Stopping,
  policy: Policy,
  act = stopAct(policy, next.act, next.prelude),
): Step {
  const effect: Effect =
    "command" in act ? { type: "stopcommand" } : { type: "signal", signal: act.signal, to: act.to };
  return { next, effects: [effect], wakeMs: act.waitMs };
}

const isCommand = ({ act, prelude }: Stopping, policy: Policy): boolean =>
  "command" in stopAct(policy, act, prelude);

/** The child is gone: what it has left has had the signals so far, but a command was not for it. */
function goOn(state: Stopping, policy: Policy): Step {
  // Nor was what came before the stop.
  const next = state.act === PRELUDE ? { ...state, act: 0 } : state;
  if (isCommand(next, policy)) return insteadOfCommand(next, policy);
  return next === state ? { next, wakeMs: "keep" } : perform(next, policy);
}

/** Without its stop command a process is asked by its stop sequence, or as supervisord would. */
const insteadOfCommand = (state: Stopping, policy: Policy): Step =>
  policy.stopsequence
    ? perform({ ...state, act: state.act + 1 }, policy)
    : perform(state, policy, plainStop(policy));

/**
 * Whether a stop has something to do: the process runs, or will by itself. A process whose restart
 * is due counts too, and one that goes down to come back, or they would undo a stop that was answered.
 */
export const isStoppable = (state: State): boolean =>
  isRunning(state.name) ||
  isReturning(state) ||
  (state.name === "STOPPING" && state.after !== "rest");

/** Down, and about to start by itself. */
const isReturning = (state: State): boolean =>
  (state.name === "EXITED" && state.restarting) ||
  (state.name === "STOPPED" && state.again === true);

/** At rest: nothing happens until somebody asks. */
export const isAtRest = (state: State): boolean => isStopped(state.name) && !isReturning(state);

/** Pure: no clock, no I/O. `undefined`: the event changes nothing in this state. */
export function transition(state: State, event: Event, context: Context): Step | undefined {
  // The table's row for this very state takes this very event: that is what its type says, and
  // what TypeScript cannot follow through two look-ups.
  const row = chart[state.name] as Row<State>;
  const cell = row[event.type] as Cell<State, Event> | undefined;
  return cell?.(state, event, context);
}
