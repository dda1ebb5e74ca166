import type { Event, Policy, State } from "./chart.ts";
import { describeExit, isExpected } from "./exit.ts";

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
export function narrate({ name, pid, from, event, to, policy }: Happening): Line[] {
  const lines: Line[] = [];
  const say = (level: Line["level"], text: string) => lines.push({ level, text });
  switch (event.type) {
    case "spawned":
      say("info", `spawned: '${name}' with pid ${pid}`);
      break;
    case "spawnFailed":
      say("info", `spawnerr: ${event.error}`);
      break;
    case "signalFailed":
      say("critical", `unknown problem killing ${name} (${pid}):${event.error}`);
      break;
    case "found": {
      const left = "left by a daemon that was killed";
      say("warn", `stopping '${name}' (pid ${pid}) with ${policy.stopsignal}, ${left}`);
      break;
    }
    case "stop":
      if (from.name === "BACKOFF") {
        say("debug", `Attempted to kill ${name}, which is in BACKOFF state.`);
      } else if (to.name === "STOPPING") {
        const target = policy.stopasgroup ? "process group " : "";
        say("debug", `killing ${name} (pid ${pid}) ${target}with signal ${policy.stopsignal}`);
      }
      break;
    case "timeout":
      if (from.name === "STOPPING") say("warn", `killing '${name}' (${pid}) with SIGKILL`);
      if (to.name === "FATAL")
        say("info", `gave up: ${name} entered FATAL state, too many start retries too quickly`);
      break;
    case "exited": {
      const how = describeExit(event.exit);
      const expected = isExpected(event.exit, policy.exitcodes);
      const level = expected ? "info" : "warn";
      if (to.name === "BACKOFF" || to.name === "FATAL")
        say("warn", `exited: ${name} (${how}; not expected)`);
      else if (to.name === "EXITED")
        say(level, `exited: ${name} (${how}; ${expected ? "" : "not "}expected)`);
      else say(level, `stopped: ${name} (${how})`);
      break;
    }
  }
  if (to.name === "RUNNING" && from.name !== "RUNNING") {
    const stayed = `process has stayed up for > than ${policy.startsecs} seconds (startsecs)`;
    say("info", `success: ${name} entered RUNNING state, ${stayed}`);
  }
  return lines;
}
