import { suggest } from "../config/problems.ts";
import { magic, matcher } from "../os/glob.ts";
import { namespec, parseNamespec } from "../process/order.ts";
import type { Session } from "./session.ts";

interface Named {
  group: string;
  name: string;
}

/** Whole groups are written with a star as well, and are no pattern. */
const isPattern = (word: string): boolean => magic.test(word.replace(/:\*$/, ""));

/** The names that a word stands for; of a pattern those that match, as `group:name` or as it is shown. */
export function matching(all: readonly Named[], word: string): string[] {
  const matches = matcher(word);
  return all
    .filter((info) => matches(namespec(info)) || matches(`${info.group}:${info.name}`))
    .map(namespec);
}

/**
 * Puts names in the place of patterns, in the order of status and each once. What matches nothing stays
 * as it is, to be told as a name that there is not.
 * @throws ServerError
 */
export async function expandPatterns(
  session: Session,
  words: readonly string[],
): Promise<readonly string[]> {
  if (!words.some(isPattern)) return words;
  const all = await session.client.call("supervisor.getAllProcessInfo", {});
  const expanded = words.flatMap((word) => {
    const found = isPattern(word) ? matching(all, word) : [];
    return found.length > 0 ? found : [word];
  });
  return [...new Set(expanded)];
}

/** Tells somebody at a terminal the nearest name of each that there is not. @throws ServerError */
export async function hintAtNames(session: Session, words: readonly string[]): Promise<void> {
  const all = await session.client.call("supervisor.getAllProcessInfo", {});
  const names = new Set(all.map(namespec));
  const groups = new Set(all.map(({ group }) => group));
  for (const word of words) {
    const { group, process } = parseNamespec(word);
    const isThere = names.has(word) || (process === undefined && groups.has(group));
    if (isThere || word === "all" || word.startsWith("-")) continue;
    const hint = process === undefined ? suggest(group, groups) : suggest(word, names);
    if (hint !== "") session.complain(`${word}${hint}`);
  }
}
