import { Command } from "commander";

/** droverctl's command line, whose flags are supervisorctl's. */
export function createCommand(): Command {
  return new Command("droverctl")
    .description("Shows and controls the processes of a droverd. Without a command: a shell.")
    .helpOption("-h, --help", "print this help and exit")
    .option("-c, --configuration <file>", "configuration file; searched for when not given")
    .option("-s, --serverurl <url>", "unix:///path/to/socket or http://host:port")
    .option("-u, --username <name>", "user name for the server")
    .option("-p, --password <password>", "password for the server")
    .option("-i, --interactive", "ask before a shutdown, also with a command")
    .argument("[command...]", "status, start, stop, ...; `help` lists them")
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}
