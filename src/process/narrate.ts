import type { Event, Exited, State } from "./chart.ts";
import { describeExit, isExpected } from "./exit.ts";
import { formatMs, type Policy, type StopAct, stopAct, tooManyRestarts } from "./policy.ts";

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

const debug = (text: string): Line => ({ level: "debug", text });
const info = (text: string): Line => ({ level: "info", text });
const warn = (text: string): Line => ({ level: "warn", text });

function tellEvent(happening: Happening): Line[] {
  const { name, pid, from, event, policy } = happening;
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
      const how = `with ${wordOf(stopAct(policy, 0))}, left by a daemon that was killed`;
      return [warn(`stopping '${name}' (pid ${pid}) ${how}`)];
    }
    case "stop":
    case "recycle":
      return tellStop(happening);
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
  return [tellAct(name, pid, stopAct(policy, 0))];
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
  const [last, act] = [stopAct(policy, from.act), stopAct(policy, to.act)];
  const next = wordOf(act);
  if (next === "SIGKILL") {
    return [warn(`killing '${name}' (${pid}) with SIGKILL`), tellAct(name, pid, act)];
  }
  const time = formatMs(last.waitMs);
  return [warn(`'${name}' (${pid}) has not ended ${time} after ${wordOf(last)}, sending ${next}`)];
}

const wordOf = (act: StopAct): string => ("command" in act ? "its stopcommand" : act.signal);

function tellExit({ name, pid, to, policy }: Happening, { exit, leftovers }: Exited): Line[] {
  const how = describeExit(exit);
  if (to.name === "STOPPING") {
    const left = `${leftovers} ${leftovers === 1 ? "process" : "processes"} of its tree`;
    return [warn(`'${name}' (${pid}) has ended (${how}), waiting for ${left}`)];
  }
  const expected = isExpected(exit, policy.exitcodes);
  if (to.name === "BACKOFF" || to.name === "FATAL") {
    return [warn(`exited: ${name} (${how}; not expected)`)];
  }
  const text =
    to.name === "EXITED"
      ? `exited: ${name} (${how}; ${expected ? "" : "not "}expected)`
      : `stopped: ${name} (${how})`;
  return [expected ? info(text) : warn(text)];
}
