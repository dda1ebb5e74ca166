import {
  configure,
  ctl,
  fixtures,
  gone,
  made,
  make,
  move,
  note,
  type Scenario,
  said,
  signal,
  states,
} from "./scenario.ts";

const lingers = `
[program:lingers]
command=sh ${fixtures}/lingers.sh lingers release
startsecs=0
stopwaitsecs=60
[program:other]
command=sleep 1000
startsecs=0
`;

const before = `
[program:stays]
command=sleep 1000
startsecs=0
[program:by-hand]
command=sleep 1000
startsecs=0
autostart=false
[program:changes]
command=sleep 1001
startsecs=0
[program:goes]
command=sleep 1000
startsecs=0
[program:fatal]
command=sh -c 'exit 1'
startsecs=10
startretries=0
`;

const after = before.replace("1001", "1002").replace("[program:goes]", "[program:comes]");

/** Signals to the daemon. */
export const signals: readonly Scenario[] = [
  {
    name: "SIGHUP starts all anew with another configuration",
    programs: before,
    acts: [
      states({ stays: "RUNNING", fatal: "FATAL" }),
      ctl("stop stays"),
      ctl("start by-hand"),
      configure(after),
      signal("SIGHUP"),
      said("supervisord started", 2),
      states({ stays: "RUNNING", comes: "RUNNING", changes: "RUNNING", fatal: "FATAL" }),
      note,
      ctl("reload\ny"),
      said("supervisord started", 3),
      states({ stays: "RUNNING", comes: "RUNNING", changes: "RUNNING", fatal: "FATAL" }),
      note,
    ],
  },
  {
    name: "a shutdown hears of no restart, and of another shutdown",
    programs: lingers,
    acts: [
      made("lingers"),
      signal("SIGTERM"),
      said("waiting for lingers"),
      signal("SIGHUP"),
      said("ignored SIGHUP"),
      signal("SIGTERM"),
      said("received SIGTERM", 2),
      signal("SIGINT"),
      said("received SIGINT"),
      make("release", ""),
      gone,
    ],
  },
  {
    name: "a restart becomes a shutdown",
    programs: lingers,
    acts: [
      made("lingers"),
      signal("SIGHUP"),
      said("waiting for lingers"),
      signal("SIGHUP"),
      said("received SIGHUP", 2),
      signal("SIGQUIT"),
      said("received SIGQUIT"),
      make("release", ""),
      gone,
    ],
  },
  {
    name: "SIGUSR2 opens the logs again",
    programs: `
[program:talker]
command=sh -c 'echo before; while [ ! -e go ]; do sleep 0.1; done; echo after; exec sleep 1000'
stdout_logfile=%(here)s/talker.log
startsecs=0
[program:silent]
command=sh -c 'echo nowhere; echo but here >&2; exec sleep 1000'
stdout_logfile=NONE
startsecs=0
[program:odd]
command=printf '\\351\\t\\001"\\n'
redirect_stderr=true
startsecs=0
autorestart=false
`,
    acts: [
      made("talker.log"),
      states({ odd: "EXITED", silent: "RUNNING" }),
      said("but here"),
      move("droverd.log", "droverd.log.old"),
      move("talker.log", "talker.old"),
      signal("SIGUSR2"),
      said("supervisord logreopen"),
      make("go", ""),
      made("talker.log"),
      ctl("stop talker"),
      note,
    ],
    files: ["talker.log", "talker.old"],
  },
];
