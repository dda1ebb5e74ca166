import {
  bad,
  badMain,
  type Case,
  conf,
  good,
  goodMain,
  program,
  refused,
  runs,
  together,
} from "../../support/cases.ts";

/** A program with `%(process_num)` in its name. */
const numbered = (options: string, numprocs = 2) =>
  `numprocs=${numprocs}\nprocess_name=%(program_name)s_%(process_num)02d\n${options}`;

/** The words of a command show what an expansion gives. */
const words = (text: string) => `command=%(here)s/report ${text}\nenvironment=K="v"`;

const noWords = (text: string): Case =>
  refused(`does not expand: ${text}`, conf(`[program:a]\ncommand=%(here)s/report ${text}\n`));

const listener = (options: string) =>
  conf(`${program()}[eventlistener:l]\ncommand=cat\nstartretries=0\n${options}\n`);
const fcgi = (options: string) =>
  conf(`${program()}[fcgi-program:f]\ncommand=cat\nstartretries=0\n${options}\n`);
const verdictOnly = { compare: "verdict" } as const;

/** Section 4 of config.md. */
export const expansion: readonly Case[] = [
  // The format.
  good(words("%(numprocs)c %(program_name)c '%(numprocs)5c'"), { compare: "verdict" }),
  noWords("%(program_name)d"),
  noWords("%(here)c"),
  noWords("%(nope)s"),
  noWords("%(Program_Name)s"),
  noWords("%( program_name )s"),
  noWords("%()s"),
  noWords("%(program_name)"),
  noWords("%(program_name"),
  noWords("%(program_name)b"),
  noWords("%(program_name)q"),
  noWords("%(numprocs)%"),
  noWords("%(numprocs)5%x"),
  noWords("100%"),
  noWords("50% off"),
  noWords("%d"),
  noWords("%(numprocs)*d"),
  noWords("%(numprocs)lld"),
  noWords("%(numprocs)hhd"),
  noWords("%(numprocs).-1d"),
  together(
    "the format",
    [
      "%(program_name)s %(group_name)s %(process_num)s %(numprocs)s %(host_node_name)s %(here)s",
      "[%(program_name)5s] [%(program_name)-5s] [%(program_name)s]",
      "'[%(program_name)5s]' '[%(program_name)-5s]' '[%(program_name).0s]' '[%(program_name)05s]'",
      "%(process_num)d %(process_num)i %(process_num)u %(process_num)03d %(process_num).4d",
      "'%(process_num)5d' '%(process_num)-5d' '%(process_num)+d' '%(process_num)+05d'",
      "'%(numprocs) d'",
      "%(numprocs)x %(numprocs)X %(numprocs)o %(numprocs)#x %(numprocs)#o %(numprocs)#X",
      "%(numprocs)e %(numprocs)E %(numprocs)f %(numprocs)F %(numprocs)g %(numprocs)G",
      "%(numprocs).2f %(numprocs)08.3f %(numprocs)+.1e %(numprocs)#g %(numprocs)-9fx",
      '"%(program_name)r" "%(numprocs)r" "%(program_name)a" "%(host_node_name).2r"',
      "%(numprocs)ld %(numprocs)hd %(numprocs)Ld",
      "%% 100%% %%(here)s %%%%",
    ].map(words),
  ),

  // Environment variables.
  noWords("%(ENV_NOT_THERE)s"),
  noWords("%(ENV_path)s"),
  runs(
    "the environment of [supervisord] in a program",
    conf(program('environment=B="%(ENV_A)s"'), 'environment=A="1"'),
  ),
  runs(
    "the environment of [supervisord] hides that of the daemon",
    conf(program('environment=B="%(ENV_X)s"'), 'environment=X="new"'),
    { env: { X: "old" } },
  ),
  badMain("logfile=%(ENV_A)s\nenvironment=A=1"),
  badMain("environment=A=1,B=%(ENV_A)s"),
  bad('environment=A=1,B="%(ENV_A)s"'),
  bad("environment=K=5\nnumprocs=%(ENV_K)s"),
  bad("environment=K=5\npriority=%(ENV_K)s"),
  together(
    "environment variables",
    [
      ...["%(ENV_X)s", "'%(ENV_Y)s'", "%(ENV_K)s", "%(ENV_PATH)s %(ENV_HOME)s", "%(ENV_a.b)s"].map(
        words,
      ),
      "numprocs=%(ENV_N)s\npriority=%(ENV_P)s\numask=%(ENV_U)s",
      'environment=PATH="/x:%(ENV_PATH)s"\nserverurl=x',
    ],
    { env: { X: "value of x", Y: "100%(here)s", "a.b": "dotted", N: "1", P: "5", U: "027" } },
  ),

  // Names of each option of a program.
  together(
    "names of options that each copy has its own of",
    [
      numbered('environment=N="%(process_num)d of %(numprocs)d",G="%(group_name)s",H="%(here)s"'),
      numbered("directory=%(here)s/%(process_num)d"),
      numbered(
        "stdout_logfile=%(here)s/%(program_name)s-%(process_num)d.log\nstderr_logfile=%(here)s/%(process_num)03d.err",
      ),
      numbered("stdout_logfile_maxbytes=%(numprocs)dMB\nstdout_logfile_backups=%(process_num)d"),
      numbered("stderr_logfile_maxbytes=%(numprocs)dMB\nstderr_logfile_backups=%(process_num)d"),
      'environment=K="b",L="off"\nprocess_name=%(program_name)s%(ENV_K)s\nstderr_syslog=%(ENV_L)s',
      'environment=K="tmp"\ndirectory=%(ENV_K)s',
    ],
    { reports: 12, files: { "0/": "", "1/": "" } },
  ),
  together("names of the other options", [
    "serverurl=http://%(program_name)s.%(group_name)s.%(host_node_name)s%(here)s",
    "serverurl=100%%",
    "process_name=50%%",
    "unknownoption=%(nope)s 100%",
  ]),
  bad("autostart=%(process_num)d"),
  bad("startsecs=%(numprocs)d"),
  bad("umask=%(process_num)d"),
  bad("user=%(process_num)d"),
  bad("serverurl=%(process_num)d"),
  bad("priority=%(process_num)d"),
  bad("stdout_capture_maxbytes=%(process_num)d"),
  bad("stdout_events_enabled=%(process_num)d"),
  bad("redirect_stderr=%(process_num)d"),
  bad("numprocs=%(numprocs)d"),
  bad("numprocs_start=%(process_num)d"),
  bad("startsecs=1%"),
  bad("serverurl=100%"),
  bad("environment=A=%(nope)s"),
  bad("process_name=%(nope)s"),
  bad("process_name=%(program_name)"),
  bad("process_name=a%%(process_num)sb%"),
  bad("directory=%(nope)s"),
  bad("stdout_logfile=%(nope)s"),
  bad("stderr_logfile=%(here)"),

  // Logs are expanded twice.
  bad("stdout_logfile=a%%b.log"),
  together(
    "logs are expanded twice",
    [
      "stdout_logfile=%(here)s/a%%%%b.log",
      "stdout_logfile=%(here)s/%%(program_name)s.log",
      "stderr_logfile=%(here)s/%%%%(program_name)s.log",
      "stdout_logfile=%(here)s/%(ENV_X)s.log",
      'environment=K="y.log"\nstdout_logfile=%(here)s/%(ENV_K)s',
    ],
    { env: { X: "%(program_name)s-x" } },
  ),
  bad("stdout_logfile=%(ENV_X)s.log", { env: { X: "100%" } }),

  // Other sections.
  goodMain("logfile=%(here)s/x.log\npidfile=%(here)s/%(ENV_X)s.pid\nidentifier=%(ENV_X)s%%", {
    env: { X: "id" },
  }),
  goodMain('environment=A="%(here)s %(ENV_X)s"', { env: { X: "x" } }),
  badMain("logfile=%(host_node_name)s.log"),
  badMain("identifier=%(program_name)s"),
  badMain("identifier=100%"),
  badMain("environment=A=%(program_name)s"),
  badMain("environment=A=%(group_name)s"),
  badMain("minfds=%(nope)s"),
  badMain("profile_options_=%(nope)s\nloglevel=%(nope)s"),
  refused(
    "a program's name in the path of a server",
    conf(program()).replace("s.sock", "%(program_name)s"),
  ),
  refused(
    "the host in the path of a server",
    conf(program()).replace("s.sock", "%(host_node_name)s"),
  ),
  refused("here in chmod", conf(program()).replace("s.sock", "s.sock\nchmod=%(here)s")),
  refused(
    "here in a password",
    conf(program()).replace("s.sock", "s.sock\nusername=u\npassword=%(here)s"),
  ),
  refused(
    "a percent sign in a password",
    conf(program()).replace("s.sock", "s.sock\nusername=u\npassword=100%"),
  ),
  runs(
    "a doubled percent sign in a password",
    conf(program()).replace("s.sock", "t.sock\nusername=%(ENV_X)s\npassword=100%%"),
    { env: { X: "u" }, ...verdictOnly },
  ),
  refused(
    "here in the port of an inet server",
    conf(`${program()}[inet_http_server]\nport=%(here)s\n`),
  ),
  runs(
    "the environment in the port of an inet server",
    conf(`${program()}[inet_http_server]\nport=127.0.0.1:%(ENV_PORT)s\n`),
  ),
  refused(
    "here in an rpcinterface",
    conf(`${program()}[rpcinterface:x]\nsupervisor.rpcinterface_factory=%(here)s\n`),
  ),
  refused(
    "a program's name in a group",
    conf(`${program()}[group:g]\nprograms=%(program_name)s\n`),
  ),
  refused(
    "the host in a group",
    conf(`${program()}[group:g]\nprograms=a\npriority=%(host_node_name)s\n`),
  ),
  runs(
    "the environment in a group",
    conf(`${program()}[group:g]\nprograms=%(ENV_X)s\npriority=%(ENV_P)s\n`),
    { env: { X: "a", P: "5" } },
  ),
  refused("a program's name in its group's priority", conf(program("priority=%(program_name)s"))),
  refused("a program's name in events", listener("events=%(program_name)s")),
  runs("the environment in events", listener("events=%(ENV_X)s"), {
    env: { X: "TICK_5" },
    ...verdictOnly,
  }),
  refused("the host in buffer_size", listener("events=TICK_5\nbuffer_size=%(host_node_name)s")),
  runs(
    "a program's name in a socket",
    fcgi("socket=unix://%(here)s/%(program_name)s.fcgi"),
    verdictOnly,
  ),
  refused("a number in a socket", fcgi("socket=unix://%(here)s/%(process_num)d.fcgi")),
  refused("a group in a socket", fcgi("socket=unix://%(here)s/%(group_name)s.fcgi")),
  refused(
    "a program's name in socket_mode",
    fcgi("socket=unix://%(here)s/f\nsocket_mode=%(program_name)s"),
  ),
  refused(
    "a program's name in socket_owner",
    fcgi("socket=unix://%(here)s/f\nsocket_owner=%(program_name)s"),
  ),
  refused(
    "a program's name in socket_backlog",
    fcgi("socket=unix://%(here)s/f\nsocket_backlog=%(program_name)s"),
  ),
  runs(
    "a section that nobody knows is not expanded",
    conf(`${program()}[nonsense]\na=%(nope)s\n`),
    verdictOnly,
  ),
  runs(
    "[supervisorctl] is not expanded by the daemon",
    conf(`${program()}[supervisorctl]\nserverurl=%(nope)s\nprompt=100%\n`),
    verdictOnly,
  ),
];
