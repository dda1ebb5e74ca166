import type { GroupConfig, ProcessConfig } from "./config.ts";
import type { ConfigDiff } from "./diff.ts";
import { problemIn, type RawSection } from "./raw.ts";

/** Why a process is touched: an option, as it was and as it is, and where that is written. */
interface Reason {
  option: string;
  from: string | undefined;
  to: string | undefined;
  file: string;
  line: number;
}

/** What `update` does to one process, and why. */
export interface PlannedChange {
  group: string;
  name: string;
  /** `change`: it takes something over, and runs on. */
  action: "start" | "stop" | "restart" | "change";
  because: Reason[];
}

type Groups = readonly GroupConfig[];

/** What is to be done so that a fleet that runs by `before` runs by `after`, process by process. */
export function planOf(diff: ConfigDiff, before: Groups, after: Groups): PlannedChange[] {
  const find = (groups: Groups, name: string) => groups.find((group) => group.name === name);
  const whole = (groups: Groups, name: string, action: "start" | "stop"): PlannedChange[] =>
    (find(groups, name)?.processes ?? []).map((process) => ({
      ...{ group: name, name: process.name, action },
      because: [],
    }));
  const changed = diff.changed.flatMap((change) => {
    const [was, is] = [find(before, change.name), find(after, change.name)];
    return was && is ? ofGroup(change, was, is) : [];
  });
  return [
    ...diff.removed.flatMap((name) => whole(before, name, "stop")),
    ...changed,
    ...diff.added.flatMap((name) => whole(after, name, "start")),
  ];
}

/** Whether its processes may come and go one by one: no pool and no shared socket ties them together. */
export const isPlain = ({ pool, processes }: GroupConfig): boolean =>
  pool === undefined && processes.every(({ kind }) => kind === "program");

function ofGroup(
  { name: group, options, added, removed, changed }: ConfigDiff["changed"][number],
  was: GroupConfig,
  is: GroupConfig,
): PlannedChange[] {
  if (!isPlain(was) || !isPlain(is)) return ofTiedGroup(group, was, is);
  const becauseOf = once((section: RawSection | undefined) => numbersOf(section, was, is));
  const copies = (
    names: readonly string[],
    all: readonly ProcessConfig[],
    action: "start" | "stop",
  ) => {
    const sections = new Map(all.map((process) => [process.name, process.section]));
    return names.map((name): PlannedChange => {
      const because = becauseOf(sections.get(name));
      return { group, name, action, because };
    });
  };
  const both = changed.map(
    ({ name, cost, options: own }): PlannedChange => ({
      ...{ group, name, action: cost === "restart" ? "restart" : "change" },
      because: own.map(({ place, cost: _, ...told }) => ({ ...told, ...place })),
    }),
  );
  const known = new Set([...changed.map(({ name }) => name), ...added]);
  const ofAll = options.map(({ place, cost: _, ...told }) => ({ ...told, ...place }));
  const others = is.processes.filter(({ name }) => ofAll.length > 0 && !known.has(name));
  return [
    // Those with the highest numbers leave first.
    ...copies(removed.toReversed(), was.processes, "stop"),
    ...both,
    ...others.map(
      ({ name }): PlannedChange => ({
        ...{ group, name, action: "change", because: ofAll },
      }),
    ),
    ...copies(added, is.processes, "start"),
  ];
}

/** The copies of a program come and go for the same reason. */
function once<K, V>(answer: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key) ?? answer(key);
    known.set(key, found);
    return found;
  };
}

function ofTiedGroup(group: string, was: GroupConfig, is: GroupConfig): PlannedChange[] {
  const remain = new Set(is.processes.map(({ name }) => name));
  const before = new Set(was.processes.map(({ name }) => name));
  const because: Reason[] = [];
  return [
    ...was.processes
      .filter(({ name }) => !remain.has(name))
      .map(({ name }): PlannedChange => ({ group, name, action: "stop", because })),
    ...is.processes.map(({ name }): PlannedChange => {
      return { group, name, action: before.has(name) ? "restart" : "start", because };
    }),
  ];
}

/** A copy comes or goes because there are to be more or fewer, or because its program does. */
function numbersOf(section: RawSection | undefined, was: GroupConfig, is: GroupConfig): Reason[] {
  const copiesIn = ({ processes }: GroupConfig) =>
    processes.filter((process) => process.section.name === section?.name);
  const [before, now] = [copiesIn(was), copiesIn(is)];
  const members = (group: GroupConfig) => group.section.values.get("programs")?.text;
  const [copy = before[0]] = now;
  if (!copy || members(was) !== members(is)) {
    return [reason(is.section, "programs", { from: members(was), to: members(is) })];
  }
  const counts = { from: String(before.length), to: String(now.length) };
  return [reason(copy.section, "numprocs", counts)];
}

function reason(section: RawSection, option: string, values: Pick<Reason, "from" | "to">): Reason {
  const { file, line } = problemIn(section, option, "");
  return { option, ...values, file, line };
}
