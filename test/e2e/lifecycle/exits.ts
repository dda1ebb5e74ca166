import { fixtures, kill, note, type Scenario, said, states } from "./scenario.ts";

const atFirst = `sh ${fixtures}/at-first.sh`;

/**
 * All that end a process by default, but SIGPIPE and SIGXFSZ, which supervisord's children ignore
 * (pitfalls.md section 2), and some of those without a name.
 */
const deadly = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 24, 26, 27, 29, 30, 31];
const signals = [...deadly, 34, 35, 50, 63, 64];

export const exits: readonly Scenario[] = [
  {
    name: "exits after startsecs, by what is to follow",
    programs: `
[program:zero-good]
command=sh -c 'sleep 0.4; exit 0'
startsecs=0
autorestart=false
[program:zero-bad]
command=sh -c 'sleep 0.4; exit 3'
startsecs=0
autorestart=false
[program:one-good]
command=sh -c 'sleep 2.5; exit 0'
autorestart=false
[program:one-bad]
command=sh -c 'sleep 2.5; exit 3'
autorestart=false
[program:listed]
command=sh -c 'sleep 0.4; exit 2'
exitcodes=0,2
startsecs=0
[program:unlisted]
command=${atFirst} 2 'sleep 0.4; exit 4'
exitcodes=0,2
startsecs=0
[program:unlisted-zero]
command=${atFirst} 1 'sleep 0.4; exit 0'
exitcodes=1
startsecs=0
[program:always]
command=${atFirst} 2 'sleep 0.4; exit 0'
autorestart=true
startsecs=0
[program:never]
command=sh -c 'sleep 0.4; kill -KILL $$'
autorestart=false
startsecs=0
[program:after-signal]
command=${atFirst} 1 'sleep 0.4; kill -KILL $$'
startsecs=0
[program:from-outside]
command=sleep 1000
startsecs=0
[program:status-127]
command=sh -c 'sleep 0.4; exit 127'
autorestart=false
startsecs=0
`,
    acts: [
      states({ "from-outside": "RUNNING" }),
      kill("from-outside", "SIGTERM"),
      said("spawned: 'from-outside'", 2),
      states({
        "zero-good": "EXITED",
        "zero-bad": "EXITED",
        "one-good": "EXITED",
        "one-bad": "EXITED",
        listed: "EXITED",
        never: "EXITED",
        "status-127": "EXITED",
      }),
      said("spawned: 'unlisted'", 3),
      said("spawned: 'unlisted-zero'", 2),
      said("spawned: 'always'", 3),
      said("spawned: 'after-signal'", 2),
      states({
        unlisted: "RUNNING",
        "unlisted-zero": "RUNNING",
        always: "RUNNING",
        "after-signal": "RUNNING",
        "from-outside": "RUNNING",
      }),
      said("DEBG received SIGCHLD indicating a child quit"),
      note,
    ],
  },
  {
    name: "deaths by every signal, and with a core dump",
    programs: `${signals
      .map(
        (number) => `
[program:signal-${number}]
command=sh -c 'sleep 1; kill -${number} $$; sleep 0.1'
startsecs=0
autorestart=false`,
      )
      .join("")}
[program:core]
command=sh -c 'ulimit -c unlimited; sleep 1; kill -ABRT $$'
directory=%(here)s
startsecs=0
autorestart=false
`,
    acts: [
      states({
        ...Object.fromEntries(signals.map((number) => [`signal-${number}`, "EXITED"])),
        core: "EXITED",
      }),
      note,
    ],
    end: "SIGINT",
  },
];
