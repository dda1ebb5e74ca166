import { Command, CommanderError } from "commander";
import { StartError } from "./errors.ts";

export interface Flags {
  configuration?: string;
  nodaemon?: true;
  silent?: true;
}

/**
 * Reads droverd's command line. `-h` and `-v` print and throw CommanderError with exitCode 0.
 * @throws StartError for anything it does not know
 */
export function parseFlags(argv: readonly string[], version: string): Flags {
  const command = new Command("droverd")
    .description("Keeps the programs of a configuration running.")
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .option("-c, --configuration <file>", "configuration file; searched for when not given")
    .option("-n, --nodaemon", "stay in the foreground")
    .option("-s, --silent", "in the foreground, do not echo the log to stdout")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    const message = error.message.replace(/^error: /, "");
    throw new StartError(`Error: ${message}\nFor help, use droverd -h`, 2, { cause: error });
  }
  return command.opts<Flags>();
}
