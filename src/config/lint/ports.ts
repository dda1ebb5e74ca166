import type { ProcessConfig } from "../config.ts";
import { type CommandLine, flagValue, readCommand } from "./commandline.ts";
import { type Finding, type Program, type Rule, shownCommand } from "./rule.ts";
import { takesJobs } from "./workers.ts";

const HIGHEST = 65_535;

/** Where a process listens, as far as its options tell. */
interface Listening {
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
  { program: /^php[\d.]*$/, flags: ["-S"] },
  { program: /^uwsgi$/, flags: ["--http", "--http-socket", "--socket", "-s"] },
];

/** Programs whose `--port` is that of another one. */
const clients = /^(?:mysql|mysqldump|psql|pg_dump|redis-cli|mongo|mongosh|ssh|autossh|telnet|nc)$/;
/** Ports of databases and brokers: what is told of one of these mostly connects to it. */
const servicePorts = new Set([3306, 5432, 5672, 6379, 9200, 11_211, 11_300, 27_017, 4730]);
const services =
  /^(?:redis-server|valkey-server|memcached|mysqld|postgres|mongod|beanstalkd|gearmand)$/;

const portVariables = ["PORT", "HTTP_PORT", "LISTEN_PORT", "SERVER_PORT"];

export const portRules: readonly Rule[] = [
  {
    id: "shared-port",
    doc: "Copies of a program, or two programs, that listen on the same port: only one of them can.",
    check: ({ programs }) => [
      ...programs.flatMap((program) => sharedByCopies(program) ?? []),
      ...sharedByPrograms(programs),
    ],
  },
  {
    id: "port-too-high",
    doc: "A port that is computed from process_num must not exceed 65535.",
    check: ({ programs }) => programs.flatMap((program) => tooHigh(program) ?? []),
  },
];

function sharedByCopies(program: Program): Finding | undefined {
  const { section, processes } = program;
  const all = processes.flatMap((process) => listeningOf(process));
  const twice = all.find((one, at) => all.some((other, from) => from < at && collide(one, other)));
  if (!twice || processes.length < 2) return undefined;
  return {
    section,
    option: twice.option,
    message: `${processes.length} copies, and more than one listens on port ${twice.port}`,
    why: "The first copy gets the port, the others cannot bind it, restart in a circle and become FATAL.",
    instead:
      twice.option === "command"
        ? `command=${withNumber(shownCommand(program), twice.port)}`
        : `environment=…,${twice.variable}="${withNumber(String(twice.port), twice.port)}"`,
  };
}

/** The port counted by copy: what is counted wrongly is renamed, else the last two digits count. */
function withNumber(text: string, port: number): string {
  if (text.includes("%(numprocs)")) return text.replaceAll("%(numprocs)", "%(process_num)");
  const base = String(port).slice(0, -2);
  return text.replace(literal(port), `${base}%(process_num)02d`);
}

/** A port where it stands as a number of its own. */
const literal = (port: number): RegExp => new RegExp(`(?<![\\d.])${port}(?!\\d)`);

const portsOf = ({ processes }: Program): number[] =>
  processes.flatMap((process) => listeningOf(process)).map(({ port }) => port);

function freeAfter(port: number, taken: ReadonlySet<number>): number {
  let free = port + 1;
  while (taken.has(free)) free++;
  return free;
}

function sharedByPrograms(programs: readonly Program[]): Finding[] {
  // Of two that share a port on purpose one waits to be started by hand.
  const started = programs.filter(({ first }) => first.autostart);
  const taken = new Set(started.flatMap(portsOf));
  const known: { program: Program; at: Listening }[] = [];
  return started.flatMap((program) => {
    const own = program.processes.flatMap((process) => listeningOf(process));
    // Variables are copied from program to program, also to those that listen nowhere.
    const flags = own.filter(({ option }) => option === "command");
    const clash = known.find(({ at }) => flags.some((one) => collide(one, at)));
    known.push(...flags.map((at) => ({ program, at })));
    if (!clash) return [];
    const { port } = clash.at;
    return {
      section: program.section,
      option: "command",
      message: `listens on port ${port}, and so does [${clash.program.section.name}]`,
      why: "Whichever starts first gets the port; the other restarts in a circle and becomes FATAL.",
      instead: `command=${shownCommand(program).replace(literal(port), String(freeAfter(port, taken)))}`,
    };
  });
}

function tooHigh({ section, processes }: Program): Finding | undefined {
  for (const process of processes) {
    const found = listeningOf(process).find(({ port }) => port > HIGHEST);
    if (!found) continue;
    return {
      section,
      option: found.option,
      message: `${process.name} is to listen on port ${found.port}, and the highest is ${HIGHEST}`,
      why: "That copy never starts: no such port can be bound.",
      instead: `a lower base, so that the last copy stays below ${HIGHEST}`,
    };
  }
  return undefined;
}

const collide = (a: Listening, b: Listening): boolean =>
  a.port === b.port &&
  a.port <= HIGHEST &&
  (a.host === b.host || isEverywhere(a.host) || isEverywhere(b.host));

const isEverywhere = (host: string | undefined): boolean =>
  host === undefined || /^(?:|\*|0\.0\.0\.0|\[?::\]?)$/.test(host);

function listeningOf(process: ProcessConfig): Listening[] {
  const command = readCommand(process.command);
  // A queue worker listens nowhere: its `--port` is that of the queue.
  if (!command || clients.test(command.program) || takesJobs(command)) return [];
  // Sockets that share a port on purpose, or are handed over open.
  if (command.args.some((word) => /reuse-?port|^--fd/i.test(word))) return [];
  const address = listenAddress(command);
  const found = address === undefined ? variablePort(process, command) : readAddress(address);
  if (!found) return [];
  const host = found.host ?? flagValue(command.args, "--host");
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
  !isEverywhere(host) && !/^(?:localhost|[\d.]+|\[?[\da-f:]+\]?|%\(.*)$/i.test(host);
