import path from "node:path";
import { isEverywhere, type Listening, listeningOf } from "./listening.ts";
import { type Finding, type Program, type Rule, shownCommand } from "./rule.ts";

const HIGHEST = 65_535;

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
  {
    id: "shared-socket",
    doc: "Two fcgi-programs on the same socket: only one of them can listen there at a time.",
    check: ({ programs }) => sharedSockets(programs),
  },
];

function sharedByCopies(program: Program): Finding | undefined {
  const { section, processes } = program;
  if (processes.length < 2) return undefined;
  const taken = new Ports<undefined>();
  const twice = processes.flatMap(listeningOf).find((one) => !taken.take(one, undefined));
  if (!twice) return undefined;
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
  processes.flatMap(listeningOf).map(({ port }) => port);

function freeAfter(port: number, taken: ReadonlySet<number>): number {
  let free = port + 1;
  while (taken.has(free)) free++;
  return free;
}

function sharedByPrograms(programs: readonly Program[]): Finding[] {
  // Of two that share a port on purpose one waits to be started by hand.
  const started = programs.filter(({ first }) => first.autostart);
  const taken = new Set(started.flatMap(portsOf));
  const known = new Ports<Program>();
  return started.flatMap((program) => {
    // Variables are copied from program to program, also to those that listen nowhere.
    const flags = program.processes.flatMap(listeningOf).filter((one) => one.option === "command");
    const clash = flags.map((one) => known.find(one)).find((found) => found !== undefined);
    for (const one of flags) known.take(one, program);
    if (!clash) return [];
    const { port } = clash.at;
    return {
      section: program.section,
      option: "command",
      message: `listens on port ${port}, and so does [${clash.owner.section.name}]`,
      why: "Whichever starts first gets the port; the other restarts in a circle and becomes FATAL.",
      instead: otherPort(program, port, freeAfter(port, taken)),
    };
  });
}

function otherPort(program: Program, port: number, free: number): string {
  const shown = shownCommand(program);
  const written = shown.replace(literal(port), String(free));
  return written === shown ? `a port of its own, such as ${free}` : `command=${written}`;
}

function sharedSockets(programs: readonly Program[]): Finding[] {
  const owners = new Map<string, Program>();
  return programs.flatMap((program) => {
    const { autostart, socket: values } = program.first;
    // Of two that take turns on purpose one waits to be started by hand.
    if (!autostart || !values) return [];
    const { socket } = values;
    const where = JSON.stringify(socket);
    const owner = owners.get(where);
    owners.set(where, owner ?? program);
    if (!owner) return [];
    const other =
      socket.family === "unix"
        ? `unix://${path.dirname(socket.path)}/%(program_name)s.sock`
        : `tcp://${socket.host}:${socket.port + 1}`;
    return {
      section: program.section,
      option: "socket",
      message: `listens on the same socket as [${owner.section.name}]`,
      why: "Whichever starts first gets the socket; the other is tried again and becomes FATAL.",
      instead: `socket=${other}`,
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

/** Who listens where. */
class Ports<Owner> {
  readonly #byPort = new Map<number, { at: Listening; owner: Owner }[]>();

  find(at: Listening) {
    return this.#byPort.get(at.port)?.find((known) => collide(known.at, at));
  }

  /** @returns false when somebody else listens there already */
  take(at: Listening, owner: Owner): boolean {
    if (this.find(at)) return false;
    this.#byPort.set(at.port, [...(this.#byPort.get(at.port) ?? []), { at, owner }]);
    return true;
  }
}

const collide = (a: Listening, b: Listening): boolean =>
  a.port === b.port &&
  a.port <= HIGHEST &&
  (a.host === b.host || isEverywhere(a.host) || isEverywhere(b.host));
