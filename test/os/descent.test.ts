import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyOf, type Root, type Snapshot, treeOf } from "../../src/os/descent.ts";
import type { ProcessStat } from "../../src/os/procstat.ts";
import { type Act, acts, Machine, type Setting, type Step } from "../support/machine.ts";

const sorted = (pids: readonly number[]) => [...pids].sort((a, b) => a - b);
const pidsOf = (processes: readonly ProcessStat[]) => sorted(processes.map(({ pid }) => pid));

const setting = fc.record<Setting>({
  daemon: fc.constantFrom("is init", "adopts", "is below one that adopts", "does not adopt"),
});
/** Forks come most often, or all trees stay small. */
const often: Record<Act, number> = {
  fork: 6,
  setsid: 3,
  setpgid: 1,
  exit: 3,
  reap: 2,
  adopt: 1,
  clear: 1,
};
const history = (without?: Act) => {
  const act = fc.oneof(
    ...acts
      .filter((name) => name !== without)
      .map((name) => ({ weight: often[name], arbitrary: fc.constant(name) })),
  );
  const of = fc.oneof(
    { weight: 8, arbitrary: fc.constant("one" as const) },
    { weight: 2, arbitrary: fc.constant("two" as const) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );
  const step: fc.Arbitrary<Step> = fc.record({ act, of, who: fc.nat(100) });
  return fc.array(step, { maxLength: 150, size: "max" });
};

/** Runs a history, and calls `look` after each of its steps. */
function live(given: Setting, steps: readonly Step[], look: (machine: Machine, one: Root) => void) {
  const machine = new Machine(given);
  const one = machine.supervise("one");
  machine.supervise("two");
  look(machine, one);
  for (const step of steps) {
    machine.take(step);
    look(machine, one);
  }
}

const runs = { numRuns: 100, interruptAfterTimeLimit: 15_000 };

describe("of whatever processes have done", () => {
  test("at any moment, exactly the living descendants are found, as long as they keep the token", () => {
    const property = fc.property(setting, history("clear"), (given, steps) =>
      live(given, steps, (machine, one) => {
        expect(pidsOf(treeOf(one, machine.snapshot()))).toEqual(sorted(machine.descendants("one")));
      }),
    );
    fc.assert(property, runs);
  });

  test("nothing else is found, whatever became of the tokens", () => {
    const property = fc.property(setting, history(), (given, steps) =>
      live(given, steps, (machine, one) => {
        const descendants = machine.descendants("one");
        for (const pid of pidsOf(treeOf(one, machine.snapshot())))
          expect(descendants).toContain(pid);
      }),
    );
    fc.assert(property, runs);
  });

  test("with whom is found, its children and its session are, though it be a zombie's", () => {
    const property = fc.property(setting, history(), (given, steps) =>
      live(given, steps, (machine, one) => {
        const now = machine.snapshot();
        const found = new Set(pidsOf(treeOf(one, now)));
        const ended = now.processes.filter(({ dead, parent }) => dead && found.has(parent));
        const kin = now.processes.filter(({ pid }) => found.has(pid)).concat(ended);
        const sessions = new Set(kin.map(({ session }) => session));
        for (const { pid, parent, session, dead } of now.processes) {
          if (!dead && !found.has(pid))
            expect([found.has(parent), sessions.has(session)]).toEqual([false, false]);
        }
      }),
    );
    fc.assert(property, runs);
  });

  test("exactly the living descendants are found without any token by who always looked", () => {
    const property = fc.property(setting, history("clear"), (given, steps) => {
      let known = new Set<string>();
      live(given, steps, (machine, one) => {
        const now: Snapshot = { ...machine.snapshot(), tokenOf: () => undefined };
        const tree = treeOf(one, now, known);
        known = new Set(tree.map(keyOf));
        expect(pidsOf(tree)).toEqual(sorted(machine.descendants("one")));
      });
    });
    fc.assert(property, runs);
  });
});

const process = (given: Partial<ProcessStat> & { pid: number }): ProcessStat => {
  const alone = { parent: 1, group: given.pid, session: given.pid, start: "50" };
  return { ...alone, name: "x", threads: 1, dead: false, ...given };
};

describe("environments are read only", () => {
  const processes = [
    process({ pid: 1, parent: 0, start: "1" }),
    process({ pid: 5, start: "5" }),
    process({ pid: 7, parent: 5, session: 5, start: "20" }), // the daemon
    process({ pid: 10, parent: 7, start: "30" }), // the child
    process({ pid: 11, parent: 10 }),
    process({ pid: 12, session: 10 }),
    process({ pid: 13, dead: true }),
    process({ pid: 14, start: "30" }),
    process({ pid: 15, parent: 14 }),
    process({ pid: 16, parent: 7 }),
    process({ pid: 17, parent: 5 }),
    process({ pid: 18, start: "29" }),
    process({ pid: 19, parent: 11 }),
    process({ pid: 20, session: 19 }),
  ];

  function readFor(root: Root): number[] {
    const read: number[] = [];
    const tokenOf = (pid: number) => {
      read.push(pid);
      return undefined;
    };
    const tree = treeOf(root, { processes, tokenOf, daemon: 7 });
    expect(pidsOf(tree)).toEqual([10, 11, 12, 19, 20]);
    return read;
  }

  test("of those without a parent of their own, that are not older and belong to no tree yet", () => {
    expect(readFor({ pid: 10, token: "t", start: "30" })).toEqual([14, 16, 17]);
  });

  test("of older ones too, when nobody knows how old the child is", () => {
    expect(readFor({ pid: 10, token: "t" })).toEqual([14, 16, 17, 18]);
  });
});

test("the daemon, what is above it and their session never belong to a tree", () => {
  const processes = [
    process({ pid: 5, start: "5" }),
    process({ pid: 6, parent: 5, session: 5 }),
    process({ pid: 7, parent: 5, session: 5 }), // the daemon
    process({ pid: 8, parent: 7, session: 5 }), // has the token, and the daemon's session
    process({ pid: 9, parent: 8, session: 5 }),
  ];
  const tokenOf = (pid: number) => (pid === 6 ? undefined : "t");
  for (const pid of [5, 7, 8, 10]) {
    const tree = treeOf({ pid, token: "t" }, { processes, tokenOf, daemon: 7 });
    expect(pidsOf(tree)).toEqual([8, 9]);
  }
});

test("who was known is known by its start, too", () => {
  const processes = [process({ pid: 8, start: "80" }), process({ pid: 9, start: "90" })];
  const now = { processes, tokenOf: () => undefined, daemon: 7 };
  const known = new Set(
    [process({ pid: 8, start: "8" }), process({ pid: 9, start: "90" })].map(keyOf),
  );
  expect(pidsOf(treeOf({ pid: 10, token: "t" }, now, known))).toEqual([9]);
});

test("a stranger that has got the pid of a child long gone is no child", () => {
  const processes = [process({ pid: 10, start: "90" }), process({ pid: 11, session: 10 })];
  const now = { processes, tokenOf: () => undefined, daemon: 7 };
  expect(treeOf({ pid: 10, token: "t", start: "50" }, now)).toEqual([]);
  expect(pidsOf(treeOf({ pid: 10, token: "t", start: "90" }, now))).toEqual([10, 11]);
});

test("orphans of init are found where the way from the daemon to init is hidden", () => {
  const processes = [process({ pid: 7, parent: 5 }), process({ pid: 8 })];
  const now = { processes, tokenOf: () => "t", daemon: 7 };
  expect(pidsOf(treeOf({ pid: 10, token: "t" }, now))).toEqual([8]);
});
