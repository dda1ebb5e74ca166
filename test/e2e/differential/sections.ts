import { badMain, type Case, conf, goodMain, program, refused, runs } from "../../support/cases.ts";

/** Its server is at another path, so that only the options of the server matter. */
const unix = (options: string) =>
  `[supervisord]\nrundir=%(here)s/run\n[unix_http_server]\n${options}\n${program()}`;
const inet = (options: string) => `${conf(program())}[inet_http_server]\n${options}\n`;
const listener = (options: string) =>
  conf(`${program()}[eventlistener:l]\ncommand=cat\n${options}\n`);
const fcgi = (options: string) =>
  conf(`${program()}[fcgi-program:f]\ncommand=cat\nstartretries=0\n${options}\n`);
const verdictOnly = { compare: "verdict" } as const;
const socket = "socket=unix://%(here)s/f.sock\n";

/** Section 6 of config.md: everything but programs and groups. */
export const sections: readonly Case[] = [
  // [supervisord]
  runs(
    "an empty [supervisord]",
    `[supervisord]\nrundir=%(here)s/run\n[unix_http_server]\nfile=x.sock\n${program()}`,
  ),
  goodMain("logfile=%(here)s/own.log\npidfile=%(here)s/own.pid\nidentifier=other"),
  goodMain(
    "logfile_maxbytes=1KB\nlogfile_backups=2\nnodaemon=true\nsilent=false\nnocleanup=yes",
    verdictOnly,
  ),
  goodMain("minfds=100\nminprocs=10\nstrip_ansi=true", verdictOnly),
  goodMain("umask=077\ndirectory=tmp"),
  goodMain("profile_options=anything at all\nunknown=1", verdictOnly),
  goodMain("logfile_maxbytes=0\nlogfile_backups=0\nlogfile=/dev/null"),
  goodMain("silent=true"),
  goodMain("nodaemon=false", verdictOnly),
  goodMain("identifier="),
  goodMain("nocleanup=true", { files: { "tmp/old-stdout---supervisor-abc.log": "old" } }),
  goodMain("", {
    files: { "tmp/old-stdout---supervisor-abc.log.1": "old", "tmp/keep---other-x.log": "" },
  }),
  badMain("logfile_maxbytes=many"),
  badMain("logfile_backups=many"),
  badMain("pidfile=/nonexistent/x"),
  badMain("umask=9"),
  badMain("nodaemon=maybe"),
  badMain("silent=maybe"),
  badMain("minfds=many"),
  badMain("minprocs=many"),
  badMain("minfds="),
  badMain("minfds=999999999999", { late: true }),
  badMain("nocleanup=maybe"),
  badMain("strip_ansi=maybe"),
  badMain("environment=A"),

  // [unix_http_server]
  runs("a relative path", unix("file=x.sock")),
  runs("a path in the home folder", unix("file=~/x.sock")),
  runs("a path with space around", unix("file=  %(here)s/x.sock  "), verdictOnly),
  runs("chmod and chown by number", unix("file=x.sock\nchmod=0o777\nchown=65534:65534"), {
    needsRoot: true,
  }),
  runs("chown by name", unix("file=x.sock\nchown=nobody:nogroup"), { needsRoot: true }),
  runs("chown without a group", unix("file=x.sock\nchown=nobody"), { needsRoot: true }),
  refused("no file", unix("")),
  refused("no file, but another option", unix("chmod=0700")),
  refused("a bad chmod", unix("file=x.sock\nchmod=9")),
  refused("chown to an unknown user", unix("file=x.sock\nchown=nosuchuser")),
  refused("chown to an unknown group", unix("file=x.sock\nchown=root:nosuchgroup")),
  refused("chown with an empty group", unix("file=x.sock\nchown=root:")),
  refused("chown with two colons", unix("file=x.sock\nchown=root:root:root")),
  refused("a folder that is not there", unix("file=/nonexistent/x.sock"), { late: true }),
  refused("only a username", unix("file=x.sock\nusername=u")),
  refused("only a password", unix("file=x.sock\npassword=p")),
  runs("a username and a password", unix("file=x.sock\nusername=u\npassword=p"), verdictOnly),
  runs(
    "a hashed password",
    unix("file=x.sock\nusername=u\npassword={SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d"),
  ),
  runs("an empty username", unix("file=x.sock\nusername=\npassword=p"), verdictOnly),
  runs(
    "two servers, the first is for children",
    `${unix("file=x.sock")}[unix_http_server:two]\nfile=y.sock\n`,
  ),
  runs(
    "any section that starts with the name",
    `${unix("file=x.sock")}[unix_http_servers]\nfile=y.sock\n`,
  ),
  refused(
    "any section that starts with the name, bad",
    `${unix("file=x.sock")}[unix_http_servers]\nchmod=0\n`,
  ),
  refused("a second server without a file", `${unix("file=x.sock")}[unix_http_server:two]\n`),

  // [inet_http_server]
  runs("an address and a port", inet("port=127.0.0.1:%(ENV_PORT)s")),
  runs("a host by name, in capitals", inet("port=LOCALHOST:%(ENV_PORT)s")),
  runs(
    "only an inet server",
    `[supervisord]\nrundir=%(here)s/run\n[inet_http_server]\nport=127.0.0.1:%(ENV_PORT)s\n${program()}`,
  ),
  runs(
    "only an inet server for all hosts",
    `[supervisord]\nrundir=%(here)s/run\n[inet_http_server]\nport=%(ENV_PORT)s\nusername=u\npassword=p\n${program()}`,
  ),
  runs("a port alone, with a password", inet("port=%(ENV_PORT)s\nusername=u\npassword=p")),
  runs("a colon and a port, with a password", inet("port=:%(ENV_PORT)s\nusername=u\npassword=p")),
  runs("a star and a port, with a password", inet("port=*:%(ENV_PORT)s\nusername=u\npassword=p")),
  refused("no port", inet("")),
  refused("no port, but a host", inet("port=localhost:")),
  refused("an empty port", inet("port=")),
  refused("port 0", inet("port=0")),
  refused("port 65536", inet("port=localhost:65536")),
  refused("a port that is no number", inet("port=http")),
  refused("a port with a path", inet("port=localhost:9001/")),
  refused("IPv6", inet("port=[::1]:%(ENV_PORT)s"), { late: true }),
  refused("a host that does not exist", inet("port=nosuchhost.invalid:%(ENV_PORT)s"), {
    late: true,
  }),
  refused("an address of another machine", inet("port=192.0.2.1:%(ENV_PORT)s"), { late: true }),
  refused(
    "one address twice",
    `${inet("port=127.0.0.1:%(ENV_PORT)s")}[inet_http_server:2]\nport=127.0.0.1:%(ENV_PORT)s\n`,
    { late: true },
  ),
  refused("inet: only a username", inet("port=127.0.0.1:%(ENV_PORT)s\nusername=u")),
  refused("inet: only a password", inet("port=127.0.0.1:%(ENV_PORT)s\npassword=u")),
  refused(
    "any section that starts with inet_http_server",
    `${conf(program())}[inet_http_server_x]\n`,
  ),

  // [rpcinterface:x]
  runs("no rpcinterface", unix("file=x.sock"), verdictOnly),
  refused("an rpcinterface without a factory", `${unix("file=x.sock")}[rpcinterface:supervisor]\n`),
  refused(
    "an rpcinterface without a colon",
    `${unix("file=x.sock")}[rpcinterface:x]\nsupervisor.rpcinterface_factory=supervisor\n`,
    { late: true },
  ),
  refused(
    "an argument that the rpcinterface does not take",
    `${conf(program())}[rpcinterface:supervisor]\nretries=1\n`,
    { late: true },
  ),

  // [supervisorctl] and others are not the daemon's.
  runs(
    "anything in [supervisorctl]",
    conf(`${program()}[supervisorctl]\nserverurl=nonsense\nunknown=1\n`),
  ),
  runs(
    "[ctlplugin:x]",
    conf(`${program()}[ctlplugin:x]\nsupervisor.ctl_factory=no.such:thing\n`),
    verdictOnly,
  ),
  runs(
    "[program] without a name is nothing",
    conf(`${program()}[program]\ncommand=cat\n`),
    verdictOnly,
  ),
  runs("[group] without a name is nothing", conf(`${program()}[group]\nprograms=x\n`), verdictOnly),

  // [eventlistener:x]
  runs("a listener", listener("events=TICK_5"), verdictOnly),
  runs(
    "events in any case, with spaces",
    listener("events= tick_5 ,Process_State,\n  EVENT"),
    verdictOnly,
  ),
  runs(
    "all options of a listener",
    listener(
      "events=PROCESS_STATE\nbuffer_size=1\npriority=5\nnumprocs=2\nprocess_name=l%(process_num)d\nstdout_capture_maxbytes=1\nstdout_events_enabled=true\nredirect_stderr=false",
    ),
    verdictOnly,
  ),
  ...[
    "PROCESS_COMMUNICATION_STDOUT,PROCESS_LOG,PROCESS_LOG_STDERR,REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE_RUNNING,PROCESS_GROUP_ADDED,TICK,TICK_3600,PROCESS_STATE_UNKNOWN",
  ].map((events) => runs(`events=${events}`, listener(`events=${events}`), verdictOnly)),
  refused("no events", listener("")),
  refused("empty events", listener("events=")),
  refused("an unknown event", listener("events=NONSENSE")),
  refused("a trailing comma in events", listener("events=TICK_5,")),
  refused("a listener without a command", conf(`${program()}[eventlistener:l]\nevents=TICK_5\n`)),
  refused("buffer_size=0", listener("events=TICK_5\nbuffer_size=0")),
  refused("buffer_size=x", listener("events=TICK_5\nbuffer_size=x")),
  refused("a listener that redirects stderr", listener("events=TICK_5\nredirect_stderr=true")),
  refused("a listener with a bad priority", listener("events=TICK_5\npriority=x")),
  refused("a listener with a bad option of a program", listener("events=TICK_5\nstartsecs=x")),
  runs(
    "the result_handler that is built in",
    listener("events=TICK_5\nresult_handler=supervisor.dispatchers:default_handler"),
    verdictOnly,
  ),
  refused(
    "a listener with a bad name",
    conf(`${program()}[eventlistener:a b]\ncommand=cat\nevents=TICK_5\n`),
  ),

  // [fcgi-program:x]
  runs("a unix socket", fcgi(socket), verdictOnly),
  runs("a TCP socket", fcgi("socket=tcp://127.0.0.1:%(ENV_PORT)s"), verdictOnly),
  runs(
    "all options of a socket",
    fcgi(`${socket}socket_backlog=5\nsocket_owner=root:root\nsocket_mode=0o770`),
    { needsRoot: true, ...verdictOnly },
  ),
  refused("no socket", fcgi("")),
  refused("an empty socket", fcgi("socket=")),
  refused("a socket that is neither", fcgi("socket=foo")),
  refused("a relative unix socket", fcgi("socket=unix://rel/x")),
  refused("a TCP socket without a port", fcgi("socket=tcp://localhost")),
  refused("a TCP socket without a host", fcgi("socket=tcp://:9000")),
  refused("a TCP socket with a bad port", fcgi("socket=tcp://localhost:99999")),
  refused("a TCP socket with a path", fcgi("socket=tcp://localhost:9000/x")),
  refused("socket_backlog=0", fcgi(`${socket}socket_backlog=0`)),
  refused("socket_backlog=65536", fcgi(`${socket}socket_backlog=65536`)),
  refused("socket_backlog=x", fcgi(`${socket}socket_backlog=x`)),
  refused("socket_owner of nobody", fcgi(`${socket}socket_owner=nosuchuser`)),
  refused("socket_mode=9", fcgi(`${socket}socket_mode=9`)),
  refused("socket_mode with TCP", fcgi("socket=tcp://localhost:%(ENV_PORT)s\nsocket_mode=0700")),
  refused("socket_owner with TCP", fcgi("socket=tcp://localhost:%(ENV_PORT)s\nsocket_owner=root")),
  refused("an fcgi-program without a command", conf(`${program()}[fcgi-program:f]\n${socket}`)),
  refused("an fcgi-program with a bad user", fcgi(`${socket}user=nosuchuser`)),
  refused("an fcgi-program with a bad option of a program", fcgi(`${socket}startsecs=x`)),
];
