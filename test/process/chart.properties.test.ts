import fc from "fast-check";
import { expect, test } from "vitest";
import { isAtRest } from "../../src/process/chart.ts";
import type { Exit } from "../../src/process/exit.ts";
import type { Policy } from "../../src/process/policy.ts";
import { parts, policies } from "../support/policy.ts";
import { Shell } from "../support/shell.ts";

/** What may happen to a process from outside. What cannot happen just now is passed over. */
type Move = (shell: Shell) => void;

const move = (does: Move): fc.Arbitrary<Move> => fc.constant(does);
const times = fc.constantFrom(0, 1, 50, 100, 999, 1_000, 3_000, 60_000);
const exits = fc.constantFrom<Exit>({ code: 0 }, { code: 1 }, { signal: "SIGKILL" });

const spawns = fc
  .constantFrom("works" as const, "works" as const, "fails" as const, "no room" as const)
  .map(
    (answer): Move =>
      (shell) =>
        shell.answerSpawn(answer),
  );
const ends = fc.tuple(exits, fc.nat(2)).map(
  ([exit, leftovers]): Move =>
    (shell) =>
      shell.endChild(exit, leftovers),
);
const passing = times.map(
  (ms): Move =>
    (shell) =>
      shell.advance(ms),
);
const busy = times.map(
  (ms): Move =>
    (shell) =>
      shell.beBusy(ms),
);

/** What may happen to a process that nobody wants down. */
const undisturbed = fc.oneof(
  { weight: 3, arbitrary: spawns },
  { weight: 2, arbitrary: ends },
  { weight: 2, arbitrary: passing },
  { weight: 1, arbitrary: busy },
  { weight: 2, arbitrary: move((shell) => shell.wait()) },
  { weight: 2, arbitrary: move((shell) => shell.clear()) },
  { weight: 1, arbitrary: move((shell) => shell.recycle()) },
  {
    weight: 1,
    arbitrary: fc.nat(5).map(
      (n): Move =>
        (shell) =>
          shell.fallIll(n),
    ),
  },
  { weight: 1, arbitrary: move((shell) => shell.becomeQuiet()) },
  { weight: 1, arbitrary: move((shell) => shell.failCommand()) },
);
const moves = fc.oneof(
  { weight: 14, arbitrary: undisturbed },
  { weight: 3, arbitrary: move((shell) => shell.start()) },
  { weight: 2, arbitrary: move((shell) => shell.stop()) },
  { weight: 1, arbitrary: move((shell) => shell.refuseSignal()) },
);
const closes = move((shell) => shell.close());

const storyOf = (of: fc.Arbitrary<Move>) => fc.array(of, { maxLength: 80, size: "max" });
/** Most of the daemon's life it is not going down. */
const stories = storyOf(
  fc.oneof({ weight: 40, arbitrary: moves }, { weight: 1, arbitrary: closes }),
);

function live(policy: Policy, random: number, story: readonly Move[]): Shell {
  const shell = new Shell(policy, () => random);
  for (const does of story) {
    does(shell);
    shell.check();
  }
  return shell;
}

test("the state says what there is, and nothing is done that must not be", () => {
  fc.assert(
    fc.property(policies, parts, stories, (policy, random, story) => {
      live(policy, random, story);
    }),
    { numRuns: 5_000 },
  );
});

test("whatever went before, a stop, the child's end and that of its tree bring it to rest for good", () => {
  fc.assert(
    fc.property(policies, parts, stories, exits, fc.nat(2), (policy, random, story, exit, left) => {
      const shell = live(policy, random, story);
      shell.stop();
      shell.endChild(exit, left);
      shell.clear();
      shell.check();
      expect(isAtRest(shell.state)).toBe(true);
      const { length } = shell.starts;
      shell.advance(86_400_000);
      expect(shell.starts).toHaveLength(length);
    }),
  );
});

test("whatever went before, the daemon's end with that of the child brings it to rest for good", () => {
  fc.assert(
    fc.property(policies, parts, stories, exits, fc.nat(2), (policy, random, story, exit, left) => {
      const shell = live(policy, random, story);
      shell.close();
      shell.stop();
      shell.endChild(exit, left);
      shell.clear();
      shell.check();
      expect(isAtRest(shell.state)).toBe(true);
    }),
  );
});

/** Lets happen what should, until the process runs. */
function settle(shell: Shell): void {
  for (let turn = 0; turn < 20 && shell.state.name !== "RUNNING"; turn++) {
    shell.answerSpawn("works");
    shell.clear();
    if (shell.state.name === "STOPPING") shell.endChild({ signal: "SIGKILL" });
    else shell.wait();
    shell.check();
  }
}

test("what nobody wants down and nothing limits comes back, whatever happens to it", () => {
  const unlimited = { autorestart: true, startretries: Infinity, restart_limit: undefined };
  fc.assert(
    fc.property(policies, parts, storyOf(undisturbed), (policy, random, story) => {
      const started: Move[] = [(shell) => shell.start(), ...story];
      const shell = live({ ...policy, ...unlimited }, random, started);
      settle(shell);
      expect(shell.state.name).toBe("RUNNING");
    }),
    { numRuns: 1_000 },
  );
});

test("a command that always fails is tried startretries + 1 times, then given up", () => {
  fc.assert(
    fc.property(policies, parts, fc.boolean(), (policy, random, spawning) => {
      fc.pre(policy.startretries < Infinity);
      const shell = new Shell({ ...policy, startsecs: 1, restart_limit: undefined }, () => random);
      shell.start();
      for (let turn = 0; turn < 50 && shell.state.name !== "FATAL"; turn++) {
        shell.answerSpawn(spawning ? "works" : "fails");
        shell.endChild({ code: 0 });
        shell.wait();
      }
      expect(shell.state).toEqual({ name: "FATAL", because: "startretries" });
      expect(shell.starts).toHaveLength(Math.max(policy.startretries, 0) + 1);
    }),
  );
});

test("so is one that always ends too early for backoff_reset_after", () => {
  fc.assert(
    fc.property(policies, parts, fc.integer({ min: 1_000, max: 59_999 }), (policy, random, up) => {
      fc.pre(policy.startretries < Infinity);
      const own = { startsecs: 1, autorestart: true, exitcodes: [], restart_limit: undefined };
      const early = { ...policy, ...own, backoff_reset_after: 60_000, max_lifetime: undefined };
      const shell = new Shell(early, () => random);
      shell.start();
      for (let turn = 0; turn < 50 && shell.state.name !== "FATAL"; turn++) {
        shell.answerSpawn("works");
        shell.advance(up);
        shell.endChild({ code: 1 });
        shell.wait();
      }
      expect(shell.state).toEqual({ name: "FATAL", because: "startretries" });
      expect(shell.starts).toHaveLength(Math.max(policy.startretries, 0) + 1);
    }),
  );
});

test("a machine without room makes nothing FATAL, and is tried for as long as it takes", () => {
  fc.assert(
    fc.property(policies, parts, fc.nat(50), (policy, random, turns) => {
      const shell = new Shell(policy, () => random);
      shell.start();
      for (let turn = 0; turn < turns; turn++) {
        shell.answerSpawn("no room");
        shell.wait();
        shell.check();
      }
      expect(shell.starts).toHaveLength(turns);
      settle(shell);
      expect(shell.state.name).toBe("RUNNING");
    }),
  );
});
