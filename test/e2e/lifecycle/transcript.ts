/** What came of a scenario on one of the daemons, as far as it is to be the same on both. */

import type { Info } from "../../support/xmlrpc.ts";
import { comparable } from "./allowed.ts";
import { type Line, output, readLog, withoutPids } from "./lines.ts";
import type { Peer } from "./peer.ts";
import type { Scenario } from "./scenario.ts";

export interface Transcript {
  exit: number | string | undefined;
  /** By process: its lines in the daemon's log. */
  processes: Record<string, string[]>;
  /** The lines about the daemon itself. */
  daemon: string[];
  /** In their order: each process's first start, and whom the end of the daemon has stopped. */
  started: string[];
  stopped: string[];
  /** Every start and stop in one order, where that is to be the same. */
  order: string[];
  answers: string[];
  notes: Info[][];
  /** By process and stream: what the daemon's log has of its output. */
  outputs: Record<string, string>;
  /** Commands of the processes that are still there when the daemon has gone. */
  left: string[];
  files: Record<string, string>;
}

/** Reads what a daemon that has ended has left behind. */
export function transcribe(peer: Peer, scenario: Scenario, left: string[]): Transcript {
  const lines = linesOf(peer, scenario);
  const normal = (text: string) =>
    text.replaceAll(peer.dir, "DIR").replaceAll(/(---\S*?-)[a-z0-9_]{8}(\.log)/g, "$1XXXXXXXX$2");
  const show = ({ level, text }: Line) => normal(`${level} ${text}`);
  const ended = lines.findIndex(({ text }) => /indicating exit request$/.test(text));
  const acts = lines.flatMap(({ name, text }) =>
    isAct.test(text) && name ? [{ name, text }] : [],
  );
  const names = new Set(lines.flatMap(({ name }) => name ?? []));
  return {
    exit: peer.end,
    processes: Object.fromEntries(
      [...names].sort().map((name) => [name, lines.filter((line) => line.name === name).map(show)]),
    ),
    daemon: lines.filter(({ name }) => name === undefined).map(show),
    started: [...new Set(lines.flatMap(({ name }) => name ?? []))],
    stopped: lines
      .slice(ended)
      .filter(({ text }) => /^killing \S+ \(/.test(text))
      .map(({ name }) => name ?? ""),
    order: scenario.ordered ? acts.map(({ text }) => text) : [],
    answers: peer.answers.map((answer) => normal(withoutTimes(answer))),
    notes: peer.notes.map((infos) =>
      infos.map((info) => (isTried(info, scenario) ? { name: info.name } : steady(info, normal))),
    ),
    outputs: outputsOf(peer),
    left: left.map(normal),
    files: Object.fromEntries(
      (scenario.files ?? []).map((file) => [file, normal(peer.read(file))]),
    ),
  };
}

export const linesOf = (peer: Peer, scenario: Scenario): readonly Line[] =>
  comparable(withoutPids(readLog(peer.log, peer.spawnErrors)), peer.whose, scenario);

function outputsOf(peer: Peer): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const { text } of readLog(peer.log, peer.spawnErrors)) {
    const [, name, stream, data = ""] = output.exec(text) ?? [];
    if (name === undefined) continue;
    const key = `${name} ${stream}`;
    outputs[key] = (outputs[key] ?? "") + data.replaceAll(peer.dir, "DIR");
  }
  return outputs;
}

/** Between two attempts, or in one. */
const isTried = ({ name, statename }: Info, { retried = [] }: Scenario): boolean =>
  retried.includes(String(name)) && ["STARTING", "BACKOFF"].includes(String(statename));

const isAct = /^(?:spawned: |killing |Attempted )/;

const withoutUptime = (text: string): string =>
  text.replaceAll(/pid \d+, uptime \d+:\d\d:\d\d/g, "pid N, uptime T");

const withoutTimes = (text: string): string =>
  withoutUptime(text).replaceAll(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, "DATE");

/** Pids and times only as far as they are there at all. */
function steady(info: Info, normal: (text: string) => string): Info {
  const { now: _, start, stop, pid, description, ...rest } = info;
  const entries = Object.entries(rest).map(([key, value]) => [
    key,
    typeof value === "string" ? normal(value) : value,
  ]);
  return {
    ...Object.fromEntries(entries),
    start: start !== 0,
    stop: stop !== 0,
    pid: pid !== 0,
    // What never stopped is described as stopped at the beginning of time.
    description: normal((stop === 0 ? withoutUptime : withoutTimes)(String(description))),
  };
}
