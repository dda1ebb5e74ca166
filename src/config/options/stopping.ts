import { seconds } from "../kinds/numbers.ts";
import { stopSequence } from "../kinds/policies.ts";
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
