import { Fault } from "../faults.ts";
import { expectKnown, oneOf, yesOrNo } from "../parameters.ts";
import { compilePattern, type Matcher } from "./pattern.ts";

/** What somebody wants to see of logs. */
export interface LogQuery {
  /** The last so many lines of each log; Infinity: all. */
  lines: number;
  /** The last so many bytes of each log, instead. */
  bytes: number | undefined;
  /** Nothing from before this, in milliseconds since the Epoch. */
  sinceMs: number | undefined;
  matches: Matcher | undefined;
  streams: readonly ("stdout" | "stderr")[];
  /** Go on with what comes. */
  follow: boolean;
  json: boolean;
  /** Whether each line begins with the name of its process; undefined: when there are several. */
  names: boolean | undefined;
}

const DEFAULT_LINES = 100;
const DEFAULT_LINES_FOLLOWING = 10;
/** Each costs a number in memory while the first of them is looked for. */
const MOST_LINES = 1_000_000;

const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** The parameters of a query; each is read by its own reader, or is a fault. */
const parameters = ["lines", "bytes", "since", "grep", "stream", "follow", "format", "names"];

/**
 * Reads the parameters of a query as they stand in a URL.
 * @param nowMs since the Epoch: what `since=10m` counts from
 * @throws Fault BAD_ARGUMENTS naming the parameter and what it takes
 */
export async function readQuery(given: URLSearchParams, nowMs: number): Promise<LogQuery> {
  expectKnown(given, parameters);
  const value = (key: string) => given.get(key) ?? undefined;
  const follow = yesOrNo("follow", value("follow")) ?? false;
  const since = value("since");
  const grep = value("grep");
  const format = oneOf("format", value("format") ?? "text", ["text", "raw", "json"]);
  const stream = oneOf("stream", value("stream") ?? "both", ["both", "stdout", "stderr"]);
  const bytes = value("bytes");
  if (bytes !== undefined && (value("lines") !== undefined || since !== undefined)) {
    throw new Fault("BAD_ARGUMENTS", "bytes: not together with lines or since");
  }
  return {
    lines: readLines(value("lines")) ?? defaultLines(follow, since, bytes),
    bytes: bytes === undefined ? undefined : count("bytes", bytes),
    sinceMs: since === undefined ? undefined : readSince(since, nowMs),
    matches: grep === undefined ? undefined : await compilePattern(grep),
    streams: stream === "both" ? ["stdout", "stderr"] : [stream],
    follow,
    json: format === "json",
    names: format === "raw" ? false : yesOrNo("names", value("names")),
  };
}

function defaultLines(follow: boolean, since?: string, bytes?: string): number {
  if (since !== undefined || bytes !== undefined) return Infinity;
  return follow ? DEFAULT_LINES_FOLLOWING : DEFAULT_LINES;
}

const readLines = (text: string | undefined): number | undefined =>
  text === "all" || text === undefined ? text && Infinity : count("lines", text);

function count(key: string, text: string): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) {
    const all = key === "lines" ? ' or "all"' : "";
    throw new Fault("BAD_ARGUMENTS", `${key}: expected a number such as 100${all}, got "${text}"`);
  }
  return key === "lines" && number > MOST_LINES ? Infinity : number;
}

/** @returns milliseconds since the Epoch */
function readSince(text: string, nowMs: number): number {
  const ago = /^(?:\d{1,9}[smhdw]?)+$/.test(text) ? [...text.matchAll(/(\d+)([smhdw]?)/g)] : [];
  if (ago.length > 0) {
    const seconds = ago.map(([, number, unit]) => Number(number) * (units[unit || "s"] ?? 1));
    return nowMs - seconds.reduce((sum, each) => sum + each, 0) * 1_000;
  }
  const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
  // A day alone would be one of UTC, and people mean their own.
  const full = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text.replace(" ", "T");
  const at = date.test(text) ? Date.parse(full) : Number.NaN;
  if (Number.isNaN(at)) {
    const expected = "expected how long ago, such as 90s, 10m, 2h30m, 1d, or 2026-11-26T01:02:03Z";
    throw new Fault("BAD_ARGUMENTS", `since: ${expected}, got "${text}"`);
  }
  return at;
}
