import { seconds } from "../kinds/numbers.ts";
import { someTime, stopSequence } from "../kinds/policies.ts";
import { quietReadiness } from "../kinds/readiness.ts";
import { boolean, command, signal } from "../kinds/words.ts";
import { option } from "../table.ts";

/** How a process is asked to end, and made to. */
export const stoppingOptions = {
  stopsignal: option({
    kind: signal,
    default: "TERM",
    change: "live",
    doc: "Signal that asks a child to end.",
  }),
  stopwaitsecs: option({
    kind: seconds,
    default: "10",
    change: "live",
    doc: "Seconds from the stop signal to SIGKILL.",
  }),
  stopasgroup: option({
    kind: boolean,
    default: "false",
    change: "live",
    doc: "Send the stop signal to the child's whole process group.",
  }),
  killasgroup: option({
    kind: boolean,
    default: undefined,
    change: "live",
    example: "true",
    doc: "Send SIGKILL to the child's whole process group; stopasgroup when not set.",
  }),
  stopsequence: option({
    kind: stopSequence,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "TERM:60 INT:10 KILL",
    doc:
      "In place of stopsignal and stopwaitsecs: several signals, each with the time to wait for the " +
      "end before the next. SIGKILL comes last in any case.",
  }),
  stoptree: option({
    kind: boolean,
    default: "false",
    origin: "drover",
    doc:
      "Signals go to everything that the child has started, also in other process groups and " +
      "sessions, and it is down only when nothing of that is left.",
  }),
  quietsignal: option({
    kind: signal,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "USR2",
    doc:
      "Signal by which a worker takes no more jobs. It comes before a stop and everything that needs one " +
      "(restart, rollout, update, scale, shutdown), and from droverctl quiet.",
  }),
  quiet_ready: option({
    kind: quietReadiness,
    default: undefined,
    origin: "drover",
    example: "status:idle",
    doc:
      "By what it is known to have no job left, so that the stop may go on: status:TEXT: that it says " +
      "STATUS=TEXT on NOTIFY_SOCKET from then on; log:/pattern/: a line of its output (RE2); or so long after " +
      "quietsignal. Not set: quiet_timeout. That it ends is always enough.",
  }),
  quiet_timeout: option({
    kind: someTime,
    default: "60s",
    change: "live",
    origin: "drover",
    doc: "How long a stop waits for quiet_ready before it goes on all the same.",
  }),
  reloadsignal: option({
    kind: signal,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "HUP",
    doc: "Signal by which the program reads its own configuration again: droverctl reload NAME.",
  }),
};

/** The stop command may be another one for each copy. */
export const stopCommandOption = {
  stopcommand: option({
    kind: command,
    default: undefined,
    names: "process",
    change: "live",
    origin: "drover",
    example: "/usr/bin/rabbitmqctl shutdown",
    doc:
      "Run in place of the stop signal, as the program's user and with its environment and MAINPID; " +
      "stopsequence or SIGKILL comes stopwaitsecs later. When it fails stopsequence, or the stop " +
      "signal, comes at once.",
  }),
};
