interface Ranked {
  name: string;
  priority: number;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Ascending priority, then name as text (`p_10` before `p_2`): supervisord's order of starting. */
export const byPriority = (a: Ranked, b: Ranked): number =>
  a.priority - b.priority || compare(a.name, b.name);

interface Named {
  group: string;
  name: string;
}

/** The order of `status`: by group, then by process. */
export const byName = (a: Named, b: Named): number =>
  compare(a.group, b.group) || compare(a.name, b.name);

/** How a process is written: `group:name`, or just `name` when both are the same. */
export const namespec = ({ group, name }: Named): string =>
  group === name ? name : `${group}:${name}`;

/**
 * Reads what people write for a process or a group.
 * @returns `process` is undefined for a whole group: `group:*` or `group:`
 */
export function parseNamespec(text: string): { group: string; process: string | undefined } {
  const colon = text.indexOf(":");
  if (colon < 0) return { group: text, process: text };
  const process = text.slice(colon + 1);
  return {
    group: text.slice(0, colon),
    process: process === "" || process === "*" ? undefined : process,
  };
}
