/** What must be up before something else: pure decisions over names or whatever stands for them. */

/** What each needs directly. */
type Needs<T> = (of: T) => Iterable<T>;

/**
 * A way from one back to itself.
 * @returns those on the way, the first of them once more at the end; undefined: there is none
 */
export function findCycle<T>(all: Iterable<T>, needs: Needs<T>): T[] | undefined {
  const done = new Set<T>();
  for (const start of all) {
    // Not by recursion: a chain may be as long as there are programs.
    const path: { at: T; rest: Iterator<T> }[] = [];
    const onPath = new Set<T>();
    const enter = (at: T) => {
      path.push({ at, rest: needs(at)[Symbol.iterator]() });
      onPath.add(at);
    };
    if (!done.has(start)) enter(start);
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const { value, done: isOver } = last.rest.next();
      if (isOver) {
        path.pop();
        onPath.delete(last.at);
        done.add(last.at);
      } else if (onPath.has(value)) {
        const way = path.map(({ at }) => at);
        return [...way.slice(way.indexOf(value)), value];
      } else if (!done.has(value)) enter(value);
    }
  }
  return undefined;
}

/** Those that others need come before these; the order stays as it is otherwise. */
export function needsFirst<T>(all: readonly T[], needs: Needs<T>): T[] {
  const wanted = new Set(all);
  const ordered = new Set<T>();
  const add = (first: T) => {
    const stack = [first];
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const missing = [...needs(at)].find((each) => wanted.has(each) && !ordered.has(each));
      // There are no cycles: what is missing comes to an end.
      if (missing !== undefined && !stack.includes(missing)) stack.push(missing);
      else {
        ordered.add(at);
        stack.pop();
      }
    }
  };
  for (const each of all) if (!ordered.has(each)) add(each);
  return [...ordered];
}

/**
 * In which steps to stop what stands in groups, one group after another: nobody in the same step as one
 * who needs it, or in an earlier one. Without needs the groups are the steps.
 */
export function stopSteps<T>(groups: readonly (readonly T[])[], dependents: Needs<T>): T[][] {
  const left = new Set(groups.flat());
  const isFree = (each: T) => ![...dependents(each)].some((other) => left.has(other));
  const steps: T[][] = [];
  let waiting = groups.map((group) => [...group]);
  while (left.size > 0) {
    waiting = waiting.filter((group) => group.length > 0);
    const free = waiting.map((group) => group.filter(isFree));
    const at = free.findIndex((group) => group.length > 0);
    // A cycle is refused with the configuration; two that were taken over one by one may make one.
    const step = free[at] ?? waiting[0] ?? [];
    steps.push(step);
    for (const each of step) left.delete(each);
    waiting = waiting.map((group) => group.filter((each) => left.has(each)));
  }
  return steps;
}
