import path from "node:path";
import type { Facts } from "../facts.ts";
import { quote } from "../problems.ts";
import { kind, type Refuse } from "./kind.ts";

/** A path as it is written, relative to where it is used; `~` is a name like any other. */
export const plainPath = kind("a path", (given) => given);

/** An absolute path; `~` and `~user` are expanded. Nothing is checked. */
export const anyPath = kind("a path", (given, facts) => resolvePath(given, facts));

function resolvePath(given: string, facts: Facts): string {
  const [, user, rest = ""] = /^~([^/]*)(.*)$/s.exec(given) ?? [];
  if (user === undefined) return path.resolve(facts.cwd, given);
  const home = user === "" ? facts.home : facts.user(user)?.home;
  return home === undefined ? path.resolve(facts.cwd, given) : path.join(home, rest);
}

export const existingDir = kind("an existing directory", (given, facts, refuse) => {
  const dir = resolvePath(given, facts);
  return given !== "" && facts.isDirectory(dir) ? dir : refuse();
});

function readFilePath(given: string, facts: Facts, refuse: Refuse): string {
  const file = resolvePath(given, facts);
  const dir = path.dirname(file);
  return facts.isDirectory(dir) ? file : refuse(`: there is no directory ${quote(dir)}`);
}

/** A file that may or may not exist, in a directory that does. */
export const filePath = kind("a file in a directory that exists", readFilePath);

/** A file in a directory that exists, or none. */
export const optionalFile = kind(
  "a file in a directory that exists, or none",
  (given, facts, refuse) =>
    ["", "none", "off"].includes(given.toLowerCase())
      ? undefined
      : readFilePath(given, facts, refuse),
);

/** One place that output goes to. */
export type LogPlace =
  | { to: "auto" }
  | { to: "none" }
  | { to: "syslog" }
  | { to: "file"; path: string };

/** Where output goes. */
export type LogTarget = LogPlace | { to: "several"; places: readonly LogPlace[] };

/** Each place that output goes to. */
export const targetsOf = (target: LogTarget): readonly LogPlace[] =>
  target.to === "several" ? target.places : [target];

/** Where the daemon's own log goes; other than for a child, `none` and `auto` are names of files. */
export const mainLogfile = kind(
  "a file in a directory that exists, or syslog",
  (given, facts, refuse): LogPlace =>
    given === "syslog"
      ? { to: "syslog" }
      : { to: "file", path: readFilePath(given, facts, refuse) },
);

/**
 * Where a child's output goes. As in supervisord the folder must be there when the configuration is
 * read, and a relative path is relative to where the daemon then runs.
 */
export const logfile = kind(
  "a file in a directory that exists, AUTO, NONE or syslog, or several of them with commas",
  (given, facts, refuse): LogTarget => {
    const parts = given.split(",").map((part) => part.trim());
    return isList(given, parts, facts)
      ? { to: "several", places: parts.map((part) => readPlace(part, facts, refuse)) }
      : readPlace(given, facts, refuse);
  },
);

const words = new Map<string, LogPlace>([
  ["auto", { to: "auto" }],
  ["", { to: "none" }],
  ["none", { to: "none" }],
  ["off", { to: "none" }],
  ["syslog", { to: "syslog" }],
]);

const wordOf = (given: string): LogPlace | undefined => words.get(given.trim().toLowerCase());

/**
 * A comma may be in the name of a file, as it may in supervisord: it divides only where nothing but
 * absolute paths and words are around it, and no folder of that name is there.
 */
function isList(given: string, parts: readonly string[], facts: Facts): boolean {
  const isPlace = (part: string) =>
    /^(?:~[^/]*)?\//.test(part) || (part !== "" && wordOf(part) !== undefined);
  if (parts.length === 1 || !parts.every(isPlace)) return false;
  const folder = path.dirname(resolvePath(given, facts));
  return !(folder.includes(",") && facts.isDirectory(folder));
}

function readPlace(given: string, facts: Facts, refuse: Refuse): LogPlace {
  const word = wordOf(given);
  if (word) return word;
  const file = readFilePath(given, facts, refuse);
  return { to: "file", path: given.startsWith("~") ? file : given };
}
