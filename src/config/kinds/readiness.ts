import { splitCommand } from "../shlex.ts";
import { kind, type Refuse, readOr } from "./kind.ts";
import { duration } from "./numbers.ts";

/** What is asked of a process from outside, to see whether it can work. */
export type Probe =
  | { by: "tcp"; host: string; port: number }
  | { by: "http"; url: string }
  | { by: "exec"; words: readonly string[] };

/** A line of its output. */
interface ByLog {
  by: "log";
  pattern: string;
}

/** By what a process is known to be ready for work. */
export type Ready =
  | { by: "startsecs" }
  | { by: "notify" }
  | { by: "fd"; fd: number }
  | ByLog
  | Probe;

/** By what a process is known to take no more jobs, and to have none. */
export type QuietReady = { by: "time"; ms: number } | { by: "status"; text: string } | ByLog;

/** As far as it can be told without RE2, which is loaded where it is used. */
function isPattern(text: string): boolean {
  try {
    new RegExp(text.replace(/^\(\?[imsU]+\)/, "").replaceAll("(?P<", "(?<"));
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** `by:rest`; without a colon there is no rest. */
function split(text: string): [by: string, rest: string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function readProbe(text: string, refuse: Refuse): Probe | undefined {
  if (/^https?:\/\//.test(text)) {
    return URL.canParse(text) ? { by: "http", url: text } : refuse();
  }
  const [by, rest = ""] = split(text);
  if (by === "tcp") {
    const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d{1,5})$/.exec(rest) ?? [];
    const port = Number(digits);
    return port >= 1 && port <= 65_535 ? { by, host, port } : refuse();
  }
  if (by !== "exec") return undefined;
  const words = splitCommand(rest);
  return words.length > 0 ? { by, words } : refuse();
}

function readByLog(text: string, refuse: Refuse): ByLog | undefined {
  const [by, rest = ""] = split(text);
  if (by !== "log") return undefined;
  const [, pattern] = /^\/(.+)\/$/.exec(rest) ?? [];
  return pattern === undefined || !isPattern(pattern) ? refuse() : { by, pattern };
}

export const probe = kind(
  "http://127.0.0.1:8080/health, tcp:8080 or exec:command",
  (given, _, refuse): Probe => readProbe(given.trim(), refuse) ?? refuse(),
);

export const readiness = kind(
  "startsecs, notify, fd:3, tcp:8080, http://127.0.0.1:8080/health, exec:command or log:/pattern/",
  (given, _, refuse): Ready => {
    const text = given.trim();
    if (text === "startsecs" || text === "notify") return { by: text };
    const [, fd] = /^fd:([3-9])$/.exec(text) ?? [];
    if (fd !== undefined) return { by: "fd", fd: Number(fd) };
    return readProbe(text, refuse) ?? readByLog(text, refuse) ?? refuse();
  },
);

export const quietReadiness = kind(
  "a duration such as 30s, status:idle or log:/pattern/",
  (given, facts, refuse): QuietReady => {
    const text = given.trim();
    const byLog = readByLog(text, refuse);
    if (byLog) return byLog;
    const [by, rest = ""] = split(text);
    if (by === "status") return rest.trim() === "" ? refuse() : { by, text: rest.trim() };
    const ms = readOr(duration, text, facts, refuse);
    return { by: "time", ms };
  },
);
