import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { errnoOf } from "./errno.ts";

/** What makes a name a pattern. */
export const magic = /[*?[]/;

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
  const matches = matcher(part);
  return namesIn(dir)
    .filter((name) => (!name.startsWith(".") || part.startsWith(".")) && matches(name))
    .map((name) => path.join(dir, name));
}

/** Nothing where there is no folder, or none that can be read, whatever the reason. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/** A whole `[...]`; a `]` that comes first, or after the `!`, is one of its characters. */
const token = /\[(?:!(\][^\]]*|[^\]]+)|(?!!)(\][^\]]*|[^\]]+))\]|[\s\S]/gu;

/**
 * What stands between the stars of a pattern is looked for from left to right, each where it comes
 * first. One regular expression for all of it would try every way there is.
 */
export function matcher(part: string): (name: string) => boolean {
  const [first = "", ...others] = piecesOf(part);
  const last = others.pop();
  const start = new RegExp(`^${first}${last === undefined ? "$" : ""}`, "su");
  const between = others.map((piece) => new RegExp(piece, "gsu"));
  const end = new RegExp(`${last ?? ""}$`, "su");
  return (name) => {
    let at = start.exec(name)?.[0].length;
    for (const piece of between) {
      if (at === undefined) return false;
      piece.lastIndex = at;
      at = piece.test(name) ? piece.lastIndex : undefined;
    }
    return at !== undefined && end.test(name.slice(at));
  };
}

/** The parts between the stars, as regular expressions. */
function piecesOf(part: string): string[] {
  const pieces = [""];
  for (const [found, noneOf, anyOf] of part.matchAll(token)) {
    if (found === "*") pieces.push("");
    else pieces[pieces.length - 1] += characterOf(found, noneOf, anyOf);
  }
  return pieces;
}

function characterOf(found: string, noneOf?: string, anyOf?: string): string {
  if (noneOf !== undefined) return oneOf(noneOf, true);
  if (anyOf !== undefined) return oneOf(anyOf, false);
  return found === "?" ? "." : literally(found);
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
