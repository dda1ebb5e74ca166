import { Command } from "commander";
import { flagTable } from "./flags.ts";

/** droverctl's command line, for any that may be typed, and for its help. */
export function createCommand(): Command {
  const command = new Command("droverctl")
    .description("Shows and controls the processes of a droverd. Without a command: a shell.")
    .helpOption("-h, --help", "print this help and exit")
    .argument("[command...]", "status, start, stop, ...; `help` lists them")
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const [name, { short, long = name, value, doc }] of Object.entries(flagTable)) {
    const words = `${short ? `-${short}, ` : ""}--${long}`;
    command.option(value === undefined ? words : `${words} <${value}>`, doc);
  }
  return command;
}
