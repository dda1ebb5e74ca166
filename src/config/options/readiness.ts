import { someTime } from "../kinds/policies.ts";
import { readiness } from "../kinds/readiness.ts";
import { option } from "../table.ts";

/** When a process can work, beside that it runs. */
export const readinessOptions = {
  ready: option({
    kind: readiness,
    default: "startsecs",
    names: "process",
    origin: "drover",
    doc:
      "By what a process is known to be ready: startsecs: that it runs; notify: that it says READY=1 on " +
      "NOTIFY_SOCKET, as sd_notify(3) does; fd:3: that it writes a newline to this descriptor, as under s6; " +
      "tcp:PORT or tcp:HOST:PORT: that it accepts connections; http://...: that it answers with 2xx; " +
      "exec:command: that this exits with 0; log:/pattern/: a line of its output (RE2). status, " +
      "wait --for ready and rollout go by it.",
  }),
  ready_timeout: option({
    kind: someTime,
    default: "60s",
    change: "live",
    origin: "drover",
    doc: "How long it may take from the start of its child; then it is started anew, as if it had crashed.",
  }),
};
