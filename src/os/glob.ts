import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";

const magic = /[*?[]/;

/**
 * The existing paths that match an absolute pattern, sorted, by the rules of Python's `glob`, which
 * supervisord uses: `*`, `?` and `[...]` within one name, no `**`, and no dot files unless asked for.
 */
export function glob(pattern: string): string[] {
  const parts = pattern.split("/").filter((part) => part !== "");
  let found = ["/"];
  for (const part of parts) {
    found = found.flatMap((dir) =>
      magic.test(part) ? matchesIn(dir, part) : [path.join(dir, part)].filter(existsSync),
    );
  }
  return found.sort((a, b) => (a < b ? -1 : 1));
}

function matchesIn(dir: string, part: string): string[] {
  const names = unless(["ENOENT", "ENOTDIR", "EACCES"], () => readdirSync(dir)) ?? [];
  const wanted = toRegExp(part);
  return names
    .filter((name) => wanted.test(name) && (!name.startsWith(".") || part.startsWith(".")))
    .map((name) => path.join(dir, name));
}

function toRegExp(part: string): RegExp {
  const source = part.replaceAll(/\[(!?)(\]?[^\]]*)\]|[*?]|[^*?]/g, (token, not, set) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (set === undefined) return literally(token);
    return `[${not ? "^" : ""}${set.replaceAll(/[\\\]^]/g, "\\$&")}]`;
  });
  return new RegExp(`^${source}$`, "su");
}

const literally = (literal: string): string => literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
