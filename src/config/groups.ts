import { byPriority } from "../process/order.ts";
import type { GroupConfig, ProcessConfig } from "./config.ts";
import { fcgiOptions, listenerOptions } from "./options/programs.ts";
import { type Problem, quote, suggest } from "./problems.ts";
import { type ProgramSpec, readProgram } from "./programs.ts";
import { problemIn, type RawSection } from "./raw.ts";
import type { SectionContext } from "./reading.ts";
import { sections as kinds } from "./sections.ts";
import { readOptions } from "./table.ts";

type Named = ReadonlyMap<string, RawSection>;

/**
 * Programs and groups as supervisord makes them: a program outside any group is a group of its own,
 * and so is every event listener.
 */
export function readGroups(
  sections: ReadonlyMap<string, RawSection>,
  context: SectionContext,
): GroupConfig[] {
  const programs = named("program:", sections, context.problems);
  const fcgi = named("fcgi-program:", sections, context.problems);
  const listeners = named("eventlistener:", sections, context.problems);
  const grouped = new Set<RawSection>();
  const groups: GroupConfig[] = [];
  for (const [name, section] of named("group:", sections, context.problems)) {
    groups.push(readGroup(name, section, { programs, fcgi, grouped }, context));
  }
  for (const [name, section] of programs) {
    if (!grouped.has(section)) groups.push(ownGroup({ kind: "program", name, section }, context));
  }
  for (const [name, section] of listeners) groups.push(readPool(name, section, context));
  for (const [name, section] of fcgi) {
    if (grouped.has(section)) continue;
    groups.push(ownGroup({ kind: "fcgi-program", name, section }, context));
  }
  return firstOfEachName(groups.sort(byPriority));
}

/** The sections of a kind by the names after their colons. */
export function named(
  prefix: string,
  sections: ReadonlyMap<string, RawSection>,
  problems: Problem[],
): Named {
  const found = new Map<string, RawSection>();
  for (const section of sections.values()) {
    if (!section.name.startsWith(prefix)) continue;
    const name = section.name.slice(prefix.length).trim();
    if (name !== "" && !/[ :/\0]/.test(name)) found.set(name, section);
    else {
      const message = `expected a name without spaces, colons and slashes, got ${quote(name)}`;
      problems.push(problemIn(section, undefined, message));
    }
  }
  return found;
}

interface Members {
  programs: Named;
  fcgi: Named;
  /** Those that are in a group: they have none of their own. */
  grouped: Set<RawSection>;
}

function readGroup(
  name: string,
  section: RawSection,
  { programs, fcgi, grouped }: Members,
  context: SectionContext,
): GroupConfig {
  const { options, names } = kinds.group;
  const group = readOptions(options, { section, known: context.known, names }, context);
  // A name that is there twice is one member.
  const processes = [...new Set(group.programs)].flatMap((member) => {
    const program = programs.get(member);
    const pool = fcgi.get(member);
    const refuse = (message: string) => {
      context.problems.push(problemIn(section, "programs", message));
      return [];
    };
    if (program && pool) {
      grouped.add(program).add(pool);
      return refuse(`${quote(member)} is both [program:${member}] and [fcgi-program:${member}]`);
    }
    const found = program ?? pool;
    if (!found) {
      if (member === "") return refuse("expected a name on each side of a comma");
      const known = context.hints-- > 0 ? [...programs.keys(), ...fcgi.keys()] : [];
      return refuse(
        `there is no ${quote(`[program:${member}]`).slice(1, -1)}${suggest(member, known)}`,
      );
    }
    grouped.add(found);
    return readProgram({ ...memberOf(member, found, pool, context), group: name }, context);
  });
  return {
    name,
    priority: group.priority,
    processes: lastOfEachName(processes),
    pool: undefined,
    section,
  };
}

type Member = Omit<ProgramSpec, "group">;

/**
 * supervisord makes plain programs of the fcgi-programs in its groups, and does not look at their
 * sockets. Here they keep them; where one cannot be used, that is told, and the program runs without.
 */
function memberOf(
  name: string,
  section: RawSection,
  fcgi: RawSection | undefined,
  context: SectionContext,
): Member {
  if (!fcgi?.values.has("socket")) return { kind: "program", name, section };
  const problems: Problem[] = [];
  const socket = readSocket(name, section, { ...context, problems });
  for (const problem of problems) context.problems.push({ ...problem, severity: "warning" });
  return problems.length > 0
    ? { kind: "program", name, section }
    : { kind: "fcgi-program", name, section, socket };
}

function readSocket(name: string, section: RawSection, context: SectionContext) {
  const known = {
    ...context.known,
    values: { ...context.known.values, program_name: name },
  };
  const values = readOptions(fcgiOptions, { section, known, names: "here" }, context);
  if (values.socket?.family === "inet") {
    for (const option of ["socket_owner", "socket_mode"]) {
      if (!section.values.has(option)) continue;
      const message = "only a Unix socket has an owner and a mode, and socket= is a TCP one";
      context.problems.push(problemIn(section, option, message));
    }
  }
  return values;
}

function ownGroup(member: Member, context: SectionContext): GroupConfig {
  const { name, section } = member;
  const socket = member.kind === "fcgi-program" ? readSocket(name, section, context) : undefined;
  const processes = readProgram({ ...member, group: name, ...(socket && { socket }) }, context);
  const priority = processes[0]?.priority ?? 999;
  return { name, priority, processes, pool: undefined, section };
}

/** Listeners start before all others and stop after them, unless their priority says otherwise. */
const POOL_PRIORITY = -1;

function readPool(name: string, section: RawSection, context: SectionContext): GroupConfig {
  const { known, problems } = context;
  const pool = readOptions(listenerOptions, { section, known, names: "here" }, context);
  if (section.values.has("events") && pool.events?.length === 0) {
    problems.push(problemIn(section, "events", "expected at least one event type, got none"));
  }
  if (pool.result_handler !== listenerOptions.result_handler.default) {
    const message = `drover cannot load Python: results are judged as supervisord does by default, and want OK`;
    problems.push(problemIn(section, "result_handler", message, "warning"));
  }
  const spec: ProgramSpec = { kind: "eventlistener", name, group: name, section };
  const processes = readProgram(spec, context);
  const priority = section.values.has("priority")
    ? (processes[0]?.priority ?? POOL_PRIORITY)
    : POOL_PRIORITY;
  return { name, priority, processes, pool, section };
}

const firstOfEachName = (groups: GroupConfig[]): GroupConfig[] => {
  const seen = new Set<string>();
  return groups.filter(({ name }) => !seen.has(name) && seen.add(name));
};

/** Of several processes with one name in a group the last is the one; it stands where the first stood. */
const lastOfEachName = (processes: readonly ProcessConfig[]): ProcessConfig[] => [
  ...new Map(processes.map((process) => [process.name, process])).values(),
];
