import { limited } from "../kinds/kind.ts";
import { bytes, duration, exitcodes, integerFrom, seconds } from "../kinds/numbers.ts";
import {
  integerOrUnlimited,
  jitteredDuration,
  percent,
  rate,
  someTime,
} from "../kinds/policies.ts";
import { autorestart, choice } from "../kinds/words.ts";
import { option } from "../table.ts";

const someBytes = limited(bytes, "a size such as 256MB, more than 0", (size) => size > 0);

/** When a process counts as started, and when it is started again. */
export const restartingOptions = {
  startsecs: option({
    kind: seconds,
    default: "1",
    change: "live",
    doc: "Seconds a child must stay up to count as started; 0: at once.",
  }),
  startretries: option({
    kind: integerOrUnlimited,
    default: "3",
    change: "live",
    doc:
      "Failed starts in a row that are tried again before giving up, after 1, 2, 3, ... seconds, or " +
      "as backoff says; unlimited never gives up (drover's own).",
  }),
  autorestart: option({
    kind: autorestart,
    default: "unexpected",
    change: "live",
    doc: "Start again after an exit: always, never, or when the exit code is not in exitcodes.",
  }),
  exitcodes: option({
    kind: exitcodes,
    default: "0",
    change: "live",
    doc: "Exit codes that are expected.",
  }),
  backoff: option({
    kind: choice("linear", "exponential", "fixed"),
    default: "linear",
    change: "live",
    origin: "drover",
    doc: "How the waits between failed starts grow from backoff_min: by as much again, twofold, or not.",
  }),
  backoff_min: option({
    kind: someTime,
    default: "1s",
    change: "live",
    origin: "drover",
    doc: "Wait after the first failed start.",
  }),
  backoff_max: option({
    kind: someTime,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "30s",
    doc: "Longest wait between failed starts; not set: none, and a minute for backoff=exponential.",
  }),
  backoff_jitter: option({
    kind: percent,
    default: "0%",
    percents: true,
    change: "live",
    origin: "drover",
    example: "25%",
    doc: "Part by which a wait may be shorter, at random, so that a fleet does not start in step.",
  }),
  backoff_reset_after: option({
    kind: someTime,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "1m",
    doc:
      "Uptime after which earlier failures are forgotten. An unexpected exit before that counts as " +
      "one more failed start, and its restart waits accordingly; not set: startsecs is enough, as in " +
      "supervisord.",
  }),
  restart_delay: option({
    kind: duration,
    default: "0",
    change: "live",
    origin: "drover",
    doc: "Least wait before a process that has run and ended by itself is started again.",
  }),
  restart_limit: option({
    kind: rate,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "5/10m",
    doc: "Most restarts of one process in a time, whatever it ended of; with more it becomes FATAL.",
  }),
  max_lifetime: option({
    kind: jitteredDuration,
    default: undefined,
    percents: true,
    change: "live",
    origin: "drover",
    example: "1h±10%",
    doc: "Replace a process by a fresh one after so long, with a stop and a start.",
  }),
  memory_limit: option({
    kind: someBytes,
    default: undefined,
    change: "live",
    origin: "drover",
    example: "256MB",
    doc: "Replace a process, with a stop and a start, once it and its children hold more memory.",
  }),
  memory_measure: option({
    kind: choice("rss", "pss"),
    default: "rss",
    change: "live",
    origin: "drover",
    doc: "What counts for memory_limit: resident memory, or that with a part only of what is shared.",
  }),
  recycle_at_once: option({
    kind: integerFrom(1, 32_768),
    default: "1",
    change: "live",
    origin: "drover",
    doc: "Copies of a group that max_lifetime and memory_limit may replace at the same time.",
  }),
};
