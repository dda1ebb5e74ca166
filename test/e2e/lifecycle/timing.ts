/** How long it takes from one line of a process to its next, where that is promised. */

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Line } from "./lines.ts";
import { optionsOf } from "./options.ts";
import type { Whose } from "./peer.ts";

/** How late this process itself is, on a machine that does other things as well. */
const ownDelay = monitorEventLoopDelay({ resolution: 10 });
ownDelay.enable();

interface Wait {
  what: string;
  /** When it was to be over, and was. Milliseconds since its beginning. */
  due: number;
  took: number;
}

/** supervisord looks at its clocks once in a second. */
const TICK_MS = 1_000;
/** As late as a process may be; on a busy machine more. */
const SLACK_MS = 700;

/** By how much droverd's waits were too long. */
const lateness: number[] = [];

/** By how much most of droverd's waits were at most too long, in milliseconds. */
export const usualLateness = (): number =>
  lateness.toSorted((a, b) => a - b)[Math.floor(lateness.length / 2)] ?? 0;

/** The waits that were too short or too long. */
export function untimely(lines: readonly Line[], programs: string, whose: Whose): string[] {
  const lag = ownDelay.max / 1_000_000;
  const early = 100 + lag;
  const late = (whose === "theirs" ? TICK_MS : 0) + SLACK_MS + 4 * lag;
  const waits = waitsOf(lines, programs);
  lateness.push(
    ...waits.flatMap(({ due, took }) => (due > 0 && whose === "ours" ? [took - due] : [])),
  );
  return waits
    .filter(({ due, took }) => took < due - early || took > due + late)
    .map(({ what, due, took }) => `${what}: due ${due} ms, took ${took} ms`);
}

/** All waits of all processes that are promised to take some time. */
function waitsOf(lines: readonly Line[], programs: string): Wait[] {
  const names = new Set(lines.flatMap(({ name }) => name ?? []));
  return [...names].flatMap((name) => {
    const own = lines.filter((line) => line.name === name && !/^waiting for /.test(line.text));
    let failures = 0;
    return own.flatMap((line, at) => {
      const { text } = line;
      const next = own[at + 1];
      if (/^(?:success|gave up): /.test(text)) failures = 0;
      const isFailure = text.startsWith("exited: ") && !/^success: /.test(own[at - 1]?.text ?? "");
      if (isFailure) failures++;
      const due = next && dueAfter(text, next.text, { failures, isFailure, programs, name });
      if (next === undefined || due === undefined) return [];
      return [{ what: `${text} -> ${next.text}`, due: due * 1_000, took: next.at - line.at }];
    });
  });
}

interface Past {
  /** Failed starts in a row, with this one. */
  failures: number;
  isFailure: boolean;
  programs: string;
  name: string;
}

/** Seconds from one line to the next; undefined where nothing is promised. */
function dueAfter(text: string, next: string, past: Past): number | undefined {
  const { stopwaitsecs } = optionsOf(past.programs, past.name) ?? {};
  const startsecs = /^success: .* > than (\d+) seconds/.exec(next)?.[1];
  if (startsecs !== undefined) return Number(startsecs);
  if (/^killing \S+ \(/.test(text) && /^killing '/.test(next) && stopwaitsecs !== undefined) {
    // Not more than one SIGKILL in a second, also without any patience.
    return Math.max(stopwaitsecs, / SIGKILL$/.test(text) ? 1 : 0);
  }
  if (text.startsWith("exited: ")) {
    if (next.startsWith("gave up: ")) return 0;
    if (next.startsWith("spawned: ") && past.isFailure) return past.failures;
    // Of what was expected the next start may be somebody's wish.
    if (next.startsWith("spawned: ") && text.endsWith("not expected)")) return 0;
  }
  return undefined;
}
