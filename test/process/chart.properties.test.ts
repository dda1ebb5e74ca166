import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Effect,
  type Event,
  isAtRest,
  type Policy,
  type State,
  transition,
} from "../../src/process/chart.ts";

/** What may happen to a process from outside. What cannot happen just now is passed over. */
type Move =
  | { do: "start" | "stop" | "close" | "wait" | "kernel refuses a signal" }
  | { do: "spawn"; works: boolean }
  | { do: "child ends"; code: number | undefined };

/** The shell around one chart, as dull as can be, with a fuse in place of everything it may rely on. */
class Shell {
  state: State = { name: "STOPPED", retries: 0 };
  closing = false;
  childLives = false;
  spawnQueued = false;
  timer = false;
  /** Nobody has asked for a start since the last stop that had an effect, or since the close. */
  mayNotSpawn = false;
  spawns = 0;
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  make(move: Move): void {
    switch (move.do) {
      case "start":
        if (!this.closing) this.#start();
        break;
      case "stop":
        if (this.send({ type: "stop" })) this.mayNotSpawn = true;
        break;
      case "close":
        this.closing = true;
        this.mayNotSpawn = true;
        this.send({ type: "close" });
        break;
      case "wait":
        if (this.timer) this.send({ type: "timeout" });
        break;
      case "spawn":
        if (this.spawnQueued) this.#answerSpawn(move.works);
        break;
      case "child ends":
        if (this.childLives) this.#endChild(move.code);
        break;
      case "kernel refuses a signal":
        // The shell tells it only of a signal it has just sent.
        if (this.state.name === "STOPPING") this.send({ type: "signalFailed", error: "EPERM" });
        break;
    }
  }

  send(event: Event): boolean {
    const step = transition(this.state, event, { policy: this.#policy, closing: this.closing });
    if (!step) return false;
    this.timer = step.wakeMs !== undefined;
    if (step.wakeMs !== undefined) expect(step.wakeMs).toBeGreaterThanOrEqual(0);
    this.state = step.next;
    for (const effect of step.effects ?? []) this.#perform(effect);
    return true;
  }

  #start(): void {
    const before = this.mayNotSpawn;
    this.mayNotSpawn = false;
    if (!this.send({ type: "start" })) this.mayNotSpawn = before;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "spawn":
        expect(this.childLives, "spawn beside a living child").toBe(false);
        expect(this.spawnQueued, "spawn beside a queued spawn").toBe(false);
        expect(this.mayNotSpawn, "spawn after a stop or a close").toBe(false);
        this.spawnQueued = true;
        this.spawns++;
        break;
      case "unspawn":
        expect(this.spawnQueued, "unspawn of nothing").toBe(true);
        this.spawnQueued = false;
        break;
      case "signal":
        expect(this.childLives, "signal to no child").toBe(true);
        break;
    }
  }

  #answerSpawn(works: boolean): void {
    expect(this.mayNotSpawn, "a queued spawn outlived a stop or a close").toBe(false);
    this.spawnQueued = false;
    this.childLives = works;
    const taken = this.send(works ? { type: "spawned" } : { type: "spawnFailed", error: "no" });
    expect(taken, "nobody waits for the spawn").toBe(true);
  }

  #endChild(code: number | undefined): void {
    this.childLives = false;
    const exit = code === undefined ? { signal: "SIGKILL" as const } : { code };
    const taken = this.send({ type: "exited", exit, uptimeMs: 0 });
    expect(taken, "nobody waits for the child's end").toBe(true);
  }
}

const policies: fc.Arbitrary<Policy> = fc.record({
  startsecs: fc.nat(2),
  startretries: fc.integer({ min: -1, max: 3 }),
  autorestart: fc.constantFrom<Policy["autorestart"]>(true, false, "unexpected"),
  exitcodes: fc.subarray([0, 1]),
  stopsignal: fc.constantFrom<NodeJS.Signals>("SIGTERM", "SIGINT"),
  stopwaitsecs: fc.nat(2),
  stopasgroup: fc.boolean(),
  killasgroup: fc.boolean(),
});

const everyday: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constantFrom("start" as const, "stop" as const) }),
  fc.record({ do: fc.constant("wait" as const) }),
  fc.record({ do: fc.constant("spawn" as const), works: fc.boolean() }),
  fc.record({
    do: fc.constant("child ends" as const),
    code: fc.constantFrom(undefined, 0, 1),
  }),
);
const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 12, arbitrary: everyday },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kernel refuses a signal" as const) }) },
);
const stories = fc.array(moves, { maxLength: 60, size: "max" });

const lives: readonly State["name"][] = ["RUNNING", "STOPPING", "UNKNOWN"];
const rests: readonly State["name"][] = ["STOPPED", "BACKOFF", "EXITED", "FATAL"];

test("never two children, no signal to nobody, and nothing starts after a stop or a close but by a start", () => {
  fc.assert(
    fc.property(policies, stories, (policy, story) => {
      const shell = new Shell(policy);
      for (const move of story) shell.make(move);
    }),
    { numRuns: 3_000 },
  );
});

test("the state says whether there is a child, a queued spawn and a timer", () => {
  fc.assert(
    fc.property(policies, stories, (policy, story) => {
      const shell = new Shell(policy);
      for (const move of story) {
        shell.make(move);
        const { state } = shell;
        if (lives.includes(state.name)) expect(shell).toMatchObject({ childLives: true });
        if (rests.includes(state.name)) expect(shell).toMatchObject({ childLives: false });
        if (state.name === "STARTING") {
          expect(shell).toMatchObject({ childLives: state.spawned, spawnQueued: !state.spawned });
        } else expect(shell).toMatchObject({ spawnQueued: false });
        const restarts = state.name === "EXITED" && state.restarting;
        const waits =
          restarts ||
          state.name === "BACKOFF" ||
          state.name === "STOPPING" ||
          (state.name === "STARTING" && state.spawned);
        expect(shell.timer).toBe(waits);
      }
    }),
    { numRuns: 3_000 },
  );
});

test("whatever went before, a stop and the child's end bring the process to rest", () => {
  fc.assert(
    fc.property(policies, stories, (policy, story) => {
      const shell = new Shell(policy);
      for (const move of story) shell.make(move);
      shell.make({ do: "stop" });
      shell.make({ do: "child ends", code: 1 });
      expect(isAtRest(shell.state)).toBe(true);
      expect(shell).toMatchObject({ childLives: false, spawnQueued: false, timer: false });
    }),
  );
});

test("a command that always fails is tried startretries + 1 times, then given up", () => {
  fc.assert(
    fc.property(policies, fc.boolean(), (policy, spawns) => {
      const shell = new Shell({ ...policy, startsecs: 1 });
      shell.make({ do: "start" });
      for (let turn = 0; turn < 50 && shell.state.name !== "FATAL"; turn++) {
        shell.make({ do: "spawn", works: spawns });
        shell.make({ do: "child ends", code: 0 });
        shell.make({ do: "wait" });
      }
      expect(shell.state.name).toBe("FATAL");
      expect(shell.spawns).toBe(Math.max(policy.startretries, 0) + 1);
    }),
  );
});
