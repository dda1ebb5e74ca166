import { type Case, conf, program, refused, runs } from "../../support/cases.ts";

const group = (name: string, programs: string, options = "") =>
  `[group:${name}]\nprograms=${programs}\n${options}\n`;
const several = (...names: string[]) => names.map((name) => program("", name)).join("");

/** Without the AUTO logs that supervisord makes, and leaves, for a process that another replaces. */
const silent = "stdout_logfile=NONE\nstderr_logfile=NONE";

/** Section 6 of config.md, `[group:x]`, and section 7.1. */
export const groups: readonly Case[] = [
  runs(
    "groups",
    conf(
      group("early", "b , a") +
        several("a", "b", "c", "d", "e", "f", "g") +
        group("lines", "\n  c,\n  d") +
        group(" spaced ", "e") +
        group("twice", "f") +
        group("twice", "g") +
        `${group("empty", "")}[group:none]\n`,
    ),
    { reports: 7 },
  ),
  refused("names without commas", conf(several("a", "b") + group("g", "a b"))),
  refused("a trailing comma", conf(several("a") + group("g", "a,"))),
  refused("two commas", conf(several("a", "b") + group("g", "a,,b"))),
  refused("an unknown member", conf(several("a") + group("g", "a,b"))),
  refused("another case of a member", conf(several("a") + group("g", "A"))),
  refused("a group as a member", conf(several("a") + group("g", "a") + group("h", "g"))),
  refused(
    "a listener as a member",
    conf(`${several("a")}[eventlistener:l]\ncommand=cat\nevents=TICK_5\n${group("g", "l")}`),
  ),
  refused("a bad priority", conf(several("a") + group("g", "a", "priority=high"))),
  runs("one program in two groups", conf(several("a") + group("g", "a") + group("h", "a")), {
    reports: 2,
  }),
  runs("one program twice in a group", conf(program(silent) + group("g", "a,a"))),
  runs("a group with the name of its program", conf(several("a", "b") + group("a", "a,b")), {
    reports: 2,
  }),
  runs("a group with the name of another program", conf(several("a", "b") + group("b", "a"))),
  runs(
    "two processes of one name in a group",
    conf(
      program(`process_name=x\nenvironment=A=1\n${silent}`) +
        program(`process_name=x\nenvironment=A=2\n${silent}`, "b") +
        group("g", "a,b"),
    ),
  ),
  runs(
    "group_name in a group",
    conf(
      program('environment=G="%(group_name)s"\nprocess_name=%(group_name)s.%(program_name)s') +
        group("g", "a"),
    ),
  ),

  // Order.
  runs(
    "groups by priority",
    conf(
      several("c") +
        program("priority=5", "b") +
        program("priority=-1", "a") +
        program("priority=1000", "d"),
    ),
    { reports: 4 },
  ),
  runs("groups of one priority by name", conf(several("b", "c", "a", "B", "10", "9")), {
    reports: 6,
  }),
  runs(
    "processes of a group as listed",
    conf(
      program("priority=1") +
        program("priority=3", "c") +
        program("priority=2", "b") +
        group("g", "c,a,b"),
    ),
    { reports: 3 },
  ),
  runs("priority of a group", conf(several("a", "b", "c") + group("z", "c,a", "priority=1")), {
    reports: 3,
  }),
  runs(
    "copies by name as text",
    conf(program("numprocs=3\nnumprocs_start=9\nprocess_name=p_%(process_num)d")),
    { reports: 3 },
  ),
  runs(
    "copies in a group, then another program",
    conf(
      program("numprocs=2\nprocess_name=p_%(process_num)d") + program("", "b") + group("g", "b,a"),
    ),
    { reports: 3 },
  ),

  // fcgi-programs.
  refused(
    "a name that is both a program and an fcgi-program",
    conf(`${several("a")}[fcgi-program:a]\ncommand=cat\nsocket=unix:///tmp/x\n${group("g", "a")}`),
  ),
  runs(
    "an fcgi-program in a group is a program",
    conf(`[fcgi-program:a]\ncommand=%(here)s/report\nsocket=nonsense\n${group("g", "a")}`),
  ),
];
