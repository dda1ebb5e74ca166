/** What must hold of each daemon for itself. */

import { type Line, statesOf } from "./lines.ts";
import type { Peer } from "./peer.ts";

/** The processes that were seen in states that the log does not tell of, in that order. */
export function unexplained(lines: readonly Line[], { seen }: Peer): string[] {
  const told = statesOf(lines);
  return [...seen].flatMap(([name, states]) => {
    const past = told.get(name) ?? ["STOPPED"];
    let at = 0;
    const isTold = states.every((state) => {
      at = past.indexOf(state, at) + 1;
      return at > 0;
    });
    return isTold ? [] : [`${name}: seen ${states.join(" ")}, told ${past.join(" ")}`];
  });
}

/** The processes that were stopped by the end of the daemon before the group before theirs was down. */
export function hasty(lines: readonly Line[], { groups }: Peer): string[] {
  const ending = lines.findLastIndex(({ text }) => /^received .* (?:exit|restart) req/.test(text));
  const alive = new Set<string>();
  const found: string[] = [];
  for (const { name = "", text } of lines.slice(ending)) {
    if (text.startsWith("stopped: ")) alive.delete(name);
    if (!/^killing \S+ \(pid/.test(text)) continue;
    const before = [...alive].filter((other) => groups.get(other) !== groups.get(name));
    found.push(...before.map((other) => `${name} before the end of ${other}`));
    alive.add(name);
  }
  return found;
}
