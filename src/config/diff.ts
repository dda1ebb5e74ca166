import { isDeepStrictEqual } from "node:util";
import type { Config, GroupConfig, ProcessConfig } from "./config.ts";
import { masked } from "./masking.ts";
import {
  fcgiOptions,
  groupOptions,
  listenerOptions,
  processOptions,
  programOptions,
} from "./options/programs.ts";
import { supervisordOptions } from "./options/supervisord.ts";
import type { Place } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";
import type { OptionRow, Table } from "./table.ts";

/** One option that has another value now. */
interface OptionChange {
  option: string;
  /** What taking it over costs: nothing, or a restart of the process, or of the daemon's own part. */
  cost: "live" | "restart";
  /** As written, before anything was expanded; undefined: not set. Secrets are never shown. */
  from: string | undefined;
  to: string | undefined;
  /** Where the new value stands; the section's header when it is not set any more. */
  place: Place;
}

interface ProcessChange {
  name: string;
  /** `restart` when one of the options costs one. */
  cost: "live" | "restart";
  options: OptionChange[];
}

interface GroupChange {
  name: string;
  /** Of the group itself: its priority, its members' order, what a pool listens to. */
  options: OptionChange[];
  /** Names of processes that are new, or are no more, or are as configured anew. */
  added: string[];
  removed: string[];
  changed: ProcessChange[];
}

/** What differs between two configurations, by name. Control servers are opened anew with the daemon. */
export interface ConfigDiff {
  /** Of `[supervisord]`. */
  daemon: OptionChange[];
  added: string[];
  removed: string[];
  changed: GroupChange[];
}

/** What has to happen so that a fleet that runs by `before` runs by `after`. */
export function diff(before: Config, after: Config): ConfigDiff {
  const kindOf = ({ pool }: GroupConfig) => pool !== undefined;
  const groups = match(before.groups, after.groups, kindOf);
  const header = (config: Config) => config.sections.get("supervisord");
  return {
    daemon: changes(supervisordOptions, {
      before: { values: before.supervisord, section: header(before) },
      after: { values: after.supervisord, section: header(after) },
    }),
    added: groups.added,
    removed: groups.removed,
    changed: groups.both.map(diffGroup).filter(isChange),
  };
}

/** Whether the fleet and the daemon's options are as they were. */
export const isSame = ({ daemon, added, removed, changed }: ConfigDiff): boolean =>
  daemon.length + added.length + removed.length + changed.length === 0;

const isChange = ({ options, added, removed, changed }: GroupChange): boolean =>
  options.length + added.length + removed.length + changed.length > 0;

/** Pairs by name. What is of another kind now is another thing: it is removed and added. */
function match<T extends { name: string }>(
  before: readonly T[],
  after: readonly T[],
  kindOf: (item: T) => unknown,
) {
  const old = new Map(before.map((item) => [item.name, item]));
  const both = after.flatMap((item) => {
    const was = old.get(item.name);
    return was && kindOf(was) === kindOf(item) ? [[was, item] as const] : [];
  });
  const kept = new Set(both.map(([{ name }]) => name));
  const others = (items: readonly T[]) => items.flatMap(({ name }) => (kept.has(name) ? [] : name));
  return { added: others(after), removed: others(before), both };
}

function diffGroup([before, after]: readonly [GroupConfig, GroupConfig]): GroupChange {
  const processes = match(before.processes, after.processes, ({ kind }) => kind);
  return {
    name: after.name,
    options: groupChanges(before, after, processes.both),
    added: processes.added,
    removed: processes.removed,
    changed: processes.both.flatMap(([was, is]) => {
      const options = processChanges(was, is);
      if (options.length === 0) return [];
      const cost = options.some((change) => change.cost === "restart") ? "restart" : "live";
      return { name: is.name, cost, options };
    }),
  };
}

type Pairs = readonly (readonly [ProcessConfig, ProcessConfig])[];

function groupChanges(before: GroupConfig, after: GroupConfig, members: Pairs): OptionChange[] {
  // In the order in which they stood then, and stand now.
  const programs = members.map(([, { name }]) => name);
  const kept = new Set(programs);
  const earlier = before.processes.map(({ name }) => name).filter((name) => kept.has(name));
  return changes(
    { ...groupOptions, ...(after.pool && listenerOptions) },
    {
      before: {
        values: { priority: before.priority, programs: earlier, ...before.pool },
        section: before.section,
      },
      after: {
        values: { priority: after.priority, programs, ...after.pool },
        section: after.section,
      },
    },
  );
}

/** `numprocs` is told by the processes that come and go. */
const { numprocs, numprocs_start, ...perProcess } = { ...programOptions, ...processOptions };
const { process_name, environment_file, ...compared } = perProcess;

function processChanges(before: ProcessConfig, after: ProcessConfig): OptionChange[] {
  const own = changes(compared, {
    before: { values: before, section: before.section },
    after: { values: after, section: after.section },
  });
  const socket = changes(after.socket ? fcgiOptions : {}, {
    before: { values: before.socket ?? {}, section: before.section },
    after: { values: after.socket ?? {}, section: after.section },
  });
  return [...own, ...socket];
}

interface Side {
  values: object;
  section: RawSection | undefined;
}

function changes(table: Table, { before, after }: { before: Side; after: Side }): OptionChange[] {
  return Object.entries(table).flatMap(([option, row]) => {
    const was = (before.values as Record<string, unknown>)[option];
    const is = (after.values as Record<string, unknown>)[option];
    // Nearly all are, in a fleet of hundreds.
    if (was === is || isDeepStrictEqual(was, is)) return [];
    return {
      option,
      cost: row.change ?? "restart",
      from: shown(option, row, before.section),
      to: shown(option, row, after.section),
      place: after.section ? placeOf(after.section, option) : { file: "", line: 0 },
    };
  });
}

const shown = (option: string, row: OptionRow, section: RawSection | undefined) => {
  const text = section?.values.get(option)?.text;
  if (text === undefined) return undefined;
  return row.secret ? "***" : masked(text);
};

function placeOf(section: RawSection, option: string): Place {
  const { file, line } = problemIn(section, option, "");
  return { file, line };
}
