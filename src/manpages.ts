import type { Command } from "commander";
import { createCommand as createDroverctl } from "./ctl/commandline.ts";
import { commands } from "./ctl/commands.ts";
import { exitCodes } from "./ctl/exitcodes.ts";
import { createCommand as createDroverd } from "./daemon/flags.ts";

/** For roff: a backslash is one, a hyphen is not a dash, and no line begins a request. */
const text = (given: string): string =>
  given
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1");

const sentence = (given: string): string => `${given[0]?.toUpperCase()}${given.slice(1)}.`;

const heading = (title: string): string => `.SH ${title}`;

const item = (what: string, ...about: readonly string[]): string[] => [
  ".TP",
  `.B ${text(what)}`,
  ...about.map(text),
];

const options = (command: Command): string[] =>
  command.options
    .filter(({ hidden }) => !hidden)
    .flatMap(({ flags, description }) => item(flags, description));

/** `docs/man/droverd.8`. */
export function droverdPage(): string {
  const command = createDroverd("");
  return page([
    '.TH DROVERD 8 "" drover',
    heading("NAME"),
    text("droverd - keeps the programs of a configuration running"),
    heading("SYNOPSIS"),
    ".B droverd",
    text("[options]"),
    ".br",
    ".B droverd check",
    text("[--strict] [--json] [path]"),
    ".br",
    ".B droverd hash\\-password",
    heading("DESCRIPTION"),
    text(
      "droverd reads the [program:x] sections of a supervisord configuration, keeps numprocs copies of " +
        "each command running, restarts what crashes, writes and rotates the logs, and answers droverctl(1), " +
        "supervisorctl and other clients on a Unix socket. It goes into the background unless -n is given.",
    ),
    heading("OPTIONS"),
    ...options(command),
    heading("COMMANDS"),
    ...command.commands.flatMap((each) => [
      ...item(each.name(), each.description()),
      ...(each.options.length > 0 ? [".RS", ...options(each), ".RE"] : []),
    ]),
    heading("SIGNALS"),
    ...item("SIGTERM, SIGINT, SIGQUIT", "Stop all programs, and end."),
    ...item("SIGHUP", "Stop all programs, read the configuration again, and begin anew."),
    ...item("SIGUSR2", "Open the logs again."),
    heading("SEE ALSO"),
    text("droverctl(1); docs/configuration.md of the package has every section and option."),
  ]);
}

/** `docs/man/droverctl.1`. */
export function droverctlPage(): string {
  return page([
    '.TH DROVERCTL 1 "" drover',
    heading("NAME"),
    text("droverctl - shows and controls the processes of a droverd"),
    heading("SYNOPSIS"),
    ".B droverctl",
    text("[options] [command...]"),
    heading("DESCRIPTION"),
    text(
      "droverctl runs one command, or without one a shell that takes them. Its commands, texts and exit " +
        "codes are supervisorctl's; what is drover's own stands with them.",
    ),
    heading("OPTIONS"),
    ...options(createDroverctl()),
    heading("COMMANDS"),
    ...Object.entries(commands).flatMap(([name, { help, ours = [] }]) => [
      ".TP",
      `.B ${text(name)}`,
      ".nf",
      ...[...help, ...ours].map((line) => text(line.trimEnd())).filter((line) => line !== ""),
      ".fi",
    ]),
    heading("EXIT STATUS"),
    ...Object.values(exitCodes).flatMap(({ code, doc }) => item(String(code), sentence(doc))),
    text("With status --exit-code=fleet:"),
    ...Object.values(exitCodes).flatMap(({ code, ...row }) =>
      "fleet" in row ? item(String(code), sentence(row.fleet)) : [],
    ),
    heading("SEE ALSO"),
    text("droverd(8)"),
  ]);
}

const page = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
