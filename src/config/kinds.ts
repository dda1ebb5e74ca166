import { constants } from "node:os";
import path from "node:path";
import type { Facts, User } from "./facts.ts";
import { parseKeyValues } from "./keyvalues.ts";
import { badValue, suggest } from "./problems.ts";

/** One kind of value: how its text is read. */
export interface Kind<T> {
  /** @throws BadValue saying what was expected and what came */
  parse(text: string, facts: Facts): T;
}

const kind = <T>(parse: Kind<T>["parse"]): Kind<T> => ({ parse });

export const text = kind((given) => given);

const wholeNumber = /^[+-]?\d+(?:_\d+)*$/;

function parseInteger(given: string, expected: string): number {
  const trimmed = given.trim();
  const number = Number(trimmed.replaceAll("_", ""));
  if (!wholeNumber.test(trimmed) || !Number.isSafeInteger(number)) throw badValue(expected, given);
  return number;
}

export const integer = kind((given) => parseInteger(given, "a whole number such as 3"));

/** Whole seconds, as in supervisord. */
export const seconds = kind((given) => parseInteger(given, "whole seconds such as 10"));

const words = new Map([
  ...["yes", "true", "on", "1"].map((word) => [word, true] as const),
  ...["no", "false", "off", "0"].map((word) => [word, false] as const),
]);

function parseBoolean(given: string, expected: string): boolean {
  const value = words.get(given.toLowerCase());
  if (value === undefined) throw badValue(expected, given);
  return value;
}

export const boolean = kind((given) => parseBoolean(given, "true or false"));

export const autorestart = kind((given): boolean | "unexpected" =>
  given.toLowerCase() === "unexpected"
    ? "unexpected"
    : parseBoolean(given, "true, false or unexpected"),
);

const units = new Map([
  ["kb", 2 ** 10],
  ["mb", 2 ** 20],
  ["gb", 2 ** 30],
]);

/** A size in bytes: `512`, `50MB`; the suffixes KB, MB and GB are powers of 1024. */
export const bytes = kind((given) => {
  const expected = "a size in bytes such as 512, 100KB, 50MB or 1GB";
  const unit = units.get(given.slice(-2).toLowerCase());
  const size = parseInteger(unit ? given.slice(0, -2) : given, expected) * (unit ?? 1);
  if (!Number.isSafeInteger(size)) throw badValue(expected, given);
  return size;
});

export const octal = kind((given) => {
  if (!/^(?:0o)?[0-7]+$/i.test(given.trim())) throw badValue("an octal mode such as 0700", given);
  return Number.parseInt(given.trim().replace(/^0o/i, ""), 8);
});

const signals = Object.entries(constants.signals) as [NodeJS.Signals, number][];

export const signal = kind((given): NodeJS.Signals => {
  const word = given.trim().toUpperCase();
  const full = word.startsWith("SIG") ? word : `SIG${word}`;
  // Where a number has two names, the usual one comes first.
  const found = signals.find(([name, number]) => name === full || String(number) === word);
  if (found) return found[0];
  const error = badValue("a signal such as TERM, HUP or 15", given);
  const known = signals.map(([name]) => name.slice("SIG".length));
  error.message += suggest(full.slice("SIG".length), known);
  throw error;
});

export const exitcodes = kind((given): readonly number[] => {
  if (given.trim() === "") return [];
  return given.split(",").map((part) => {
    const expected = "exit codes from 0 to 255 with commas between them";
    const code = parseInteger(part, expected);
    if (code < 0 || code > 255) throw badValue(expected, given);
    return code;
  });
});

/** `environment=`: KEY=value pairs. */
export const keyValues = kind((given): Readonly<Record<string, string>> => parseKeyValues(given));

/** Names with commas between them; white space around each is dropped. */
export const names = kind((given): readonly string[] =>
  given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
);

/** `serverurl=`; undefined for AUTO, which is what nothing and the empty value mean too. */
export const serverUrl = kind((given): string | undefined =>
  /^(?:auto)?$/i.test(given.trim()) ? undefined : given,
);

/** An absolute path; `~` and `~user` are expanded. Nothing is checked. */
export const anyPath = kind((given, facts) => resolvePath(given, facts));

function resolvePath(given: string, facts: Facts): string {
  const [, user, rest = ""] = /^~([^/]*)(.*)$/s.exec(given) ?? [];
  if (user === undefined) return path.resolve(facts.cwd, given);
  const home = user === "" ? facts.home : facts.user(user)?.home;
  return home === undefined ? path.resolve(facts.cwd, given) : path.join(home, rest);
}

export const existingDir = kind((given, facts) => {
  const dir = resolvePath(given, facts);
  if (!facts.isDirectory(dir)) throw badValue("an existing directory", given);
  return dir;
});

/** A file that may or may not exist, in a directory that does. */
export const filePath = kind((given, facts) => {
  const file = resolvePath(given, facts);
  const dir = path.dirname(file);
  if (!facts.isDirectory(dir))
    throw badValue(`a file in a directory that exists (${dir} does not)`, given);
  return file;
});

/** Where a child's output goes. */
export type LogTarget = { to: "auto" } | { to: "none" } | { to: "file"; path: string };

export const logfile = kind((given, facts): LogTarget => {
  switch (given.trim().toLowerCase()) {
    case "auto":
      return { to: "auto" };
    case "":
    case "none":
    case "off":
      return { to: "none" };
    case "syslog":
      throw badValue("the path of a file, AUTO or NONE (drover does not write to syslog)", given);
    default:
      return { to: "file", path: filePath.parse(given, facts) };
  }
});

export const logLevels = [
  "critical",
  "error",
  "warn",
  "info",
  "debug",
  "trace",
  "blather",
] as const;
export type LogLevel = (typeof logLevels)[number];

const levelWords = new Map<string, LogLevel>(logLevels.map((level) => [level, level]));

export const logLevel = kind((given) => {
  const level = levelWords.get(given.toLowerCase());
  if (level) return level;
  const error = badValue("critical, error, warn, info, debug, trace or blather", given);
  error.message += suggest(given.toLowerCase(), logLevels);
  throw error;
});

/** A user by name or numeric id, resolved when the configuration is read. */
export const user = kind((given, facts): User => {
  const found = facts.user(given.trim());
  if (!found) throw badValue("the name or id of a user of this machine", given);
  return found;
});

export interface Owner {
  uid: number;
  /** -1: leave the group as it is. */
  gid: number;
}

/** `user` or `user:group`. */
export const owner = kind((given, facts): Owner => {
  const [userPart = "", groupPart] = given.split(":");
  const { uid } = user.parse(userPart, facts);
  if (groupPart === undefined) return { uid, gid: -1 };
  const gid = facts.group(groupPart.trim());
  if (gid === undefined) throw badValue("a user and a group of this machine, as user:group", given);
  return { uid, gid };
});

/** One of a few words. */
export const choice = <const W extends string>(...choices: readonly W[]): Kind<W> =>
  kind((given) => {
    const found = choices.find((word) => word === given.trim().toLowerCase());
    if (!found) throw badValue(choices.join(" or "), given);
    return found;
  });
