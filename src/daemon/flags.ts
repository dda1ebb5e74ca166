import { Command, CommanderError, Option } from "commander";
import { boolean } from "../config/kinds/words.ts";
import type { Overrides } from "../config/load.ts";
import { supervisordOptions } from "../config/options/supervisord.ts";
import { suggest } from "../config/problems.ts";
import type { OptionRow } from "../config/table.ts";
import { StartError } from "./errors.ts";

export interface CommandLine {
  /** Supervise, only check the configuration, print one to start from, or make `password=` of one. */
  action: "run" | "check" | "sample" | "hash-password";
  configuration: string | undefined;
  /** What the command line says instead of `[supervisord]`. */
  overrides: Overrides;
  /** `check`: warnings are failures too. */
  strict: boolean;
  /** `check`: as JSON. */
  json: boolean;
}

/** The options of `[supervisord]` that are flags too. */
const flagged = Object.entries<OptionRow>(supervisordOptions).filter(
  ([, { flag }]) => flag !== undefined,
);

/**
 * Reads droverd's command line, whose flags are supervisord's. `-h` and `-v` print and throw
 * CommanderError with exitCode 0.
 * @throws StartError for anything it does not know
 */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  const read: Pick<CommandLine, "action" | "strict" | "json"> & { file?: string } = {
    action: "run",
    strict: false,
    json: false,
  };
  const command = createCommand(version);
  command.action(({ echoConfig }) => {
    if (echoConfig) read.action = "sample";
  });
  command
    .command("check")
    .description("Check the configuration without starting anything, and name what will hurt.")
    .option("--strict", "exit with 1 when there are warnings")
    .option("--json", "print what was found as JSON")
    .argument("[path]", "configuration file or folder; -c does the same")
    .addHelpText("after", "\nThe flags of droverd may be given too.")
    .action((file: string | undefined, { strict = false, json = false }) => {
      Object.assign(read, { action: "check", file, strict, json });
    });
  command
    .command("hash-password")
    .description("Read a password from stdin, and print what password= takes in place of it.")
    .action(() => {
      read.action = "hash-password";
    });
  try {
    refuseRepeats(command);
    const options = [command, ...command.commands].flatMap((one) => one.options);
    command.parse(unabbreviate(argv, options), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    const message =
      error.code === "commander.excessArguments" && !commands.includes(command.args[0] ?? "")
        ? strayArguments(command.args)
        : error.message.replace(/^error: /, "");
    throw new StartError(`Error: ${message}\nFor help, use droverd -h`, 2, { cause: error });
  }
  const given = command.opts();
  const overrides = flagged.flatMap(([name]) =>
    given[name] === undefined ? [] : [[name, String(given[name])]],
  );
  const { file, ...does } = read;
  return {
    ...does,
    configuration: given.configuration ?? file,
    overrides: Object.fromEntries(overrides),
  };
}

const commands = ["check", "hash-password"];

const strayArguments = ([first = "", ...others]: readonly string[]): string =>
  `positional arguments are not supported: ${[first, ...others].join(" ")}${suggest(first, commands)}`;

/** droverd's command line. */
export function createCommand(version: string): Command {
  const command = new Command("droverd")
    .description("Keeps the programs of a configuration running.")
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit; so does -?")
    .helpCommand(false)
    .option(
      "-c, --configuration <path>",
      "configuration file or folder; searched for when not given",
    )
    .option("--echo-config", "print a configuration with every option and its default, and exit")
    .addOption(new Option("-?").hideHelp())
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const [name, { flag, kind, doc }] of flagged) {
    const value = kind === boolean ? "" : " <value>";
    command.option(`${flag ? `-${flag}, ` : ""}--${name}${value}`, doc);
  }
  return command.on("option:?", () => command.help());
}

/** As in supervisord: what is given twice, in its short or its long form, is a mistake. */
function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    let count = 0;
    command.on(`option:${option.name()}`, () => {
      if (++count > 1) command.error(`error: ${option.long ?? option.short} is given twice`);
    });
  }
}

/**
 * Writes out long options that were shortened to a beginning that only one of them has, as getopt
 * allows. The values of options are left alone.
 */
function unabbreviate(argv: readonly string[], options: readonly Option[]): string[] {
  const longs = ["--help", ...options.flatMap(({ long }) => long ?? [])];
  let isValue = false;
  return argv.map((word) => {
    if (isValue) {
      isValue = false;
      return word;
    }
    const [, typed, value = ""] = /^(--[^=]+)(=.*)?$/s.exec(word) ?? [];
    if (typed === undefined) {
      isValue = wantsValue(word, options);
      return word;
    }
    const matches = longs.filter((long) => long.startsWith(typed));
    const [only] = longs.includes(typed) ? [typed] : matches.length === 1 ? matches : [];
    const option = options.find(({ long }) => long === (only ?? typed));
    isValue = option?.required === true && value === "";
    return `${only ?? typed}${value}`;
  });
}

/** Whether the next word belongs to these short options: the first that takes a value is the last. */
function wantsValue(word: string, options: readonly Option[]): boolean {
  const letters = /^-([^-].*)$/s.exec(word)?.[1] ?? "";
  const takes = (letter: string) =>
    options.some(({ short, required }) => short === `-${letter}` && required);
  const at = [...letters].findIndex(takes);
  return at >= 0 && at === letters.length - 1;
}
