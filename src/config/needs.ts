import { findCycle } from "../process/needs.ts";
import { namespec } from "../process/order.ts";
import type { GroupConfig, ProcessConfig } from "./config.ts";
import { type Problem, quote, suggest } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";

/** What of a process its names are known by. */
type Named = Pick<ProcessConfig, "name" | "group" | "section">;

/** The name of a program, which its section has after the colon. */
const programOf = ({ section }: Pick<Named, "section">): string =>
  section.name.slice(section.name.indexOf(":") + 1).trim();

/** All names by which processes can be needed: those of programs, groups and processes. */
export function namesOfAll<P>(
  processes: readonly P[],
  of: (process: P) => Named,
): Map<string, P[]> {
  const names = new Map<string, P[]>();
  for (const process of processes) {
    const named = of(process);
    for (const name of new Set([programOf(named), named.group, namespec(named)])) {
      const known = names.get(name);
      if (known) known.push(process);
      else names.set(name, [process]);
    }
  }
  return names;
}

/** `depends_on=`: each name must be one that there is, and nothing may need itself, by whatever way. */
export function checkNeeds(
  groups: readonly GroupConfig[],
  sections: ReadonlyMap<string, RawSection>,
  problems: Problem[],
): void {
  const processes = groups.flatMap(({ processes: members }) => members);
  const programs = new Map(processes.map((process) => [process.section, process]));
  if ([...programs.values()].every(({ depends_on }) => depends_on.length === 0)) return;
  const names = namesOfAll(processes, (process) => process);
  // Those without copies are no mistake, and nothing waits for them.
  const idle = [...sections.values()].map((section) => programOf({ section }));
  const known = new Set([...names.keys(), ...groups.map(({ name }) => name), ...idle]);
  for (const { section, depends_on } of programs.values()) {
    for (const { name } of depends_on.filter((need) => !known.has(need.name))) {
      const message = `there is no program, group or process ${quote(name)}${suggest(name, names.keys())}`;
      problems.push(problemIn(section, "depends_on", message));
    }
  }
  const needed = (section: RawSection): RawSection[] =>
    (programs.get(section)?.depends_on ?? []).flatMap(({ name }) =>
      (names.get(name) ?? []).map((process) => process.section),
    );
  const cycle = findCycle(programs.keys(), needed);
  const [first] = cycle ?? [];
  if (!cycle || !first) return;
  const way = cycle.map((section) => programOf({ section })).join(" -> ");
  const message = `${way}: nothing of this could ever be started: take one of these needs away`;
  problems.push(problemIn(first, "depends_on", message));
}
