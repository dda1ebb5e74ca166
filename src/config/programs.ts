import { byPriority } from "../process/order.ts";
import type { GroupConfig, ProcessConfig } from "./config.ts";
import type { Names } from "./expand.ts";
import { groupOptions, processOptions, programOptions } from "./options.ts";
import { type Problem, suggest } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";
import { type Reading, readOptions, type Values, warnUnknown } from "./table.ts";

/** Gives the names that may be expanded in a file, with `extra` ones on top. */
export type NamesOf = (file: string, extra?: Readonly<Record<string, string | number>>) => Names;

/** Programs and groups as supervisord makes them: a program outside any group is a group of its own. */
export function readGroups(
  sections: ReadonlyMap<string, RawSection>,
  namesOf: NamesOf,
  reading: Reading,
): GroupConfig[] {
  const programs = new Map<string, RawSection>();
  const groups: GroupConfig[] = [];
  const grouped = new Set<string>();
  for (const section of sections.values()) {
    const name = sectionName(section, "program:", reading.problems);
    if (name !== undefined) programs.set(name, section);
  }
  for (const section of sections.values()) {
    const name = sectionName(section, "group:", reading.problems);
    if (name === undefined) continue;
    warnUnknown(groupOptions, section, reading.problems);
    const group = readOptions(groupOptions, section, (_, file) => namesOf(file), reading);
    const processes = group.programs.flatMap((member) => {
      const program = programs.get(member);
      grouped.add(member);
      if (program) return readProgram(member, name, program, namesOf, reading);
      reading.problems.push(problemIn(section, "programs", unknownMember(member, programs.keys())));
      return [];
    });
    groups.push({ name, priority: group.priority, processes: lastOfEachName(processes) });
  }
  for (const [name, section] of programs) {
    if (grouped.has(name)) continue;
    const processes = readProgram(name, name, section, namesOf, reading);
    groups.push({ name, priority: processes[0]?.priority ?? 999, processes });
  }
  return firstOfEachName(groups.sort(byPriority));
}

const unknownMember = (member: string, known: Iterable<string>): string =>
  `there is no [program:${member}]${suggest(member, known)}`;

const firstOfEachName = (groups: GroupConfig[]): GroupConfig[] => {
  const seen = new Set<string>();
  return groups.filter(({ name }) => !seen.has(name) && seen.add(name));
};

/** Of several processes with one name in a group the last is the one; it stands where the first stood. */
const lastOfEachName = (processes: readonly ProcessConfig[]): ProcessConfig[] => [
  ...new Map(processes.map((process) => [process.name, process])).values(),
];

function sectionName(section: RawSection, prefix: string, problems: Problem[]): string | undefined {
  if (!section.name.startsWith(prefix)) return undefined;
  const name = section.name.slice(prefix.length).trim();
  const bad = badCharacter(name);
  if (bad === undefined && name !== "") return name;
  const message = `expected a name without spaces, colons and slashes, got ${JSON.stringify(name)}`;
  problems.push(problemIn(section, undefined, message));
  return undefined;
}

const badCharacter = (name: string): string | undefined => /[ :/]/.exec(name)?.[0];

/** All copies of one program. Problems are reported for the program, and once, not for each copy. */
function readProgram(
  program: string,
  group: string,
  section: RawSection,
  namesOf: NamesOf,
  reading: Reading,
): ProcessConfig[] {
  const { problems } = reading;
  warnUnknown({ ...programOptions, ...processOptions }, section, problems);
  const names = { program_name: program, group_name: group };
  const scalars = readOptions(programOptions, section, (_, file) => namesOf(file, names), reading);
  const checked = checkProgram(scalars, section, problems);
  const byName = new Map<string, ProcessConfig>();
  for (let copy = 0; copy < scalars.numprocs; copy++) {
    const numbered = {
      ...names,
      numprocs: scalars.numprocs,
      process_num: scalars.numprocs_start + copy,
    };
    const before = problems.length;
    const process = readProcess(section, numbered, namesOf, reading);
    if (problems.length > before) break;
    byName.set(process.name, { ...scalars, ...checked, ...process, group });
  }
  return [...byName.values()].sort(byPriority);
}

type Scalars = Values<typeof programOptions>;

function checkProgram(scalars: Scalars, section: RawSection, problems: Problem[]) {
  const template = section.values.get("process_name")?.text ?? "";
  if (scalars.numprocs > 1 && !template.includes("%(process_num)")) {
    const message =
      `numprocs is ${scalars.numprocs}, so process_name must tell the processes apart: ` +
      "expected %(process_num) in it, as in %(program_name)s_%(process_num)02d";
    problems.push(
      problemIn(section, section.values.has("process_name") ? "process_name" : "numprocs", message),
    );
  }
  if (scalars.stopasgroup && scalars.killasgroup === false) {
    const message = "cannot be false while stopasgroup is true";
    problems.push(problemIn(section, "killasgroup", message));
  }
  return { killasgroup: scalars.killasgroup ?? scalars.stopasgroup };
}

function readProcess(
  section: RawSection,
  numbered: Readonly<Record<string, string | number>>,
  namesOf: NamesOf,
  reading: Reading,
) {
  // The program's own environment may be used in every other option, so it is read first.
  const { environment: environmentRow, ...otherRows } = processOptions;
  const { environment } = readOptions(
    { environment: environmentRow },
    section,
    (_, file) => namesOf(file, numbered),
    reading,
  );
  const known = { ...numbered, ...prefixed(environment) };
  const values = readOptions(otherRows, section, (_, file) => namesOf(file, known), reading);
  const name = values.process_name.trim() || String(numbered.program_name);
  const bad = badCharacter(name);
  if (bad !== undefined) {
    const message = `expected a name without spaces, colons and slashes, got ${JSON.stringify(name)}`;
    reading.problems.push(problemIn(section, "process_name", message));
  }
  return { ...values, environment, name };
}

const prefixed = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([key, value]) => [`ENV_${key}`, value]));
