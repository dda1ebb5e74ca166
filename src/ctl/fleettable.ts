import { namespec } from "../process/order.ts";
import type { StateName } from "../process/states.ts";
import type { FleetProcess } from "../rpc/results.ts";
import { printable, type Style } from "./printable.ts";
import { type Cell, type Column, formatTable } from "./table.ts";
import { formatSpan } from "./whypage.ts";

/** A process as a line of the table, or what several are together. */
export interface FleetRow {
  name: string;
  state: Cell;
  pid: number | undefined;
  /** Seconds up; of several the shortest. */
  uptime: number | undefined;
  /** Seconds until it is started again. */
  startsIn: number | undefined;
  restarts: number;
  /** Percent of one processor; undefined: not known, or nothing is running. */
  cpu: number | undefined;
  /** Why it could not be started, where it was not by the end of a child. */
  trouble: string;
  /** In its own words what it does. */
  says: string;
  /** Bytes. */
  memory: number | undefined;
  lastExit: (FleetProcess["last_exit"] & { ago: number }) | undefined;
}

export interface Sampled extends FleetProcess {
  /** Percent of one processor. */
  cpu?: number | undefined;
}

const stateStyles: Readonly<Record<StateName, Style>> = {
  RUNNING: "green",
  STARTING: "yellow",
  STOPPING: "yellow",
  BACKOFF: "yellow",
  STOPPED: "dim",
  EXITED: "dim",
  FATAL: "red",
  UNKNOWN: "red",
};

/** It has ended by itself, and not as it should. */
const hasFailed = ({ statename, last_exit }: FleetProcess): boolean =>
  statename === "EXITED" && last_exit?.expected === false;

/** As ps has it: since its child started. */
const cpuSinceStart = ({ usage, uptime }: FleetProcess): number | undefined =>
  usage && uptime > 0 ? (usage.cpu_seconds / uptime) * 100 : undefined;

/** A child that ended is told of by how it did. */
const troubleOf = ({
  statename,
  spawnerr,
  unhealthy_because,
  waits_for,
  stale,
}: FleetProcess): string =>
  (waits_for && `waits for ${waits_for.join(", ")}`) ??
  unhealthy_because ??
  stale ??
  ((statename === "BACKOFF" || statename === "FATAL") && !spawnerr.startsWith("Exited too quickly")
    ? spawnerr
    : "");

function stateOf(process: FleetProcess): Cell {
  const { statename, ready, health, quiet, waits_for, stale } = process;
  if (waits_for) return { text: "waiting", style: "yellow" };
  if (statename === "RUNNING") {
    if (health === "unhealthy") return { text: "unhealthy", style: "red" };
    if (quiet) return { text: quiet === "quiet" ? "quiet" : "quieting", style: "yellow" };
    if (ready === false) return { text: "not ready", style: "yellow" };
    if (stale !== undefined) return { text: "stale", style: "yellow" };
  }
  const style = hasFailed(process) ? "red" : stateStyles[statename];
  return { text: statename.toLowerCase(), style };
}

function rowOf(process: Sampled, name = namespec(process)): FleetRow {
  const { pid, now, next_start, restarts, last_exit, usage } = process;
  return {
    name: printable(name),
    state: stateOf(process),
    pid: pid || undefined,
    uptime: pid > 0 ? process.uptime : undefined,
    startsIn: next_start === null ? undefined : next_start - now,
    restarts,
    cpu: "cpu" in process ? process.cpu : cpuSinceStart(process),
    memory: usage?.memory,
    trouble: troubleOf(process),
    says: process.says ?? "",
    lastExit: last_exit ? { ...last_exit, ago: Math.max(0, now - last_exit.time) } : undefined,
  };
}

/** The copies of one program in one group, in their order. */
function copiesOf<P extends FleetProcess>(processes: readonly P[]): P[][] {
  const groups = new Map<string, P[]>();
  for (const process of processes) {
    const key = JSON.stringify([process.group, process.program]);
    groups.set(key, [...(groups.get(key) ?? []), process]);
  }
  return [...groups.values()];
}

const sum = (numbers: readonly (number | undefined)[]): number | undefined =>
  numbers.reduce<number | undefined>(
    (total, each) => (each === undefined ? total : (total ?? 0) + each),
    undefined,
  );

/** Several copies in one line, and below it those that are in another state than most of them. */
function folded(copies: readonly Sampled[]): FleetRow[] {
  const [first] = copies;
  if (!first || copies.length === 1) return copies.map((copy) => rowOf(copy));
  const rows = copies.map((copy) => rowOf(copy));
  const isUp = (copy: FleetProcess) => stateOf(copy).text === "running";
  const running = copies.filter(isUp).length;
  const states = new Set(copies.map((copy) => stateOf(copy).text));
  const isOne = states.size === 1;
  const failed = copies.some((copy) => stateOf(copy).style === "red");
  const style = failed ? "red" : isOne ? stateOf(first).style : "yellow";
  const { scaled_from } = first;
  const scaled = scaled_from === undefined ? "" : `, scaled from ${scaled_from}`;
  const count = `${running}/${copies.length} running${scaled}`;
  const uptimes = rows.flatMap(({ uptime }) => uptime ?? []);
  const exits = rows.flatMap(({ lastExit }) => lastExit ?? []);
  const head: FleetRow = {
    name: printable(
      first.group === first.program ? first.group : `${first.group}:${first.program}`,
    ),
    state: {
      text: isOne && running === 0 ? `${copies.length} ${stateOf(first).text}${scaled}` : count,
      style,
    },
    pid: undefined,
    uptime: uptimes.length > 0 ? Math.min(...uptimes) : undefined,
    startsIn: undefined,
    restarts: sum(rows.map(({ restarts }) => restarts)) ?? 0,
    cpu: sum(rows.map(({ cpu }) => cpu)),
    memory: sum(rows.map(({ memory }) => memory)),
    trouble: rows.find(({ trouble }) => trouble !== "")?.trouble ?? "",
    says: "",
    lastExit: exits.toSorted((a, b) => a.ago - b.ago)[0],
  };
  if (isOne) return [head];
  const others = copies.filter((copy) => !isUp(copy));
  return [head, ...others.map((copy) => rowOf(copy, `  ${copy.name}`))];
}

/** @param unfold every copy has its line */
export const rowsOf = (processes: readonly Sampled[], unfold: boolean): FleetRow[] =>
  unfold ? processes.map((process) => rowOf(process)) : copiesOf(processes).flatMap(folded);

const UNITS = ["B", "K", "M", "G", "T"] as const;

/** `512K`, `24M`, `1.2G`. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  for (; amount >= 1_000 && unit < UNITS.length - 1; unit++) amount /= 1_024;
  const digits = unit > 0 && amount < 9.95 ? amount.toFixed(1) : amount.toFixed(0);
  return `${digits}${UNITS[unit]}`;
}

const formatPercent = (percent: number): string =>
  `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)}%`;

const text = (given: string | undefined): Cell => ({ text: given ?? "" });

function formatLastExit({ lastExit, trouble }: FleetRow): Cell {
  if (trouble !== "") return { text: printable(trouble), style: "red" };
  if (!lastExit) return { text: "" };
  const { cause, expected, ago } = lastExit;
  const style = expected ? "dim" : "red";
  return { text: `${printable(cause)}, ${formatSpan(ago)} ago`, style };
}

const columns: readonly Column<FleetRow>[] = [
  {
    title: "NAME",
    side: "left",
    expendable: 0,
    shrinksTo: 12,
    cell: ({ name }) => ({ text: name, style: "bold" }),
  },
  { title: "STATE", side: "left", expendable: 0, cell: ({ state }) => state },
  {
    title: "PID",
    side: "right",
    expendable: 5,
    cell: ({ pid }) => text(pid === undefined ? undefined : String(pid)),
  },
  {
    title: "UPTIME",
    side: "right",
    expendable: 1,
    cell: ({ uptime, startsIn }) => {
      if (startsIn !== undefined) return { text: `in ${formatSpan(startsIn)}`, style: "yellow" };
      return text(uptime === undefined ? undefined : formatSpan(uptime));
    },
  },
  {
    title: "RESTARTS",
    side: "right",
    expendable: 4,
    cell: ({ restarts }) => ({
      text: String(restarts),
      style: restarts > 0 ? "yellow" : "dim",
    }),
  },
  {
    title: "CPU",
    side: "right",
    expendable: 3,
    cell: ({ cpu }) => text(cpu === undefined ? undefined : formatPercent(cpu)),
  },
  {
    title: "MEMORY",
    side: "right",
    expendable: 2,
    cell: ({ memory }) => text(memory === undefined ? undefined : formatBytes(memory)),
  },
  { title: "LAST EXIT", side: "left", expendable: 6, shrinksTo: 16, cell: formatLastExit },
];

/** Only where any of them says something. */
const saysColumn: Column<FleetRow> = {
  title: "SAYS",
  side: "left",
  expendable: 7,
  shrinksTo: 12,
  cell: ({ says }) => ({ text: printable(says) }),
};

/** Above the table, where there is something to say of the whole fleet. */
export function noteOf(processes: readonly FleetProcess[]): string[] {
  const [first] = processes;
  if (first?.frozen_until === undefined) return [];
  const left = formatSpan(first.frozen_until - first.now);
  return [`frozen for another ${left}: nothing is started by itself (see thaw)`];
}

/** The fleet for people, in no more columns than their terminal has. */
export const formatFleet = (rows: readonly FleetRow[], width: number): string[] =>
  rows.length === 0
    ? ["no processes"]
    : formatTable(
        rows,
        rows.some(({ says }) => says !== "") ? [...columns, saysColumn] : columns,
        width,
      );

/** What `top` may sort by. */
export const sortKeys = {
  cpu: (a: FleetRow, b: FleetRow) => (b.cpu ?? -1) - (a.cpu ?? -1),
  memory: (a: FleetRow, b: FleetRow) => (b.memory ?? -1) - (a.memory ?? -1),
  restarts: (a: FleetRow, b: FleetRow) => b.restarts - a.restarts,
  uptime: (a: FleetRow, b: FleetRow) => (a.uptime ?? Infinity) - (b.uptime ?? Infinity),
  name: () => 0,
} as const;

export type SortKey = keyof typeof sortKeys;
