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

/** Where output goes. */
export type LogTarget =
  | { to: "auto" }
  | { to: "none" }
  | { to: "syslog" }
  | { to: "file"; path: string };

/** Where the daemon's own log goes; other than for a child, `none` and `auto` are names of files. */
export const mainLogfile = kind(
  "a file in a directory that exists, or syslog",
  (given, facts, refuse): LogTarget =>
    given === "syslog"
      ? { to: "syslog" }
      : { to: "file", path: readFilePath(given, facts, refuse) },
);

/**
 * Where a child's output goes. As in supervisord the folder must be there when the configuration is
 * read, and a relative path is relative to where the daemon then runs.
 */
export const logfile = kind(
  "a file in a directory that exists, AUTO, NONE or syslog",
  (given, facts, refuse): LogTarget => {
    switch (given.trim().toLowerCase()) {
      case "auto":
        return { to: "auto" };
      case "":
      case "none":
      case "off":
        return { to: "none" };
      case "syslog":
        return { to: "syslog" };
      default: {
        const file = readFilePath(given, facts, refuse);
        return { to: "file", path: given.startsWith("~") ? file : given };
      }
    }
  },
);
