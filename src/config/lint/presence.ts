import path from "node:path";
import { masked } from "../masking.ts";
import { splitCommand } from "../shlex.ts";
import type { LintFacts } from "./lint.ts";
import {
  eachProgram,
  type Finding,
  type Fleet,
  type Program,
  type Rule,
  shownCommand,
} from "./rule.ts";
import { shellSyntaxOf } from "./shellsyntax.ts";
import { writtenWords } from "./writtenwords.ts";

export const presenceRules: readonly Rule[] = [
  {
    id: "command-not-found",
    doc: "The command of a program must be there, as supervisord looks for it, and may be run.",
    check: (fleet) => eachProgram((program) => notFound(program, fleet))(fleet),
  },
  {
    id: "directory-missing",
    doc: "The folder that a program is to run in must be there.",
    check: (fleet) => eachProgram((program) => noDirectory(program, fleet.facts))(fleet),
  },
];

function notFound(program: Program, { config, facts }: Fleet): Finding | undefined {
  const { section, first } = program;
  const [word] = splitCommand(first.command);
  if (word === undefined || shellSyntaxOf(program, facts)?.leads) return undefined;
  const searchPath = first.environment.PATH ?? config.supervisord.environment.PATH;
  const fault = facts.commandFault(word, searchPath);
  if (fault === undefined) return undefined;
  const { directory: cwd, nodaemon } = config.supervisord;
  const isRelative = word.includes("/") && !path.isAbsolute(word);
  // In the background the daemon goes to its own folder, and looks from there.
  if (isRelative && cwd !== undefined && !nodaemon) {
    if (facts.commandFault(path.join(cwd, word), searchPath) === undefined) return undefined;
  }
  const from = isRelative && first.directory !== undefined ? fromElsewhere : "";
  return {
    section,
    option: "command",
    message: masked(fault) + whereSearched(word, searchPath) + from,
    why: "It cannot be started: it is tried a few times, and is then FATAL.",
    instead: presentCommand(program, word, facts),
  };
}

const fromElsewhere =
  " from the folder the daemon is started in: directory= only counts once it is found";

const whereSearched = (word: string, searchPath: string | undefined): string =>
  searchPath === undefined || word.includes("/")
    ? ""
    : `, which is looked up in PATH=${masked(searchPath)}`;

function presentCommand(program: Program, word: string, facts: LintFacts): string {
  const shown = shownCommand(program);
  const rest = shown.slice(writtenWords(shown)[0]?.length ?? 0);
  const { directory } = program.first;
  if (!word.includes("/")) return `command=/path/to/${word}${rest}`;
  if (!path.isAbsolute(word)) {
    const folder = directory !== undefined && path.isAbsolute(directory) ? directory : "/path/to";
    return `command=${path.join(folder, word)}${rest}`;
  }
  if (facts.mode(word) === undefined) return "command= the path of a program that is there";
  return facts.isDirectory(word)
    ? `command=${path.join(word, "PROGRAM")}${rest}`
    : `chmod +x ${word}`;
}

function noDirectory({ section, first }: Program, facts: LintFacts): Finding | undefined {
  const { directory, user } = first;
  // Where a relative one leads depends on where the daemon is started.
  if (directory === undefined || !/^[/~]/.test(directory)) return undefined;
  const isHome = directory.startsWith("~");
  if (!isHome && facts.isDirectory(directory)) return undefined;
  const home = user?.home ?? "%(ENV_HOME)s";
  return {
    section,
    option: "directory",
    message: isHome
      ? "~ stands for no folder in directory=: no shell reads it"
      : `there is no folder ${directory}`,
    why: "It cannot be started: it is tried a few times, and is then FATAL.",
    instead: /^~(?:\/|$)/.test(directory)
      ? `directory=${home}${directory.slice(1)}`
      : isHome
        ? "directory= the absolute path of a folder"
        : `install -d ${user ? `-o ${user.name} ` : ""}${directory}`,
  };
}
