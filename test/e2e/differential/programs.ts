import {
  bad,
  type Case,
  conf,
  good,
  program,
  refused,
  runs,
  together,
} from "../../support/cases.ts";

/** Programs that do not start; the one beside them shows that the daemon runs. */
const fail = (name: string, options: readonly string[], more?: object): Case =>
  runs(
    name,
    conf(
      options
        .map((own, at) => program(`${own}\nstdout_logfile=NONE\nstderr_logfile=NONE`, `a${at}`))
        .join("") + program("", "z"),
    ),
    more,
  );

/** Sections 7 and 8 of config.md: options of a program, copies, logs and commands. */
export const programs: readonly Case[] = [
  runs("all defaults", conf("[program:a]\ncommand=%(here)s/report\n")),
  refused("no command", conf("[program:a]\n")),
  refused(
    "no command of a program that does not start",
    conf(`${program()}[program:b]\nautostart=false\n`),
  ),

  // Words.
  together(
    "words of a command",
    [
      "%(here)s/report one two  three",
      "%(here)s/report 'one two' \"three four\" fi've si'x \"\"",
      '%(here)s/report "a\\"b" "a\\\\b" "a\\b" a\\ b a\\\\b \'a\\b\'',
      "%(here)s/report $HOME ~ * ? a|b && >x `id` $(id)",
      "%(here)s/report a#b x=y -c 'it'\\''s'",
      "'%(here)s/report' x",
      "\"%(here)s\"/re'port' x",
      "%(here)s/report 日本語 'ü ä'",
      "./report x",
      "tmp/../report x",
    ].map((text) => `command=${text}`),
  ),

  // Where a command is found.
  runs(
    "argv[0] is the word as written",
    conf(
      "[program:a]\ncommand=cat /proc/self/cmdline\nstdout_logfile=%(here)s/a.log\nstartsecs=0\nautorestart=false\n" +
        program("", "z"),
    ),
  ),
  runs(
    "PATH of the program",
    conf('[program:a]\ncommand=report x\nenvironment=PATH="%(here)s:/bin"\n'),
  ),
  runs(
    "PATH of [supervisord] environment",
    conf("[program:a]\ncommand=report x\n", 'environment=PATH="%(here)s:/bin"'),
  ),
  runs(
    "PATH of the daemon",
    conf(
      "[program:a]\ncommand=report-tool x\nstdout_logfile=%(here)s/a.log\nstartsecs=0\nstartretries=0\n" +
        program("", "z"),
    ),
  ),
  fail("commands that cannot be run", [
    "command=",
    "command=''",
    "command=%(here)s/report 'x",
    'command=%(here)s/report "x',
    "command=%(here)s/report x\\",
    'command=report\nenvironment=PATH="/nowhere"',
    'command=cat\nenvironment=PATH=""',
    "command=/nonexistent/x",
    "command=nosuchcommand",
    "command=%(here)s/tmp",
    "command=%(here)s/main.conf",
    "command=~/report",
  ]),
  fail("folders that a child cannot enter", [
    "command=%(here)s/report\ndirectory=%(here)s/nonexistent",
    "command=./report\ndirectory=/",
  ]),
  fail("~ as the folder of a child", ["directory=~"]),
  fail("an empty folder of a child", ["directory="]),
  together("folders that a child enters", [
    "directory=tmp",
    "directory=/",
    "directory=%(here)s/tmp/..",
  ]),

  // Copies.
  bad("numprocs=2"),
  bad("numprocs=2\nprocess_name=%(program_name)s"),
  bad("numprocs=2\nprocess_name=%(program_name)s_%(numprocs)d"),
  bad("numprocs=two"),
  bad("numprocs="),
  good("process_name=%(ENV_X)s", { env: { X: "a b" } }),
  refused(
    "numprocs=0 with a bad number",
    conf(program("numprocs=0\nstartsecs=x") + program("", "z")),
  ),
  together(
    "copies",
    [
      "numprocs=1",
      "numprocs=3\nprocess_name=%(program_name)s_%(process_num)02d",
      "numprocs=2\nprocess_name=%(process_num)d\nnumprocs_start=9",
      "numprocs=2\nprocess_name=n%(process_num)d\nnumprocs_start=-1",
      "numprocs=11\nprocess_name=p_%(process_num)d",
      "process_name=other",
      "process_name=%(group_name)s-%(host_node_name)s",
      "numprocs=0",
      "numprocs=-1",
      "numprocs=0\nstdout_logfile=/nonexistent/x",
    ],
    { reports: 21 },
  ),
  // An empty name there, that of the program here.
  good("process_name=", { compare: "verdict" }),
  good("numprocs=2\nprocess_name=x%(process_num).0s\nstdout_logfile=NONE\nstderr_logfile=NONE"),
  runs("numprocs=0 and no command", conf(`[program:a]\nnumprocs=0\n${program("", "z")}`)),

  // Options.
  runs("autostart=false", conf(program("autostart=false") + program("", "z"))),
  bad("stopasgroup=true\nkillasgroup=false"),
  bad("umask=8"),
  bad("redirect_stderr=maybe"),
  bad("stdout_events_enabled=maybe"),
  bad("stderr_events_enabled=maybe"),
  bad("stdout_syslog=maybe"),
  bad("stderr_syslog=maybe"),
  bad("stdout_logfile_backups=many"),
  bad("stderr_logfile_backups=many"),
  bad("stderr_logfile_maxbytes=many"),
  bad("stopwaitsecs=long"),
  bad("startretries=many"),
  bad("numprocs_start=x"),
  bad("stopasgroup=maybe"),
  bad("killasgroup=maybe"),
  together("options of a program", ["startsecs=0", "stopasgroup=true", "killasgroup=true"]),

  // Logs.
  bad("redirect_stderr=true\nstderr_logfile=/nonexistent/x"),
  good("stdout_logfile=g.log\ndirectory=tmp"),
  runs(
    "names of AUTO logs",
    conf(
      program("process_name=%(program_name)s_%(process_num)d\nnumprocs=2"),
      "identifier=some.id\nchildlogdir=%(here)s",
    ),
    { reports: 2 },
  ),
  runs(
    "AUTO logs of processes that do not start",
    conf(program("autostart=false") + program("", "z"), "childlogdir=%(here)s"),
  ),
  together("logs", [
    "redirect_stderr=true",
    "redirect_stderr=true\nstdout_logfile=%(here)s/b.log",
    "redirect_stderr=true\nstdout_logfile=%(here)s/c.log\nstderr_logfile=%(here)s/c.err",
    "redirect_stderr=true\nstdout_logfile=NONE",
    "stdout_logfile=%(here)s/e.log\nstderr_logfile=NONE",
    "stdout_logfile=NONE\nstderr_logfile=%(here)s/f.err",
    "stdout_logfile=%(here)s/h.log\nstdout_logfile_maxbytes=0\nstdout_logfile_backups=0",
    "stdout_logfile=%(here)s/i.log\numask=077",
    "stdout_logfile=%(here)s/j.log\nstderr_logfile=%(here)s/tmp/j.err",
    "stdout_logfile_maxbytes=0",
    "stdout_capture_maxbytes=1KB\nstdout_events_enabled=true\nstderr_capture_maxbytes=1KB\nstderr_events_enabled=true",
  ]),

  // Who it runs as.
  together(
    "users",
    [
      "user=nobody\numask=027",
      "user=nobody\ndirectory=/\nenvironment=HOME=/",
      "user=daemon\nstdout_logfile=%(here)s/x.log",
      "user=65534",
      "user=root",
      "user=0",
    ],
    { needsRoot: true },
  ),
  fail("a command of another user", ["command=%(here)s/private\nuser=nobody"], {
    needsRoot: true,
    files: { private: "#!/bin/sh\n" },
  }),
];
