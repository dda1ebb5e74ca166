import { signalChild } from "../os/children.ts";
import type { Enclosure } from "../os/enclosure.ts";
import { type Snapshot, snapshotOfTurn, Tree } from "../os/tree.ts";
import type { Target } from "../process/policy.ts";
import { type SignalName, signalOf } from "../process/signals.ts";
import { enclosureOf } from "./channelname.ts";
import type { ChildMaker } from "./child.ts";
import { isScarce } from "./errors.ts";
import { runStopCommand } from "./stopcommand.ts";
import type { World } from "./world.ts";

/** Puts a child into a cgroup of its own, where that is possible; the other ways of finding it stay. */
const enclose = (pid: number, token: string): Enclosure | undefined =>
  unlessScarce(() => {
    const enclosure = enclosureOf(token);
    if (!enclosure?.make()) return undefined;
    enclosure.add(pid);
    return enclosure;
  });

/** To look for processes takes descriptors. @returns undefined when there are none left just now */
function unlessScarce<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!isScarce(error)) throw error;
    return undefined;
  }
}

/** What a stop command has left when its process is down. */
const LAST_WORDS_MS = 1_000;

/** One child of a process, and with stoptree all that it has started, to be signalled and waited for. */
export class LiveChild {
  readonly pid: number;
  readonly #name: string;
  readonly #maker: ChildMaker;
  readonly #world: World;
  readonly #tree: Tree | undefined;
  readonly #upSince: number;
  #endCommand: (() => void) | undefined;

  /** @param start as Identity has it; undefined: the child is gone already, and its end is not told yet */
  constructor(
    { pid, start }: { pid: number; start: string | undefined },
    maker: ChildMaker,
    world: World,
  ) {
    const { name, stoptree } = maker.config;
    this.pid = pid;
    this.#name = name;
    this.#maker = maker;
    this.#world = world;
    const token = maker.treeToken;
    this.#tree = stoptree ? new Tree({ pid, start, token }, enclose(pid, token)) : undefined;
    this.#upSince = world.clock.monotonicMs();
  }

  get uptimeMs(): number {
    return this.uptimeMsAt(this.#world.clock.monotonicMs());
  }

  uptimeMsAt(monotonicMs: number): number {
    return monotonicMs - this.#upSince;
  }

  /** Gives back what it took beside its processes, when these are gone. */
  bury(): void {
    unlessScarce(() => this.#tree?.close());
  }

  /** How many processes there still are of what it has started; when nobody can look, there may be one. */
  leftovers(now?: Snapshot): number {
    const tree = this.#tree;
    if (!tree) return 0;
    return unlessScarce(() => tree.members(now ?? snapshotOfTurn()).length) ?? 1;
  }

  /** @throws what the kernel gives, but not that there is no such process any more */
  signal(signal: SignalName, to: Target): void {
    if (to === "tree" && this.#tree) this.#signalTree(this.#tree, signal);
    else if (!signalChild(this.pid, signalOf(signal), to === "group")) {
      const why = "it probably just exited on its own: [Errno 3] No such process";
      this.#world.log("debug", `unable to signal ${this.#name} (pid ${this.pid}), ${why}`);
    }
  }

  #signalTree(tree: Tree, signal: SignalName): void {
    const signalled = unlessScarce(() => tree.kill(signalOf(signal), snapshotOfTurn()));
    // The group, which is most of a tree, needs no look.
    if (!signalled) signalChild(this.pid, signalOf(signal), true);
    for (const { pid, name } of signalled ?? []) {
      if (signal !== "SIGKILL" || pid === this.pid) continue;
      this.#world.log("warn", `killed ${name} (pid ${pid}), which '${this.#name}' had left behind`);
    }
  }

  /** @param onFailure is told why, when it cannot be run or does not exit with 0 */
  runStopCommand(command: string, onFailure: (why: string) => void): void {
    this.#endCommand = runStopCommand(this.#maker, { command, mainPid: this.pid, onFailure });
  }

  /** Ends the stop command, if one runs still when it has had a moment to finish. */
  endStopCommand(): void {
    const end = this.#endCommand;
    this.#endCommand = undefined;
    if (end) this.#world.clock.after(LAST_WORDS_MS, end);
  }
}
