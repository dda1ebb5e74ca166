import { type Case, conf, program, refused, runs, together } from "../../support/cases.ts";

const base = conf(program());
const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** A program whose options are written as `text`, after its command. */
const written = (name: string, text: string): Case =>
  runs(name, conf(`[program:a]\ncommand=%(here)s/report\n${text}`));

const notWritten = (name: string, text: string): Case =>
  refused(name, conf(`[program:a]\ncommand=%(here)s/report\n${text}`));

const verdictOnly = { compare: "verdict" } as const;

/** Section 3 of config.md: how a file is read. */
export const dialect: readonly Case[] = [
  // Encoding and ends of lines.
  runs("CRLF", base.replaceAll("\n", "\r\n")),
  runs("CR alone", base.replaceAll("\n", "\r")),
  runs("ends of lines of all kinds", `${base.replaceAll("\n", "\r\n")}\r;x\n;y\r\n`),
  runs("no end of the last line", `${base}[program:b]\ncommand=%(here)s/report b`, { reports: 2 }),
  refused("a BOM before the first header", `\ufeff${base}`),
  runs("a BOM before a comment", `;\ufeff\n${base}`, verdictOnly),
  refused("bytes that are not UTF-8", "", {
    files: { "main.conf": bytes(`${base};\xff\n`) },
  }),
  together("encoding and ends of lines", {
    "letters of many scripts": "environment=Ä=ö,Q='日本語 😀'",
    "a form feed and a vertical tab around a value": "environment=\x0c\x0bA=1\x0b\x0c",
    "a no-break space around a value": "environment=\u00a0A=1\u00a0",
    "a NEL and a line separator inside a value": "environment=A='x\u0085y\u2028z'",
    "separators of Python's splitlines are no ends of lines": "environment=A='x\x1cy\x0cz'",
  }),

  // Section headers.
  runs(
    "headers",
    conf(
      program("", "a").replace("[program:a]", "[program:a]x = y ; z") +
        program("", "b[1]") +
        program("", "c ") +
        program("", "a.b-c_d+e,f@g") +
        program("umask=077\nenvironment=A=1", "twice") +
        program("umask=02", "twice") +
        "[ program:x]\ncommand=%(here)s/report\n[Program:y]\ncommand=%(here)s/report\n" +
        "[nonsense:x]\na=1\n[__proto__]\nb=1\n",
    ),
    { reports: 5 },
  ),
  runs("a file that is all indented", base.replaceAll(/^/gm, "   ")),
  refused("[]", conf(`${program()}[]\n`)),
  runs("[] with an equals sign", conf(`${program()}[] = 1\n`), verdictOnly),
  runs(
    "a header without its bracket",
    conf(`${program()}[program:b\ncommand=%(here)s/report b\n`),
    verdictOnly,
  ),
  refused("a header without its bracket and a colon", conf(`${program()}[programs\n`)),
  refused("text before any section", `junk\n${base}`),
  refused("an option before any section", `a=1\n${base}`),
  runs("comments before any section", `# one\n  ; two\n\n${base}`, verdictOnly),
  refused("nothing in the file", ""),
  refused("no [supervisord]", "[program:a]\ncommand=%(here)s/report\n"),
  refused("another case of [supervisord]", base.replace("[supervisord]", "[Supervisord]")),

  // Options.
  notWritten("quotes are part of a number", 'startsecs="1"'),
  notWritten("an option without a delimiter", "umask"),
  notWritten("a delimiter without a name", "=5"),
  notWritten("a colon without a name", ": 5"),
  notWritten("several bad lines", "junk\nother junk\numask=027"),
  notWritten("an empty value of a number", "startsecs="),
  together("options", {
    "a colon as delimiter": "umask: 027",
    "space around the delimiter": "umask   =   027",
    "the first delimiter counts": "environment:A=1",
    "an equals sign in a value": "environment = A='b = c'",
    "names in any case": "UMASK=027\nEnvironment=A=1",
    "an option twice": "umask=027\numask=002",
    "an option twice in different case": "umask=027\nUMASK=002",
    "an option that nobody knows": "unknownopt=5\nhas space=1\n__proto__=x\nconstructor=y",
    "quotes are part of a value": 'serverurl="http://x"',
    "an empty value of text": "environment=",
  }),

  // Comments.
  notWritten("a comment inside quotes", "environment=A='x ; y'"),
  written("a comment right after a header", "[program:a] ; comment\numask=027"),
  together("comments", {
    "comments on lines of their own": "# one=1\n; two=2\n   # three\n\t; four\numask=027",
    "an inline comment": "umask=027 ; not more",
    "an inline comment with a hash": "umask=027\t# not more",
    "a semicolon without space before": "serverurl=b;c",
    "a hash without space before": "serverurl=b#c",
    "only a semicolon": "serverurl=;",
    "only a comment": "environment= ;x",
    "rounds: the second semicolon and the first hash": "serverurl=b;c ;d # e",
    "rounds: the first of both decides": "serverurl=b#c ;d #e",
    "rounds: far apart": "serverurl=a;b;c#d#e #f ;g",
    "a backslash is not special": "serverurl=a\\;b \\;c",
  }),

  // Continuation.
  runs(
    "commands over lines, and indented options",
    conf(
      "[program:a]\ncommand=%(here)s/report\n  one\n\ttwo 'three\n  four'\n" +
        "[program:b]\ncommand=\n  %(here)s/report\n  x\n" +
        "[program:c]\n  command=%(here)s/report\n  umask=027\n" +
        "[program:d]\n    command=%(here)s/report\n  umask=027\n" +
        "[program:e]\n\n    command=%(here)s/report\n" +
        "[program:f]\n command=%(here)s/report\n\tnumprocs=1\n numprocs_start=0\n",
    ),
    { reports: 6 },
  ),
  notWritten("an indented line that ends a number", "startsecs=1\n  2"),
  together("continuation", {
    "blank lines inside a value": "environment=A='1\n\n\n  3'",
    "blank lines after a value": "environment=A=1\n\n\n",
    "a blank line with spaces": "environment=A='1\n   \n  3'",
    "comments inside a value": "environment=\n  A=1,\n# no\n  ; no\n  B=2 ; no\n  ,C=3",
    "an option indented below another is its text": "environment=A='1\n  umask=027\n  '",
    "a header indented below an option is its text": "environment=A='1\n  [t]\n  '",
  }),

  // [DEFAULT]
  runs(
    "[DEFAULT] gives values to all programs",
    "[DEFAULT]\numask=027\nenvironment=D=1\n[default]\nnumprocs=7\n[supervisord]\n" +
      `rundir=%(here)s/run\n[unix_http_server]\nfile=%(here)s/x.sock\n${program()}` +
      `${program("umask=02", "b")}[program:c]\n[DEFAULT]\ncommand=%(here)s/report x\n`,
    { reports: 3 },
  ),
  refused("[DEFAULT] reaches the rpcinterface", `[DEFAULT]\numask=027\n${base}`, { late: true }),
  refused("[DEFAULT] is no [supervisord]", `[DEFAULT]\n${program()}`),
];
