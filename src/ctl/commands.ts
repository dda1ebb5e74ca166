import { help } from "./help.ts";
import {
  eventsHelp,
  freezeHelp,
  logsHelp,
  quietHelp,
  rolloutHelp,
  scaleHelp,
  thawHelp,
  topHelp,
  waitHelp,
  whyHelp,
} from "./ourhelp.ts";
import { exit, type Session } from "./session.ts";
import { pid, status } from "./status.ts";

/** One command: everything that is known of it. */
export interface Command {
  /** Lines of `help NAME`; supervisorctl's own, tabs included. */
  help: readonly string[];
  /** What only drover has: shown by `help NAME`, and not after an error. */
  ours?: readonly string[];
  run(session: Session, words: readonly string[], all: Commands): Promise<void> | void;
  /** What may follow it, for completion. */
  completes?: "processes" | "groups" | "commands" | "signals" | "events";
  /** Needs at least one name; the exit code when there is none. */
  needsName?: number;
  /** Takes no words at all. */
  alone?: true;
  /** Its words are taken as the command line has them: in the shell they may be quoted. */
  quotes?: true;
  /** Its exit code for a name that there is not, in JSON. */
  missing?: number;
  /** Its exit code when the server cannot be reached, where it is not the trouble's own. */
  unreachable?: number;
}

const name = (verb: string, does: string) => [
  `${verb} <name>\t\t${does} a process`,
  `${verb} <gname>:*\t\t${does} all processes in a group`,
  `${verb} <name> <name>\t${does} multiple processes or groups`,
  `${verb} all\t\t${does} all processes`,
];

const updates = "Reload config and add/remove as necessary, and will restart affected programs";

export type Commands = Readonly<Record<string, Command>>;

/** Every command. One-shot calls, the shell, help and completion come from it. */
export const commands: Commands = {
  add: {
    help: ["add <name> [...]\tActivates any updates in config for process/group"],
    ours: ["Ex:", "reread", "add mail"],
    run: async (session, words) => (await import("./groups.ts")).add(session, words),
    completes: "groups",
  },
  avail: {
    help: ["avail\t\t\tDisplay all configured processes"],
    ours: ["Ex:", "avail", "avail --json"],
    run: async (session) => (await import("./groups.ts")).avail(session),
    alone: true,
  },
  clear: {
    help: [
      "clear <name>\t\tClear a process' log files.",
      "clear <name> <name>\tClear multiple process' log files",
      "clear all\t\tClear all process' log files",
    ],
    ours: ["Ex:", "clear 'worker:*'"],
    run: async (session, words) => (await import("./control.ts")).clear(session, words),
    completes: "processes",
    needsName: exit.generic,
  },
  events: {
    help: eventsHelp,
    run: async (session, words) => (await import("./events.ts")).events(session, words),
    completes: "events",
  },
  exit: { help: ["exit\tExit the supervisor shell."], ours: ["Ex:", "exit"], run: () => undefined },
  fg: {
    help: ["fg <process>\tConnect to a process in foreground mode", "\t\tCtrl-C to exit"],
    ours: ["Ex:", "fg console"],
    run: async (session, words) => (await import("./foreground.ts")).foreground(session, words),
    completes: "processes",
  },
  freeze: {
    help: freezeHelp,
    run: async (session, words) => (await import("./freeze.ts")).freeze(session, words),
  },
  help: {
    help: ["help\t\tPrint a list of available actions", "help <action>\tPrint help for <action>"],
    ours: ["help exit-codes	What the exit codes tell", "Ex:", "help logs"],
    run: help,
    completes: "commands",
  },
  logs: {
    help: logsHelp,
    run: async (session, words) => (await import("./logs.ts")).logs(session, words),
    completes: "processes",
    needsName: exit.badArguments,
    quotes: true,
  },
  maintail: {
    help: [
      "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)",
      "maintail -100\tlast 100 *bytes* of supervisord main log file",
      "maintail\tlast 1600 *bytes* of supervisor main log file",
      "",
    ],
    ours: ["Ex:", "maintail -f"],
    run: async (session, words) => (await import("./tail.ts")).mainTail(session, words),
  },
  open: {
    help: [
      "open <url>\tConnect to a remote supervisord process.",
      "\t\t(for UNIX domain socket, use unix:///socket/path)",
    ],
    ours: ["Ex:", "open unix:///run/drover/drover.sock"],
    run: (session, words, all) => openServer(session, words, all),
  },
  pid: {
    help: [
      "pid\t\t\tGet the PID of supervisord.",
      "pid <name>\t\tGet the PID of a single child process by name.",
      "pid all\t\t\tGet the PID of every child process, one per line.",
    ],
    ours: [
      "pid --tree <name>	The process and all that it has started, with their commands",
      "Ex:",
      "kill -USR1 $(droverctl pid web)",
    ],
    run: pid,
    completes: "processes",
  },
  quiet: {
    help: quietHelp,
    run: async (session, words) => (await import("./control.ts")).quiet(session, words),
    completes: "processes",
    needsName: exit.generic,
  },
  quit: { help: ["quit\tExit the supervisor shell."], ours: ["Ex:", "quit"], run: () => undefined },
  reload: {
    help: ["reload \t\tRestart the remote supervisord."],
    ours: [
      "reload <name>\t\tLet a process read its own configuration again (its reloadsignal=)",
      "reload <gname>:*\tThe same for all running processes in a group",
      "Ex:",
      "reload web:*",
    ],
    run: async (session, words) => (await import("./control.ts")).reload(session, words),
    completes: "processes",
  },
  remove: {
    help: ["remove <name> [...]\tRemoves process/group from active config"],
    ours: ["Ex:", "stop mail:*", "remove mail"],
    run: async (session, words) => (await import("./groups.ts")).remove(session, words),
    completes: "groups",
  },
  reread: {
    help: ["reread \t\t\tReload the daemon's configuration files without add/remove"],
    ours: ["Ex:", "reread"],
    run: async (session) => (await import("./groups.ts")).reread(session),
    alone: true,
  },
  restart: {
    help: [
      "restart <name>\t\tRestart a process",
      "restart <gname>:*\tRestart all processes in a group",
      "restart <name> <name>\tRestart multiple processes or groups",
      "restart all\t\tRestart all processes",
      "Note: restart does not reread config files. For that, see reread and update.",
    ],
    ours: [
      "restart --rolling <gname>:*\tOne after the other: rollout --wait",
      "restart --stale [name]\tOnly those that run an older release than a start would; also --rolling",
      "Ex:",
      "restart worker:*",
      "restart 'worker:worker_0?'",
    ],
    run: async (session, words) => (await import("./control.ts")).restart(session, words),
    completes: "processes",
    needsName: exit.generic,
  },
  rollout: {
    help: rolloutHelp,
    run: async (session, words) => (await import("./rollout.ts")).rollout(session, words),
    completes: "processes",
    missing: exit.unreachable,
  },
  scale: {
    help: scaleHelp,
    run: async (session, words) => (await import("./scale.ts")).scale(session, words),
    completes: "groups",
  },
  shutdown: {
    help: ["shutdown \tShut the remote supervisord down."],
    ours: ["Ex:", "shutdown"],
    run: async (session) => (await import("./control.ts")).shutdown(session),
    alone: true,
  },
  signal: {
    help: [
      "signal <signal name> <name>\t\tSignal a process",
      "signal <signal name> <gname>:*\t\tSignal all processes in a group",
      "signal <signal name> <name> <name>\tSignal multiple processes or groups",
      "signal <signal name> all\t\tSignal all processes",
    ],
    ours: [
      "signal --tree <signal name> <name>	To the process and to all that it has started",
      "Ex:",
      "signal HUP web",
      "signal --tree KILL worker:worker_3",
    ],
    run: async (session, words) => (await import("./control.ts")).signal(session, words),
    completes: "signals",
  },
  start: {
    help: name("start", "Start"),
    ours: ["Ex:", "start worker:*"],
    run: async (session, words) => (await import("./control.ts")).start(session, words),
    completes: "processes",
    needsName: exit.badArguments,
  },
  status: {
    help: [
      "status <name>\t\tGet status for a single process",
      "status <gname>:*\tGet status for all processes in a group",
      "status <name> <name>\tGet status for multiple named processes",
      "status\t\t\tGet all process status info",
    ],
    ours: [
      "On a terminal as a table, where the copies of a program are one line:",
      "-v, --verbose\t\tA line for each copy, as when they are named",
      "-w, --watch\t\tDrawn again when something changes, until q or Ctrl-C",
      "--plain\t\t\tsupervisorctl's lines, as in a pipe or with NO_COLOR",
      "--json\t\t\tAn array of objects, as drover.getAllProcesses gives them",
      "--exit-code=fleet\tExit with 0: all as wanted, 1: degraded, 2: down",
      "CPU is the share of one processor since the start, of the child and all that it has",
      "started, and MEMORY what they hold now.",
      "Ex:",
      "status --exit-code=fleet worker:*",
    ],
    run: status,
    missing: exit.unreachable,
    completes: "processes",
    unreachable: exit.unreachable,
  },
  stop: {
    help: name("stop", "Stop"),
    ours: ["Ex:", "stop 'mail*'"],
    run: async (session, words) => (await import("./control.ts")).stop(session, words),
    completes: "processes",
    needsName: exit.generic,
  },
  tail: {
    help: [
      "tail [-f] <name> [stdout|stderr] (default stdout)",
      "Ex:",
      "tail -f <name>\t\tContinuous tail of named process stdout",
      "\t\t\tCtrl-C to exit.",
      "tail -100 <name>\tlast 100 *bytes* of process stdout",
      "tail <name> stderr\tlast 1600 *bytes* of process stderr",
    ],
    ours: [
      "tail -n 100 <name>\tlast 100 lines of process stdout, also of rotated logs",
      "tail -f -n 100 <name>\tthe same, and what comes then",
      "Ex:",
      "tail -f -n 20 worker:worker_0 stderr",
    ],
    run: async (session, words) => (await import("./tail.ts")).tail(session, words),
    completes: "processes",
  },
  update: {
    help: [
      `update\t\t\t${updates}`,
      `update all\t\t${updates}`,
      "update <gname> [...]\tUpdate specific groups",
    ],
    ours: [
      "What need not change runs on: of a changed numprocs only the difference comes or goes.",
      "update --plan\t\tTell what it would do to each process, and because of which line;",
      "\t\t\texits with 2 when there is something to do",
      "Ex:",
      "update --plan",
      "update mail web",
    ],
    run: async (session, words) => (await import("./groups.ts")).update(session, words),
    completes: "groups",
  },
  thaw: {
    help: thawHelp,
    run: async (session) => (await import("./freeze.ts")).thaw(session),
    alone: true,
  },
  top: {
    help: topHelp,
    run: async (session, words) => (await import("./top.ts")).top(session, words),
    missing: exit.unreachable,
    completes: "processes",
  },
  version: {
    help: ["version\t\t\tShow the version of the remote supervisord process"],
    ours: ["Ex:", "version"],
    run: async (session) =>
      session.print(await session.client.call("supervisor.getSupervisorVersion", {})),
    alone: true,
  },
  wait: {
    help: waitHelp,
    run: async (session, words) => (await import("./wait.ts")).wait(session, words),
    missing: exit.unreachable,
    completes: "processes",
  },
  why: {
    help: whyHelp,
    run: async (session, words) => (await import("./why.ts")).why(session, words),
    missing: exit.unreachable,
    completes: "processes",
  },
};

/** Another server from here on; as in supervisorctl its status is shown, and sets no exit code. */
async function openServer(session: Session, words: readonly string[], all: Commands) {
  session.open(words.join(" "));
  const { exitCode } = session;
  await all.status?.run(session, [], all);
  session.exitCode = exitCode;
}
