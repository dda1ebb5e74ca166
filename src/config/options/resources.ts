import { integerFrom } from "../kinds/numbers.ts";
import { rlimit } from "../kinds/policies.ts";
import { boolean, choice } from "../kinds/words.ts";
import { option } from "../table.ts";

/** What a program may be limited in, by prlimit's names. */
export const rlimits = {
  as: "Most address space, in bytes.",
  core: "Largest core file, in bytes; 0 writes none.",
  cpu: "Most CPU time, in seconds.",
  data: "Largest data segment, in bytes.",
  fsize: "Largest file that it may write, in bytes.",
  memlock: "Most memory that it may lock, in bytes.",
  msgqueue: "Most bytes in POSIX message queues.",
  nofile: "Most open files.",
  nproc: "Most processes of its user.",
  rtprio: "Highest real-time priority.",
  sigpending: "Most signals that may wait for it.",
  stack: "Largest stack, in bytes.",
} as const;

type Rlimit = keyof typeof rlimits;

const limitOption = (doc: string) =>
  option({
    kind: rlimit,
    default: undefined,
    origin: "drover",
    doc: `${doc} soft:hard, or one for both; needs prlimit.`,
  });

type LimitRows = { [R in Rlimit as `rlimit_${R}`]: ReturnType<typeof limitOption> };

const limitRows = Object.fromEntries(
  Object.entries(rlimits).map(([resource, doc]) => [`rlimit_${resource}`, limitOption(doc)]),
) as LimitRows;

/** What a process may use and do. Each is set by a standard tool, and costs nothing when it is not. */
export const resourceOptions = {
  ...limitRows,
  nice: option({
    kind: integerFrom(-20, 19),
    default: undefined,
    origin: "drover",
    example: "10",
    doc: "Added to the daemon's niceness: higher gives way to others.",
  }),
  oom_score_adj: option({
    kind: integerFrom(-1_000, 1_000),
    default: undefined,
    origin: "drover",
    example: "500",
    doc: "Whom the kernel ends first when memory runs out: higher goes first; needs choom.",
  }),
  no_new_privileges: option({
    kind: boolean,
    default: "false",
    origin: "drover",
    doc: "No program that it runs gains rights by set-user-ID or file capabilities; needs setpriv.",
  }),
  stdin: option({
    kind: choice("pipe", "null"),
    default: "pipe",
    origin: "drover",
    doc: "What the child reads from: a pipe that stays open, as in supervisord, or /dev/null.",
  }),
};
