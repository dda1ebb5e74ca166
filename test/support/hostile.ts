/** Texts that a configuration could be, and those that nobody would write. */

import fc from "fast-check";
import { sectionKinds } from "../../src/config/sections.ts";

const hostile = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "DEFAULT", "length"],
  ...["\0", "\ud800", "\udc00", "\u{1f40e}", "\ufeff", "\u2028", "\u0085", "\u00a0", "\u0660"],
];
const characters = [
  ...["[", "]", "=", ":", ";", "#", "%", "(", ")", "%(", ")s", "%%", "'", '"', "\\", ",", "/", "~"],
  ...[" ", "\t", "  ", "-", "_", ".", "0", "1", "9", "a", "x", "\u00e9"],
];
export const anyText = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...characters) },
      { weight: 1, arbitrary: fc.constantFrom(...hostile) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));
export const end = fc.constantFrom(
  "\n",
  "\n",
  "\n",
  "\r\n",
  "\r",
  "\n\n",
  " ; c\n",
  "\n  # c\n",
  "\n  ",
);

const placeholders = [
  ...["%(here)s", "%(program_name)s", "%(process_num)02d", "%(numprocs)d", "%(group_name)s"],
  ...["%(host_node_name)s", "%(ENV_HOME)s", "%(ENV_A)s", "%(ENV___proto__)s", "%(__proto__)s"],
  ...[
    "%(nope)s",
    "%(process_num)s%(process_num)x",
    "%",
    "%%",
    "%%%%",
    "%s",
    "%(",
    "%(((",
    "%(a(b)c)s",
  ],
  ...["%(here)999999999s", "%(here)9999s%(here)9999s", "%(process_num).99999d", "%(here)d", "%5%"],
  ...[
    "%(process_num)c",
    "%(here)r",
    "%(ENV_HOME).2a",
    "%%(here)s",
    "%(process_num)*d",
    "%(here)\0",
  ],
];
const numbers = [
  ...["0", "-1", "3", "-5", "1000000", "32768", "1e999", "1e3", "99999999999999999999", "0x10"],
  ...[
    "1_000",
    "1__0",
    "\u0663",
    "9007199254740991",
    "-9007199254740991",
    "+1",
    "1.5",
    " 7 ",
    "NaN",
  ],
  ...[
    "Infinity",
    "--1",
    "",
    "0o777",
    "08",
    "777",
    "7777777777777777777777777",
    "50MB",
    "-1KB",
    "1gb ",
  ],
];
const words = [
  ...["true", "no", "unexpected", "TERM", "SIGRTMIN", "64", "0,2", "0,,2", "256", "AUTO", "NONE"],
  ...[
    "syslog",
    "/srv/x.log",
    "/nowhere/x.log",
    "~/x",
    "~web/x",
    "~nobody",
    "/tmp",
    "web",
    "web:www",
  ],
  ...[
    "0",
    "debug",
    "a,b,a",
    "a, ,a",
    "tcp://x:1",
    "unix:///x",
    "unix://x",
    "127.0.0.1:9001",
    "*:0",
  ],
  ...[
    ":99999",
    "[::1]:80",
    "TICK_5,PROCESS_STATE",
    "EVENT",
    "{SHA}x",
    "app.env",
    "-missing.env",
    ".",
  ],
  ...['A=1,B="x y"', "A='", "A=it's", "__proto__=1", "A=%(ENV_A)s", 'K%(process_num)d="v"', "A=\\"],
  ...[
    "supervisor.rpcinterface:make_main_rpcinterface",
    "x:y",
    "*.conf",
    "*.ini",
    "*.ini *.conf [a",
  ],
  ...["/bin/cat", "cat 'x", "\\", "x y", "a:b", "%(program_name)s_%(process_num)d"],
];
export const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words) },
  { weight: 3, arbitrary: fc.constantFrom(...numbers) },
  { weight: 3, arbitrary: fc.constantFrom(...placeholders) },
  { weight: 2, arbitrary: anyText },
  { weight: 1, arbitrary: fc.constantFrom(...hostile) },
);

const optionNames = [...new Set(sectionKinds.flatMap(({ options }) => Object.keys(options)))];
const optionName = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...optionNames) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...hostile, "comand", "supervisor.rpcinterface_factory"),
  },
  { weight: 1, arbitrary: anyText },
);
const option = fc
  .tuple(fc.constantFrom("", "", "", "", " ", "\t\t"), optionName, fc.constantFrom("=", " = ", ":"))
  .chain(([indent, name, sign]) =>
    fc
      .array(value, { minLength: 1, maxLength: 2 })
      .map((parts) => indent + name + sign + parts.join("")),
  );

const heads = ["program", "fcgi-program", "eventlistener", "group", "rpcinterface", "ctlplugin"];
const header = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(...heads), fc.constantFrom("a", "b", "a", "A", "a b", "", ...hostile))
      .map(([head, name]) => `${head}:${name}`),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...[
        "supervisord",
        "supervisord",
        "unix_http_server",
        "unix_http_server:x",
        "inet_http_server",
      ],
      ...[
        "supervisorctl",
        "include",
        "DEFAULT",
        "program-default",
        "program",
        "Program:a",
        " group:a",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...hostile, "progam:$&", "]", "[", "a]b") },
  { weight: 1, arbitrary: anyText },
);
const section = fc
  .tuple(
    header.map((name) => `[${name}]`),
    fc.array(fc.tuple(fc.oneof({ weight: 12, arbitrary: option }, anyText), end), { maxLength: 6 }),
  )
  .map(([head, lines]) => `${head}\n${lines.flat().join("")}\n`);
export const sections = fc
  .array(section, { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""));

/** One that is right, so that what is changed in it reaches far. */
export const complete = `[supervisord]
environment=A="1",B='x y'
[include]
files=*.ini
[unix_http_server]
file=/srv/x.sock
[inet_http_server]
port=127.0.0.1:9001
[program-default]
stopwaitsecs=20
[program:a]
command=/bin/cat %(here)s %(ENV_A)s
numprocs=2
process_name=%(program_name)s_%(process_num)02d
environment=C="%(process_num)d",D=e
environment_file=app.env
stdout_logfile=/srv/%(program_name)s.log
stdout_logfile_maxbytes=1MB
exitcodes=0,2
[fcgi-program:f]
command=/bin/cat
socket=unix:///srv/%(program_name)s.sock
[eventlistener:l]
command=/bin/cat
events=TICK_5
[group:g]
programs=a,f
priority=5
`;
const mutation = fc.record({
  at: fc.nat({ max: complete.length }),
  remove: fc.constantFrom(0, 0, 0, 1, 2, 5, 30),
  insert: fc.oneof(value, anyText, fc.constantFrom("\n", "\n[", "\n  ", "]", "=", "")),
});
export const mutated = fc
  .array(mutation, { minLength: 1, maxLength: 4 })
  .map((changes) =>
    changes.reduce(
      (text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove),
      complete,
    ),
  );
