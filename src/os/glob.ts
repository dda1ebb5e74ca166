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

/** A whole `[...]`; a `]` that comes first, or after the `!`, is one of its characters. */
const token = /\[(?:!(\][^\]]*|[^\]]+)|(?!!)(\][^\]]*|[^\]]+))\]|[\s\S]/gu;

function toRegExp(part: string): RegExp {
  const source = part.replaceAll(token, (found, noneOf?: string, anyOf?: string) => {
    if (noneOf !== undefined) return oneOf(noneOf, true);
    if (anyOf !== undefined) return oneOf(anyOf, false);
    if (found === "*") return ".*";
    return found === "?" ? "." : literally(found);
  });
  return new RegExp(`^${source}$`, "su");
}

/** Characters and ranges; a range that runs backwards is empty, and so may be the whole set. */
function oneOf(set: string, not: boolean): string {
  const characters = [...set];
  let members = "";
  for (let at = 0; at < characters.length; at++) {
    const first = characters[at] ?? "";
    const last = characters[at + 2];
    if (characters[at + 1] !== "-" || last === undefined) {
      members += literally(first);
      continue;
    }
    if (first <= last) members += `${literally(first)}-${literally(last)}`;
    at += 2;
  }
  if (members === "") return not ? "." : "(?!)";
  return `[${not ? "^" : ""}${members}]`;
}

const literally = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
