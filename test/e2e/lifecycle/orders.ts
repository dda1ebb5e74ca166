import {
  ctl,
  fixtures,
  gone,
  made,
  make,
  note,
  type Scenario,
  said,
  saidAnew,
  signal,
  states,
} from "./scenario.ts";

const sleeper = (name: string, priority: number, more = ""): string => `
[program:${name}]
command=sleep 1000
priority=${priority}
startsecs=0
${more}`;

/** Many at once: who comes first. */
export const orders: readonly Scenario[] = [
  {
    name: "the order of starts and stops",
    programs: `
[group:back]
programs=d,lingers
priority=20
[group:front]
programs=a,b,c
priority=10
${sleeper("a", 3)}
${sleeper("b", 2)}
${sleeper("c", 3)}
${sleeper("d", 1)}
[program:lingers]
command=sleep 1000
priority=2
startsecs=0
${sleeper("first", 1)}
${sleeper("zz", 20)}
${sleeper("by-hand", 30, "autostart=false")}
[program:worker]
command=sleep 1000
process_name=w%(process_num)d
numprocs=11
priority=40
startsecs=0
`,
    acts: [
      states({ a: "RUNNING", w10: "RUNNING", first: "RUNNING" }),
      ctl("stop front:*"),
      ctl("start front:*"),
      ctl("stop front:b front:a"),
      ctl("start front:a front:b"),
      ctl("restart worker:*"),
      ctl("stop all"),
      note,
      ctl("start all"),
      note,
      ctl("shutdown\ny"),
      gone,
    ],
    ordered: true,
  },
  {
    name: "a shutdown, group by group, with who is waited for",
    programs: `
[group:back]
programs=d,lingers
priority=20
[group:front]
programs=a,b
priority=10
${sleeper("a", 3)}
${sleeper("b", 2)}
${sleeper("d", 1)}
[program:lingers]
command=sh ${fixtures}/lingers.sh lingers release
priority=2
startsecs=0
stopwaitsecs=60
${sleeper("first", 1)}
${sleeper("by-hand", 30, "autostart=false")}
[program:worker]
command=sleep 1000
process_name=w%(process_num)d
numprocs=3
priority=40
startsecs=0
[program:fails]
command=sh -c 'exit 1'
startsecs=10
startretries=100
priority=0
[program:starting]
command=sleep 1000
startsecs=1000
priority=2
[program:late-exit]
command=sh -c 'while [ ! -e die ]; do sleep 0.1; done; exit 1'
startsecs=0
autorestart=true
priority=0
[program:late-failure]
command=sh -c 'while [ ! -e die ]; do sleep 0.1; done; exit 1'
startsecs=1000
priority=0
[program:late-end]
command=sh -c 'while [ ! -e die ]; do sleep 0.1; done; exit 1'
startsecs=1000
startretries=0
priority=0
[program:ends]
command=sh -c 'sleep 0.4; exit 0'
startsecs=0
priority=1
`,
    acts: [
      made("lingers"),
      states({ first: "RUNNING", starting: "STARTING", ends: "EXITED" }),
      // Its next start would be 3 s later.
      saidAnew("exited: fails", 3),
      signal("SIGTERM"),
      // What fails or ends by itself before its turn has come is not started again.
      said("INFO waiting for fails, late-end, late-exit, late-failure, first, starting, "),
      make("die", ""),
      said("gave up: late-end"),
      said("exited: late-exit"),
      said("exited: late-failure"),
      said("INFO waiting for fails, late-failure, first, starting, a, b, lingers to die"),
      make("release", ""),
      gone,
    ],
    retried: ["fails"],
  },
];
