import { limited } from "../kinds/kind.ts";
import { duration, integerFrom } from "../kinds/numbers.ts";
import { someTime } from "../kinds/policies.ts";
import { probe } from "../kinds/readiness.ts";
import { choice, signal } from "../kinds/words.ts";
import { option } from "../table.ts";

/** Timers of Node count no further. */
const LONGEST_MS = 24 * 86_400_000;
const someDays = limited(
  someTime,
  "a duration such as 10s, 5m or 2h, from 1ms to 24d",
  (milliseconds) => milliseconds <= LONGEST_MS,
);

/** How a process that runs is known to work no more, and what is done then. */
export const healthOptions = {
  healthcheck: option({
    kind: probe,
    default: undefined,
    names: "process",
    origin: "drover",
    example: "http://127.0.0.1:8080/health",
    doc:
      "What is asked of a process that is ready, again and again: http://...: that it answers with 2xx; " +
      "tcp:PORT or tcp:HOST:PORT: that it accepts connections; exec:command: that this exits with 0, run " +
      "as its user, in its folder and with its environment and MAINPID.",
  }),
  healthcheck_interval: option({
    kind: someDays,
    default: "10s",
    change: "live",
    origin: "drover",
    doc: "From one check to the next.",
  }),
  healthcheck_timeout: option({
    kind: someDays,
    default: "5s",
    change: "live",
    origin: "drover",
    doc: "A check that takes longer has failed.",
  }),
  healthcheck_failures: option({
    kind: integerFrom(1, 1_000),
    default: "3",
    change: "live",
    origin: "drover",
    doc: "Checks in a row that must fail before a process is unhealthy.",
  }),
  healthcheck_successes: option({
    kind: integerFrom(1, 1_000),
    default: "1",
    change: "live",
    origin: "drover",
    doc: "Checks in a row by which it is healthy, and healthy again.",
  }),
  healthcheck_start: option({
    kind: duration,
    default: "0",
    change: "live",
    origin: "drover",
    doc: "After it was started failed checks do not count for so long, or until one succeeds.",
  }),
  heartbeat_timeout: option({
    kind: someDays,
    default: undefined,
    origin: "drover",
    example: "30s",
    doc:
      "A process that is ready must give a sign of life at least so often: WATCHDOG=1 on NOTIFY_SOCKET, as " +
      "sd_notify(3) does, or touch the file DROVER_HEARTBEAT. It finds the time in WATCHDOG_USEC, too.",
  }),
  output_timeout: option({
    kind: someDays,
    default: undefined,
    origin: "drover",
    example: "10m",
    doc: "A process that is ready must write something to its stdout or stderr at least so often.",
  }),
  unhealthy_action: option({
    kind: choice("restart", "none"),
    default: "restart",
    change: "live",
    origin: "drover",
    doc:
      "What is done with a process that fails its healthcheck, heartbeat_timeout or output_timeout: it is " +
      "stopped, killed if need be, and started again after backoff (autorestart=false leaves it down); or " +
      "nothing but telling.",
  }),
  unhealthy_signal: option({
    kind: signal,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "QUIT",
    doc: "Sent before an unhealthy process is stopped, to have it tell where it hangs.",
  }),
  unhealthy_wait: option({
    kind: someDays,
    default: "5s",
    change: "live",
    origin: "drover",
    doc: "How long it has for that.",
  }),
};
