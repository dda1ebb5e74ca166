import type { EventRecord } from "../events/json.ts";
import { namespec } from "../process/order.ts";
import type { ExitRecord } from "../process/record.ts";
import type { ConfiguredOption, ProcessDetails } from "../rpc/results.ts";

/** All that is known of why a process is as it is. */
export interface Why {
  info: ProcessDetails;
  config: readonly ConfiguredOption[];
  /** Changes of its state, the oldest first. */
  events: readonly EventRecord[];
}

/** How many of each are shown: it is to be one screen. */
const MOST = { exits: 4, events: 6, lines: 5 };

/** What decides about starts, ends and restarts, whether or not it is set. */
const deciding =
  /^(?:command|autostart|autorestart|exitcodes|startsecs|startretries|restart_\w+|backoff\w*|max_lifetime|memory_limit|stopsignal|stopwaitsecs|stop\w+|user|directory)$/;

const two = (n: number): string => String(n).padStart(2, "0");

/** Local time; with the day when it is not today. */
function formatTime(seconds: number, now: number): string {
  const [at, today] = [new Date(seconds * 1_000), new Date(now * 1_000)];
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.toDateString() === today.toDateString() ? clock : `${day} ${clock}`;
}

/** How long something is away, in the two largest units: `3s`, `5m 10s`, `2d 3h`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([number]) => number > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number}${unit}`)
    .join(" ");
}

/** The answer to `why NAME`, for people. */
export function formatWhy({ info, config, events }: Why): string[] {
  return [
    ...headOf(info),
    ...part(
      "ends, the latest first",
      info.exits.slice(-MOST.exits).reverse().map(formatExit(info)),
    ),
    ...outputOf(info),
    ...part("what has happened", events.slice(-MOST.events).map(formatStep(info))),
    ...part("what decides", formatConfig(config)),
  ];
}

function headOf(info: ProcessDetails): string[] {
  const { now, next_start, restarts, lost_bytes, spawnerr, dropped_events = 0 } = info;
  const lost = lost_bytes.stdout + lost_bytes.stderr;
  const about =
    info.statename === "RUNNING" || info.description !== spawnerr ? info.description : "";
  const lines = [
    `${namespec(info)} is ${info.statename}${about === "" ? "" : `: ${about}`}`,
    ...vitalsOf(info),
    spawnerr === "" ? "" : `  last failure: ${spawnerr}`,
    next_start === null
      ? ""
      : `  starts again: ${formatTime(next_start, now)}, in ${formatSpan(next_start - now)}`,
    restarts > 0 ? `  restarts that nobody asked for: ${restarts}` : "",
    dropped_events > 0 ? `  events that found no room in its pool: ${dropped_events}` : "",
    lost > 0 ? `  output that found no room in its logs: ${lost} bytes` : "",
  ];
  return lines.filter((line) => line !== "");
}

function vitalsOf(info: ProcessDetails): string[] {
  const { statename, ready, unhealthy_because, quiet, stale, says = "", waits_for = [] } = info;
  return [
    waits_for.length > 0 ? `  it waits for: ${waits_for.join(", ")}` : "",
    statename === "RUNNING" && ready === false ? "  it is not ready" : "",
    unhealthy_because === undefined ? "" : `  it is unhealthy: ${unhealthy_because}`,
    quiet === "asked" ? "  it has been asked to take no more jobs" : "",
    quiet === "quiet" ? "  it is quiet: it takes no more jobs, and has none" : "",
    stale === undefined ? "" : `  it is of an older release: ${stale}`,
    says === "" ? "" : `  it says: ${says}`,
  ];
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

const formatExit =
  ({ now }: ProcessDetails) =>
  (exit: ExitRecord): string => {
    const expected = exit.expected ? "" : ", not expected";
    const after = `after ${formatSpan(exit.uptime)}`;
    return `${formatTime(exit.time, now)}  ${exit.cause}${expected}, ${after}, pid ${exit.pid}`;
  };

function outputOf({ exits }: ProcessDetails): string[] {
  const last = exits.at(-1);
  if (!last) return [];
  return (["stderr", "stdout"] as const).flatMap((stream) =>
    part(
      `last lines on ${stream} before the latest end`,
      last.last_output[stream].slice(-MOST.lines),
    ),
  );
}

const formatStep =
  ({ now }: ProcessDetails) =>
  ({ time, type, from, reason, by: asker, tries = 0 }: EventRecord): string => {
    const state = type.replace("PROCESS_STATE_", "");
    const by = [reason === undefined ? "" : ` by ${reason}`, asker ? ` (${asker})` : ""].join("");
    const failed = tries > 0 ? `, ${tries} failed in a row` : "";
    return `${formatTime(Date.parse(time) / 1_000, now)}  ${from} -> ${state}${by}${failed}`;
  };

function formatConfig(config: readonly ConfiguredOption[]): string[] {
  const shown = config.filter(({ option, file }) => file !== null || deciding.test(option));
  const set = shown.filter(({ file }) => file !== null).toSorted(byPlace);
  const defaults = shown.filter(({ file, text }) => file === null && text !== null && text !== "");
  const places = set.map(({ file, line }) => `${file}:${line}`);
  const width = Math.max(0, ...places.map((place) => place.length));
  return [
    ...set.map(({ option, text }, at) => `${(places[at] ?? "").padEnd(width)}  ${option}=${text}`),
    ...(defaults.length > 0
      ? [`not set: ${defaults.map(({ option, text }) => `${option}=${text}`).join(" ")}`]
      : []),
  ];
}

const byPlace = (a: ConfiguredOption, b: ConfiguredOption): number =>
  (a.file ?? "").localeCompare(b.file ?? "") || (a.line ?? 0) - (b.line ?? 0);
