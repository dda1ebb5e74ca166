import { type Case, conf, program, refused, runs } from "../../support/cases.ts";

const include = (files: string) => `[include]\nfiles=${files}\n`;
/** A program that tells the folder of its file; `up` leads from there to the folder of the case. */
const named = (name: string, up = ".") =>
  program('environment=F="%(here)s"', name).replace("%(here)s/", `%(here)s/${up}/`);

/** Files that must not be read hold junk: that they were not is all there is to see. */
const verdictOnly = { compare: "verdict" } as const;

/** Section 3 of config.md, `[include]`. */
export const includes: readonly Case[] = [
  runs("a relative pattern", conf(include("conf.d/*.ini")), {
    files: {
      "conf.d/b.ini": named("b", ".."),
      "conf.d/a.ini": named("a", ".."),
      "conf.d/x.txt": "junk",
    },
    reports: 2,
  }),
  runs("patterns in their order, the later file wins", conf(include("z.ini a.ini")), {
    files: { "a.ini": program("umask=027"), "z.ini": program("umask=002") },
  }),
  runs("matches in sorted order, the later file wins", conf(include("*.ini")), {
    files: { "b.ini": program("umask=027"), "a.ini": program("umask=002"), "B.ini": "[x]\n" },
  }),
  runs("an included file overrides the root", conf(program("umask=027") + include("a.ini")), {
    files: { "a.ini": "[program:a]\numask=002\n" },
  }),
  runs("a file that two patterns match", conf(include("a.ini *.ini")), {
    files: { "a.ini": program("umask=027"), "b.ini": "[program:a]\numask=002\n" },
  }),
  runs("here is that of each file", conf(named("r") + include("c/*.ini d/e/*.ini")), {
    files: { "c/a.ini": named("a", ".."), "d/e/b.ini": named("b", "../..") },
    reports: 3,
  }),
  runs("here of an included file in all values", conf(include("c/a.ini")), {
    files: {
      "c/a.ini":
        "[program:a]\ncommand=%(here)s/../report %(here)s\ndirectory=%(here)s\n" +
        "stdout_logfile=%(here)s/out.log\nserverurl=%(here)s\n",
    },
  }),
  runs("here of an option is that of its file", conf(program() + include("c/a.ini")), {
    files: { "c/a.ini": '[program:a]\nenvironment=C="%(here)s"\n' },
  }),
  runs("here in [supervisord] of an included file", conf(program() + include("c/a.ini")), {
    files: { "c/a.ini": "[supervisord]\nchildlogdir=%(here)s\n" },
  }),
  runs(
    "here in [DEFAULT] of an included file",
    `[supervisord]\nrundir=%(here)s/run\n[unix_http_server]\nfile=%(here)s/x.sock\n${program()}${include("c/a.ini")}`,
    {
      files: { "c/a.ini": '[DEFAULT]\nenvironment=C="%(here)s"\n' },
    },
  ),
  runs("a pattern without a match", conf(program() + include("none/*.ini")), verdictOnly),
  runs("a file that is not there", conf(program() + include("none.ini")), verdictOnly),
  runs("no patterns at all", conf(program() + include("")), verdictOnly),
  refused("no files=", conf(`${program()}[include]\n`)),
  refused("no files=, another option", conf(`${program()}[include]\nfile=x\n`)),
  runs("another case of [include]", conf(`${program()}[Include]\nfiles=bad.ini\n`), {
    ...verdictOnly,
    files: { "bad.ini": "junk" },
  }),
  refused("a broken file", conf(program() + include("bad.ini")), { files: { "bad.ini": "junk" } }),
  refused("a broken line in a file", conf(program() + include("bad.ini")), {
    files: { "bad.ini": "[x]\njunk" },
  }),
  refused("bytes that are not UTF-8 in a file", conf(program() + include("bad.ini")), {
    files: { "bad.ini": Buffer.from("[x]\na=\xff", "latin1") },
  }),
  refused("a BOM in a file", conf(program() + include("bad.ini")), {
    files: { "bad.ini": "\ufeff[x]\n" },
  }),
  runs("a folder that matches", conf(program() + include("*.ini")), {
    ...verdictOnly,
    files: { "x.ini/": "" },
  }),
  runs("an empty file", conf(program() + include("*.ini")), {
    ...verdictOnly,
    files: { "x.ini": "" },
  }),
  runs("[include] inside an included file", conf(include("a.ini")), {
    files: { "a.ini": `${program()}${include("b.ini")}`, "b.ini": program("", "b") },
  }),
  runs("[include] twice in the root", conf(include("b.ini") + include("a.ini")), {
    files: { "a.ini": program(), "b.ini": program("", "b") },
  }),
  runs("the files are split over [include]s", conf(`[include]\nfiles=a.ini\n${program("", "b")}`), {
    files: { "a.ini": program() },
    reports: 2,
  }),
  runs("leading dots", conf(program() + include("*.ini")), {
    ...verdictOnly,
    files: { ".bad.ini": "junk" },
  }),
  runs("** is not recursive", conf(program() + include("c/**/*.ini")), {
    files: { "c/d/b.ini": named("b", "../.."), "c/d/e/c.ini": "junk", "c/f.ini": "junk" },
  }),
  runs(
    "odd patterns",
    conf(include("%(here)s/abs.ini  ?[ab]-[!x-z].ini [a.ini\n  .*.ini %(ENV_D)s/*.ini 100%%.ini")),
    {
      files: {
        "abs.ini": program("", "abs"),
        "xa-1.ini": program("", "a"),
        "xb-2.ini": program("", "b"),
        "xc-1.ini": "junk",
        "xa-y.ini": "junk",
        "[a.ini": program("", "c"),
        ".d.ini": program("", "d"),
        "e/e.ini": program("", "e").replace("%(here)s", "%(here)s/.."),
        "100%.ini": program("", "f"),
      },
      env: { D: "e" },
      reports: 7,
    },
  ),
  runs("braces are not special", conf(program() + include("{a,b}.ini")), {
    ...verdictOnly,
    files: { "a.ini": "junk", "b.ini": "junk" },
  }),
  runs("a tilde is not special", conf(program() + include("~/*.inc")), {
    ...verdictOnly,
    files: { "a.inc": "junk" },
  }),
  runs("quotes are not special", conf(program() + include('"a.ini"')), {
    ...verdictOnly,
    files: { "a.ini": "junk" },
  }),
  runs("a comment among the patterns", conf(include("a.ini\n  # bad.ini\n  b.ini ;bad.ini")), {
    files: { "a.ini": program(), "b.ini": program("", "b"), "bad.ini": "junk" },
    reports: 2,
  }),
  runs("the host in a pattern", conf(program() + include("%(host_node_name)s/*.ini")), verdictOnly),
  refused("a program's name in a pattern", conf(program() + include("%(program_name)s.ini"))),
  refused("an unknown name in a pattern", conf(program() + include("%(nope)s.ini"))),
  refused("a percent sign in a pattern", conf(program() + include("100%.ini"))),
  refused(
    "the environment of [supervisord] in a pattern",
    conf(program() + include("%(ENV_E)s.ini"), "environment=E=a"),
  ),
];
