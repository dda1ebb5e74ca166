import { BadValue, suggest } from "../config/problems.ts";
import { splitCommand } from "../config/shlex.ts";
import { Fault } from "../faults.ts";
import { ServerError } from "../rpc/client.ts";
import { clear, reload, restart, signal, start, stop } from "./control.ts";
import { foreground } from "./foreground.ts";
import { add, avail, remove, reread, update } from "./groups.ts";
import { formatTopics } from "./help.ts";
import { logs, logsHelp } from "./logs.ts";
import { eventsHelp, waitHelp, whyHelp } from "./ourhelp.ts";
import { expandPatterns, hintAtNames } from "./patterns.ts";
import { explain } from "./problems.ts";
import { exit, type Session } from "./session.ts";
import { pid, status } from "./status.ts";
import { mainTail, tail } from "./tail.ts";
import { UsageError } from "./usage.ts";

/** One command: everything that is known of it. */
export interface Command {
  /** Lines of `help NAME`; supervisorctl's own, tabs included. */
  help: readonly string[];
  /** What only drover has: shown by `help NAME`, and not after an error. */
  ours?: readonly string[];
  run(session: Session, words: readonly string[]): Promise<void> | void;
  /** What may follow it, for completion. */
  completes?: "processes" | "groups" | "commands" | "signals" | "events";
  /** Needs at least one name; the exit code when there is none. */
  needsName?: number;
  /** Takes no words at all. */
  alone?: true;
  /** Its words are taken as the command line has them: in the shell they may be quoted. */
  quotes?: true;
  /** Its exit code when the server cannot be reached, where it is not the trouble's own. */
  unreachable?: number;
}

const name = (verb: string, does: string) => [
  `${verb} <name>\t\t${does} a process`,
  `${verb} <gname>:*\t\t${does} all processes in a group`,
  `${verb} <name> <name>\t${does} multiple processes or groups`,
  `${verb} all\t\t${does} all processes`,
];

const statusCommand: Command = {
  help: [
    "status <name>\t\tGet status for a single process",
    "status <gname>:*\tGet status for all processes in a group",
    "status <name> <name>\tGet status for multiple named processes",
    "status\t\t\tGet all process status info",
  ],
  run: status,
  completes: "processes",
  unreachable: exit.unreachable,
};

const updates = "Reload config and add/remove as necessary, and will restart affected programs";

/** Every command. One-shot calls, the shell, help and completion come from it. */
export const commands: Readonly<Record<string, Command>> = {
  add: {
    help: ["add <name> [...]\tActivates any updates in config for process/group"],
    run: add,
    completes: "groups",
  },
  avail: {
    help: ["avail\t\t\tDisplay all configured processes"],
    run: avail,
    alone: true,
  },
  clear: {
    help: [
      "clear <name>\t\tClear a process' log files.",
      "clear <name> <name>\tClear multiple process' log files",
      "clear all\t\tClear all process' log files",
    ],
    run: clear,
    completes: "processes",
    needsName: exit.generic,
  },
  events: {
    help: eventsHelp,
    run: async (...args) => (await import("./events.ts")).events(...args),
    completes: "events",
  },
  exit: { help: ["exit\tExit the supervisor shell."], run: () => undefined },
  fg: {
    help: ["fg <process>\tConnect to a process in foreground mode", "\t\tCtrl-C to exit"],
    run: foreground,
    completes: "processes",
  },
  help: {
    help: ["help\t\tPrint a list of available actions", "help <action>\tPrint help for <action>"],
    run: help,
    completes: "commands",
  },
  logs: {
    help: logsHelp,
    run: logs,
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
    run: mainTail,
  },
  open: {
    help: [
      "open <url>\tConnect to a remote supervisord process.",
      "\t\t(for UNIX domain socket, use unix:///socket/path)",
    ],
    run: open,
  },
  pid: {
    help: [
      "pid\t\t\tGet the PID of supervisord.",
      "pid <name>\t\tGet the PID of a single child process by name.",
      "pid all\t\t\tGet the PID of every child process, one per line.",
    ],
    run: pid,
    completes: "processes",
  },
  quit: { help: ["quit\tExit the supervisor shell."], run: () => undefined },
  reload: {
    help: [
      "reload \t\tRestart the remote supervisord.",
      "reload <name>\t\tLet a process read its own configuration again (its reloadsignal=)",
      "reload <gname>:*\tThe same for all running processes in a group",
    ],
    run: reload,
    completes: "processes",
  },
  remove: {
    help: ["remove <name> [...]\tRemoves process/group from active config"],
    run: remove,
    completes: "groups",
  },
  reread: {
    help: ["reread \t\t\tReload the daemon's configuration files without add/remove"],
    run: reread,
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
    run: restart,
    completes: "processes",
    needsName: exit.generic,
  },
  shutdown: {
    help: ["shutdown \tShut the remote supervisord down."],
    run: shutdown,
    alone: true,
  },
  signal: {
    help: [
      "signal <signal name> <name>\t\tSignal a process",
      "signal <signal name> <gname>:*\t\tSignal all processes in a group",
      "signal <signal name> <name> <name>\tSignal multiple processes or groups",
      "signal <signal name> all\t\tSignal all processes",
    ],
    run: signal,
    completes: "signals",
  },
  start: {
    help: name("start", "Start"),
    run: start,
    completes: "processes",
    needsName: exit.badArguments,
  },
  status: statusCommand,
  stop: {
    help: name("stop", "Stop"),
    run: stop,
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
    ],
    run: tail,
    completes: "processes",
  },
  update: {
    help: [
      `update\t\t\t${updates}`,
      `update all\t\t${updates}`,
      "update <gname> [...]\tUpdate specific groups",
    ],
    run: update,
    completes: "groups",
  },
  version: {
    help: ["version\t\t\tShow the version of the remote supervisord process"],
    run: async (session) =>
      session.print(await session.client.call("supervisor.getSupervisorVersion", {})),
    alone: true,
  },
  wait: {
    help: waitHelp,
    run: async (...args) => (await import("./wait.ts")).wait(...args),
    completes: "processes",
  },
  why: {
    help: whyHelp,
    run: async (...args) => (await import("./why.ts")).why(...args),
    completes: "processes",
  },
};

/** Runs one line as typed. Whatever goes wrong is told, and sets the exit code. */
export async function runLine(session: Session, line: string): Promise<void> {
  const text = line.trim().replace(/^\?/, "help ");
  const [word = "", ...words] = text.split(/\s+/);
  if (word === "") return;
  const command = commandOf(word);
  if (!command) {
    session.print(`*** Unknown syntax: ${line.trim()}`);
    // Programs that read this compare it with supervisorctl's.
    const hint = session.toTerminal ? suggest(word, Object.keys(commands)) : "";
    if (hint !== "") session.complain(`${word}${hint}`);
    session.exitCode = exit.generic;
    return;
  }
  await run(session, { word, command }, () => (command.quotes ? unquote(text).slice(1) : words));
}

/** Runs the words of a command line; all but a few commands take them as if typed in one line. */
export async function runWords(session: Session, typed: readonly string[]): Promise<void> {
  const [word = "", ...words] = typed;
  const command = commandOf(word);
  if (!command?.quotes) await runLine(session, typed.join(" "));
  else await run(session, { word, command }, () => words);
}

const takesProcesses = ({ completes }: Command): boolean =>
  completes === "processes" || completes === "signals";

const commandOf = (word: string): Command | undefined =>
  Object.hasOwn(commands, word) ? commands[word] : undefined;

/** @throws UsageError */
function unquote(text: string): string[] {
  try {
    return splitCommand(text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new UsageError(`Error: ${error.message}`);
  }
}

async function run(
  session: Session,
  { word, command }: { word: string; command: Command },
  read: () => readonly string[],
): Promise<void> {
  const prepare = async (typed: readonly string[]) => {
    const words = takesProcesses(command) ? await expandPatterns(session, typed) : typed;
    checkWords(word, command, words);
    return words;
  };
  try {
    const typed = read();
    if (typed.includes("--json")) {
      const { answerInJson, jsonAnswers } = await import("./json.ts");
      const answer = Object.hasOwn(jsonAnswers, word) ? jsonAnswers[word] : undefined;
      const others = typed.filter((each) => each !== "--json");
      if (answer) {
        await answerInJson(session, answer, () => prepare(others));
        return;
      }
    }
    const words = await prepare(typed);
    const { exitCode } = session;
    session.exitCode = 0;
    await command.run(session, words);
    const failed = session.exitCode !== 0;
    session.exitCode ||= exitCode;
    if (failed && session.toTerminal && takesProcesses(command)) await hintAtNames(session, words);
  } catch (error) {
    tell(session, command, error);
  }
}

function checkWords(word: string, command: Command, words: readonly string[]): void {
  if (command.needsName !== undefined && words.length === 0) {
    throw new UsageError(`Error: ${word} requires a process name`, true, command.needsName);
  }
  if (command.alone && words.length > 0) {
    throw new UsageError(`Error: ${word} accepts no arguments`, true);
  }
}

function tell(session: Session, command: Command, error: unknown): void {
  if (error instanceof UsageError) {
    session.print(error.message);
    if (error.withHelp) for (const line of command.help) session.print(line);
    session.exitCode = error.exitCode;
  } else if (error instanceof ServerError) {
    const { line, remedy, exitCode } = explain(error, session.client.url);
    session.print(line);
    session.complain(remedy);
    session.exitCode = command.unreachable ?? exitCode;
  } else if (error instanceof Fault) {
    session.print(`error: ${error.message}`);
    if (error.fault === "SHUTDOWN_STATE") session.complain("droverd is shutting down");
    session.exitCode = exit.generic;
  } else throw error;
}

function help(session: Session, words: readonly string[]): void {
  const topic = words.join(" ");
  if (topic === "") {
    for (const line of formatTopics(Object.keys(commands))) session.print(line);
    return;
  }
  const command = commandOf(topic);
  const lines = command ? [...command.help, ...(command.ours ?? [])] : [`*** No help on ${topic}`];
  for (const line of lines) session.print(line);
}

/** Another server from here on; as in supervisorctl its status is shown, and sets no exit code. */
async function open(session: Session, words: readonly string[]): Promise<void> {
  session.open(words.join(" "));
  const { exitCode } = session;
  await run(session, { word: "status", command: statusCommand }, () => []);
  session.exitCode = exitCode;
}

async function shutdown(session: Session): Promise<void> {
  const question = "Really shut the remote supervisord process down y/N? ";
  if (session.interactive && !(await session.confirm(question))) return;
  try {
    await session.client.call("supervisor.shutdown", {});
    session.print("Shut down");
  } catch (error) {
    if (error instanceof Fault && error.fault === "SHUTDOWN_STATE") {
      session.print("ERROR: already shutting down");
    } else if (error instanceof ServerError && ["ENOENT", "ECONNREFUSED"].includes(error.reason)) {
      session.print(`ERROR: ${explain(error, session.client.url).line} (already shut down?)`);
      session.exitCode = exit.generic;
    } else throw error;
  }
}
