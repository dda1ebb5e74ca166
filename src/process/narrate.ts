import { describeExit, isExpected } from "./exit.ts";
import {
  formatMs,
  type Policy,
  PRELUDE,
  type StopAct,
  stopAct,
  tooManyRestarts,
} from "./policy.ts";
import type { Event, Exited, State } from "./step.ts";

/** A line for the daemon's log. The names of the levels are the log's. */
export interface Line {
  level: "debug" | "info" | "warn" | "critical";
  text: string;
}

export interface Happening {
  /** The bare process name: supervisord never logs the group. */
  name: string;
  /** The child's pid, or 0. */
  pid: number;
  from: State;
  event: Event;
  to: State;
  policy: Policy;
}

/** What supervisord writes about a step, in its words and at its level; log watchers match on them. */
export function narrate(happening: Happening): Line[] {
  const { name, from, to, policy } = happening;
  const lines = tellEvent(happening);
  if (to.name === "RUNNING" && from.name !== "RUNNING") {
    const stayed = `process has stayed up for > than ${policy.startsecs} seconds (startsecs)`;
    lines.push(info(`success: ${name} entered RUNNING state, ${stayed}`));
  }
  return lines;
}

/** What is done now to one that is being stopped. */
const actOf = (policy: Policy, to: State): StopAct =>
  to.name === "STOPPING" ? stopAct(policy, to.act, to.prelude) : stopAct(policy, 0);

const debug = (text: string): Line => ({ level: "debug", text });
const info = (text: string): Line => ({ level: "info", text });
const warn = (text: string): Line => ({ level: "warn", text });

function tellEvent(happening: Happening): Line[] {
  const { name, pid, from, event, to, policy } = happening;
  switch (event.type) {
    case "spawned":
      return [info(`spawned: '${name}' with pid ${pid}`)];
    case "spawnFailed":
      return [info(`spawnerr: ${event.error}`)];
    case "signalFailed": {
      const text = `unknown problem killing ${name} (${pid}):${event.error}`;
      return [{ level: "critical", text }];
    }
    case "commandFailed":
      return [warn(`stopcommand of ${name} (pid ${pid}) failed: ${event.error}`)];
    case "found": {
      const how = `with ${wordOf(actOf(policy, to))}, left by a daemon that was killed`;
      return [warn(`stopping '${name}' (pid ${pid}) ${how}`)];
    }
    case "stop":
    case "recycle":
    case "unhealthy":
      return tellStop(happening);
    case "quieted":
      return tellQuiet(happening);
    case "timeout":
      return tellTimeout(happening);
    case "exited":
      return tellExit(happening, event);
    case "cleared":
      return from.name === "STOPPING" && from.ended ? tellExit(happening, from.ended) : [];
    default:
      return [];
  }
}

function tellStop({ name, pid, from, to, policy }: Happening): Line[] {
  if (from.name === "BACKOFF") {
    if (to.name === "FATAL") return [];
    return [debug(`Attempted to kill ${name}, which is in BACKOFF state.`)];
  }
  if (to.name !== "STOPPING" || from.name === "STOPPING") return [];
  return [tellAct(name, pid, actOf(policy, to))];
}

function tellAct(name: string, pid: number, act: StopAct): Line {
  if ("command" in act) return debug(`stopping ${name} (pid ${pid}) with ${wordOf(act)}`);
  const target = act.to === "process" ? "" : `process ${act.to} `;
  return debug(`killing ${name} (pid ${pid}) ${target}with signal ${act.signal}`);
}

function tellTimeout({ name, pid, from, to, policy }: Happening): Line[] {
  if (to.name === "FATAL") {
    const why =
      to.because === "restart_limit" && policy.restart_limit
        ? tooManyRestarts(policy.restart_limit)
        : "too many start retries too quickly";
    return [info(`gave up: ${name} entered FATAL state, ${why}`)];
  }
  if (from.name !== "STOPPING" || to.name !== "STOPPING") return [];
  const last = stopAct(policy, from.act, from.prelude);
  const act = stopAct(policy, to.act, to.prelude);
  const next = wordOf(act);
  const isQuiet = from.act === PRELUDE && from.prelude === "quiet";
  const isAsAsked = isQuiet ? policy.quiet_ready?.by === "time" : from.act === PRELUDE;
  if (isAsAsked) return [tellAct(name, pid, act)];
  if (next === "SIGKILL") {
    return [warn(`killing '${name}' (${pid}) with SIGKILL`), tellAct(name, pid, act)];
  }
  const time = formatMs(last.waitMs);
  const what = isQuiet ? "is not quiet" : "has not ended";
  return [warn(`'${name}' (${pid}) ${what} ${time} after ${wordOf(last)}, sending ${next}`)];
}

function tellQuiet({ name, pid, to, policy }: Happening): Line[] {
  if (to.name !== "STOPPING") return [];
  return [tellAct(name, pid, actOf(policy, to))];
}

const wordOf = (act: StopAct): string => ("command" in act ? "its stopcommand" : act.signal);

function tellExit({ name, pid, from, to, policy }: Happening, { exit, leftovers }: Exited): Line[] {
  const how = describeExit(exit);
  if (to.name === "STOPPING") {
    const left = `${leftovers} ${leftovers === 1 ? "process" : "processes"} of its tree`;
    return [warn(`'${name}' (${pid}) has ended (${how}), waiting for ${left}`)];
  }
  const wasUnwell = from.name === "STOPPING" && from.unwell !== undefined && to.name === "EXITED";
  const expected = !wasUnwell && isExpected(exit, policy.exitcodes);
  if (to.name === "BACKOFF" || to.name === "FATAL") {
    return [warn(`exited: ${name} (${how}; not expected)`)];
  }
  const text =
    to.name === "EXITED"
      ? `exited: ${name} (${how}; ${expected ? "" : "not "}expected)`
      : `stopped: ${name} (${how})`;
  return [expected ? info(text) : warn(text)];
}
