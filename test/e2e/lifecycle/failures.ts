import { ctl, fixtures, note, type Scenario, said, saidAnew, states } from "./scenario.ts";

const atFirst = `sh ${fixtures}/at-first.sh`;

/** Starts that fail. */
export const failures: readonly Scenario[] = [
  {
    name: "exits before startsecs, until there are no retries left",
    programs: `
[program:none]
command=sh -c 'exit 3'
startsecs=10
startretries=0
[program:once]
command=sh -c 'exit 0'
startsecs=10
startretries=1
[program:thrice]
command=sh -c 'kill -KILL $$'
startsecs=10
autorestart=false
[program:nearly]
command=sh -c 'sleep 0.4; exit 0'
startsecs=10
exitcodes=0
startretries=1
autorestart=true
[program:slower]
command=sh -c 'sleep 1.4; exit 0'
startsecs=10
startretries=0
[program:recovers]
command=${atFirst} 2 'exit 1'
startsecs=2
[program:forgets]
command=sh -c 'echo >>starts; case $(grep -c "" starts) in 3) sleep 3.5; exit 2;; 6) exec sleep 1000;; esac; exit 1'
startsecs=2
startretries=2
`,
    acts: [
      states({ none: "FATAL" }),
      ctl("start none"),
      states({ once: "FATAL", slower: "FATAL", nearly: "FATAL", recovers: "RUNNING" }),
      ctl("status none once slower nearly recovers"),
      states({ thrice: "FATAL" }),
      // To have run is to begin anew.
      said("spawned: 'forgets'", 6),
      states({ forgets: "RUNNING" }),
      // A failure is tried again as often as at first.
      ctl("start once"),
      said("gave up: once", 2),
      note,
    ],
    end: "SIGQUIT",
  },
  {
    name: "commands that cannot be found or run",
    programs: `
[program:missing]
command=/nonexistent/program
startretries=1
[program:nowhere]
command=no-such-program-anywhere
startretries=0
[program:folder]
command=%(here)s
startretries=0
[program:plain]
command=%(here)s/main.conf
startretries=0
[program:quote]
command=sh -c 'open
startretries=0
[program:path]
command=sleep 1000
environment=PATH="/nonexistent"
startretries=0
[program:logfolder]
command=sleep 1001
stdout_logfile=%(here)s
startretries=0
[program:stopped-meanwhile]
command=/nonexistent/other
startretries=100
[program:idle]
command=/nonexistent/third
autostart=false
`,
    acts: [
      states({
        missing: "FATAL",
        nowhere: "FATAL",
        folder: "FATAL",
        plain: "FATAL",
        quote: "FATAL",
        path: "FATAL",
        logfolder: "FATAL",
      }),
      ctl("status idle"),
      saidAnew("can't find command '/nonexistent/other'", 3),
      ctl("stop stopped-meanwhile"),
      note,
      ...["missing", "plain", "quote", "idle", "logfolder", "stopped-meanwhile"].map((name) =>
        ctl(`start ${name}`),
      ),
      said("gave up: logfolder", 2),
      note,
    ],
    retried: ["stopped-meanwhile"],
  },
  {
    name: "what goes wrong between the fork and the program",
    executables: { interpreter: "#!/no/such/interpreter\n", format: "no program\n" },
    programs: `
[program:interpreter]
command=%(here)s/interpreter
startsecs=10
startretries=0
stderr_logfile=%(here)s/interpreter.err
[program:format]
command=%(here)s/format some words
startsecs=10
startretries=0
stderr_logfile=%(here)s/format.err
[program:chdir]
command=sleep 1000
directory=/nonexistent/folder
startsecs=10
startretries=0
stderr_logfile=%(here)s/chdir.err
[program:no-folder]
command=sleep 1000
directory=%(here)s/main.conf
startsecs=10
startretries=0
stderr_logfile=%(here)s/no-folder.err
[program:redirected]
command=%(here)s/format
redirect_stderr=true
stdout_logfile=%(here)s/redirected.log
startsecs=10
startretries=0
[program:relative]
command=./format
directory=/
startsecs=10
startretries=0
stderr_logfile=%(here)s/relative.err
[program:at-once]
command=%(here)s/format
startsecs=0
autorestart=false
stderr_logfile=%(here)s/at-once.err
`,
    acts: [
      states({
        interpreter: "FATAL",
        format: "FATAL",
        chdir: "FATAL",
        "no-folder": "FATAL",
        redirected: "FATAL",
        relative: "FATAL",
        "at-once": "EXITED",
      }),
      note,
    ],
    files: [
      "interpreter.err",
      "format.err",
      "chdir.err",
      "no-folder.err",
      "redirected.log",
      "at-once.err",
      "relative.err",
    ],
  },
];
