import type { ProcessConfig } from "../config.ts";
import { type CommandLine, flagValue, readCommand } from "./commandline.ts";
import { takesJobs } from "./workers.ts";

/** Where a process listens, as far as its options tell. */
export interface Listening {
  port: number;
  /** Of the address, when it has one. */
  host: string | undefined;
  option: "command" | "environment";
  /** The variable that tells it, if one does. */
  variable?: string;
}

/** Options by which any program is told where to listen. */
const listenFlags = [
  "--port",
  "--http-port",
  "--listen-port",
  "--listen",
  "--bind",
  "--server.port",
  "-Dserver.port",
  "--http.port",
  "--web.listen-address",
  "--listen-address",
  "--http-address",
];

/** Options of which only some programs mean a port to listen on. */
const shortFlags: readonly { program: RegExp; flags: readonly string[] }[] = [
  { program: /^(?:gunicorn|hypercorn|puma)$/, flags: ["-b"] },
  {
    program:
      /^(?:puma|daphne|rackup|thin|rails|unicorn|airflow|superset|flask|memcached|beanstalkd|http-server|next|mosquitto|uwsgi)$/,
    flags: ["-p"],
  },
  { program: /^(?:unicorn|serve)$/, flags: ["-l"] },
  { program: /^uwsgi$/, flags: ["--http", "--http-socket", "--socket", "-s"] },
];

/** Programs whose `--port` is that of another one. */
const clients = /^(?:mysql|mysqldump|psql|pg_dump|redis-cli|mongo|mongosh|ssh|autossh|telnet|nc)$/;
/** Ports of databases and brokers: what is told of one of these mostly connects to it. */
const servicePorts = new Set([3306, 5432, 5671, 5672, 6379, 9200, 11_211, 11_300, 27_017, 4730]);
const services =
  /^(?:redis-server|valkey-server|memcached|mysqld|postgres|mongod|beanstalkd|gearmand)$/;

const portVariables = ["PORT", "HTTP_PORT", "LISTEN_PORT", "SERVER_PORT"];

/** Where a process listens; nothing where it rather connects to somebody else. */
export function listeningOf(process: ProcessConfig): Listening[] {
  const command = readCommand(process.command);
  // A queue worker listens nowhere: its `--port` is that of the queue.
  if (!command || clients.test(command.program) || takesJobs(command)) return [];
  // Sockets that share a port on purpose, or are handed over open.
  if (command.args.some((word) => /reuse-?port|^--fd/i.test(word))) return [];
  const address = listenAddress(command);
  const found = address === undefined ? variablePort(process, command) : readAddress(address);
  if (!found) return [];
  const host = found.host ?? flagValue(command.args, "--host", "--bind", "--address");
  if (host !== undefined && isElsewhere(host)) return [];
  if (servicePorts.has(found.port) && !services.test(command.program)) return [];
  return [{ option: "command", ...found, host }];
}

function listenAddress({ program, args }: CommandLine): string | undefined {
  const short = shortFlags.filter((row) => row.program.test(program)).flatMap(({ flags }) => flags);
  return flagValue(args, ...short, ...listenFlags);
}

function variablePort(process: ProcessConfig, command: CommandLine) {
  const environment = { ...process.environment, ...command.environment };
  const variable = portVariables.find((name) => environment[name] !== undefined);
  const found = variable && readAddress(environment[variable] ?? "");
  return found && { ...found, option: "environment" as const, variable };
}

/** `8000`, `:8000`, `0.0.0.0:8000`, `tcp://0.0.0.0:8000`; undefined for a socket file or port 0. */
function readAddress(text: string): { host: string | undefined; port: number } | undefined {
  const [, host, digits] = /^(?:\w+:\/\/)?(?:(.*):)?(\d+)(?:[/?].*)?$/.exec(text) ?? [];
  const port = Number(digits ?? 0);
  return port === 0 || text.startsWith("unix:") ? undefined : { host, port };
}

/** A name of another machine: whoever is given one connects to it. */
const isElsewhere = (host: string): boolean =>
  !isEverywhere(host) && !/^(?:localhost|[\d.]+|\[?[\da-f]*:[\da-f:]*\]?)$/i.test(host);

export const isEverywhere = (host: string | undefined): boolean =>
  host === undefined || /^(?:|\*|0\.0\.0\.0|\[?::\]?)$/.test(host);
