import {
  type Act,
  aside,
  ctl,
  fixtures,
  inTurn,
  kill,
  made,
  make,
  note,
  type Scenario,
  said,
  saidAnew,
  states,
} from "./scenario.ts";

const deaf = `sh ${fixtures}/deaf.sh`;

/** Some machines let nobody trace: there the first SIGKILL is enough. */
const whereHeld =
  (...acts: Act[]): Act =>
  async (peer) => {
    if (peer.read("unreapable") === "held") await inTurn(acts)(peer);
  };

/** Stops, in every state and by every means. */
export const stops: readonly Scenario[] = [
  {
    name: "start and stop in each state",
    programs: `
[program:starting]
command=sleep 1000
startsecs=1000
[program:running]
command=sleep 1000
startsecs=0
[program:backoff]
command=sh -c 'exit 1'
startsecs=10
startretries=100
[program:stopping]
command=${deaf} deaf TERM
stopwaitsecs=60
startsecs=0
[program:exited]
command=sh -c 'sleep 0.4; exit 0'
startsecs=0
[program:fatal]
command=sh -c 'exit 1'
startsecs=10
startretries=0
[program:stopped]
command=sleep 1000
startsecs=3
autostart=false
`,
    acts: [
      states({
        starting: "STARTING",
        running: "RUNNING",
        stopping: "RUNNING",
        exited: "EXITED",
        fatal: "FATAL",
        stopped: "STOPPED",
      }),
      made("deaf"),
      ctl("start backoff starting running"),
      saidAnew("exited: backoff", 3),
      ctl("stop backoff exited fatal stopped"),
      // It has not forgotten its failures: the next wait is a longer one.
      ctl("start backoff"),
      aside(
        "stop stopping",
        states({ stopping: "STOPPING" }),
        ctl("start stopping"),
        ctl("stop stopping"),
        note,
        kill("stopping", "SIGKILL"),
      ),
      ctl("stop starting running"),
      note,
      ctl("start exited fatal running stopped"),
      ctl("stop running"),
      ctl("start running"),
      saidAnew("exited: backoff", 5),
      ctl("stop backoff"),
      said("gave up: fatal", 2),
      states({ exited: "EXITED", stopped: "RUNNING", running: "RUNNING", backoff: "STOPPED" }),
      note,
    ],
    retried: ["backoff"],
  },
  {
    name: "stops that need force",
    programs: `
[program:deaf]
command=${deaf} deaf TERM
stopwaitsecs=1
startsecs=0
[program:slow]
command=sh ${fixtures}/lingers.sh slow slow-release
stopwaitsecs=60
startsecs=0
[program:no-patience]
command=${deaf} no-patience TERM
stopwaitsecs=0
startsecs=0
[program:unreapable]
command=python3 ${fixtures}/unreapable.py unreapable
stopwaitsecs=1
startsecs=0
[program:by-int]
command=${deaf} by-int TERM
stopsignal=INT
startsecs=0
[program:by-usr2]
command=sleep 1000
stopsignal=USR2
startsecs=0
[program:by-kill]
command=sleep 1000
stopsignal=KILL
startsecs=0
[program:obeys]
command=sh -c 'trap "exit 0" TERM; echo >obeys; while :; do sleep 0.1; done'
startsecs=0
[program:obeys-badly]
command=sh -c 'trap "exit 4" TERM; echo >obeys-badly; while :; do sleep 0.1; done'
startsecs=0
`,
    acts: [
      ...["deaf", "slow", "no-patience", "unreapable", "by-int", "obeys", "obeys-badly"].map(made),
      aside(
        "stop unreapable",
        aside(
          "stop slow",
          ctl("stop deaf no-patience by-int by-usr2 by-kill obeys obeys-badly"),
          said("INFO waiting for slow to stop", 2),
          make("slow-release", ""),
        ),
        said("INFO waiting for deaf to stop"),
        whereHeld(
          said("WARN killing 'unreapable'", 3),
          said("INFO waiting for unreapable to stop", 2),
        ),
        make("release", ""),
      ),
      note,
      make("deaf", ""),
      ctl("start deaf obeys"),
      made("deaf"),
      note,
    ],
  },
  {
    name: "stops of whole process groups, and what they leave",
    programs: `
[program:alone]
command=sh -c 'sleep 2001 & echo >alone; exec sleep 2002'
startsecs=0
[program:by-group]
command=sh -c 'sleep 2003 & echo >by-group; exec sleep 2004'
stopasgroup=true
startsecs=0
[program:deaf-alone]
command=sh -c 'trap "" TERM; sleep 2005 & echo >deaf-alone; exec sleep 2006'
stopwaitsecs=1
startsecs=0
[program:deaf-group]
command=sh -c 'trap "" TERM; sleep 2007 & echo >deaf-group; exec sleep 2008'
stopwaitsecs=1
killasgroup=true
startsecs=0
[program:deaf-child]
command=sh -c 'trap "" TERM; sleep 2009 & trap - TERM; echo >deaf-child; exec sleep 2010'
stopasgroup=true
startsecs=0
[program:both]
command=sh -c 'trap "" TERM; sleep 2011 & echo >both; exec sleep 2012'
stopasgroup=true
stopwaitsecs=1
startsecs=0
[program:kill-group]
command=sh -c 'sleep 2017 & echo >kill-group; exec sleep 2018'
stopsignal=KILL
killasgroup=true
startsecs=0
[program:away]
command=sh -c 'setsid sleep 2013 & sleep 0.2; echo >away; exec sleep 2014'
stopasgroup=true
startsecs=0
[program:dies]
command=sh -c 'sleep 2015 & echo >dies; exec sleep 2016'
stopasgroup=true
autorestart=false
startsecs=0
`,
    acts: [
      ...["alone", "by-group", "deaf-alone", "deaf-group"].map(made),
      ...["deaf-child", "both", "away", "dies"].map(made),
      made("kill-group"),
      kill("dies", "SIGKILL"),
      states({ dies: "EXITED" }),
      ctl("stop alone by-group deaf-alone deaf-group deaf-child both kill-group away dies"),
      note,
    ],
  },
];
