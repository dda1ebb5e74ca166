import type { ProcessConfig } from "../config/config.ts";
import type { Exit } from "../process/exit.ts";
import type { Effect, Event } from "../process/step.ts";
import type { Attention } from "./attention.ts";
import type { ChildMaker, SpawnEvents } from "./child.ts";
import { SpawnError } from "./errors.ts";
import type { End, History } from "./history.ts";
import type { Entry } from "./ledger.ts";
import { LiveChild } from "./livechild.ts";
import type { World } from "./world.ts";

interface Parts {
  world: World;
  maker: ChildMaker;
  history: History;
  attention: Attention;
  /** As it is configured now. */
  config(): ProcessConfig;
  send(event: Event): void;
  /** A child is there, and nothing has been told of it yet. */
  spawned(): void;
  /** The child is no more, and its end is not told yet. */
  collected(): void;
}

/** Has the child of a process: from its start, or its discovery, until nothing is left of it. */
export class Keeper {
  readonly #parts: Parts;
  #child: LiveChild | undefined;
  /** The child is no more, but that it has exited is not told yet. */
  #collected = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** 0: there is no child. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isCollected(): boolean {
    return this.#collected;
  }

  /** In milliseconds; 0: there is no child. @param monotonicMs the moment */
  uptimeMsAt(monotonicMs: number): number {
    return this.#child?.uptimeMsAt(monotonicMs) ?? 0;
  }

  /** Starts a child; what comes of it is sent. */
  spawn(): void {
    const { maker, attention, send } = this.#parts;
    maker.stdio.forget();
    let started = false;
    try {
      const extra = attention.prepare();
      const events: SpawnEvents = {
        started: (pid) => {
          started = true;
          this.#spawned(pid);
        },
        failed: (error, scarce) => {
          attention.end();
          send({ type: "spawnFailed", error, scarce });
        },
        collected: () => this.#noteCollected(),
        exited: (exit, usage) => this.exited(exit, usage),
      };
      maker.spawn(events, extra);
    } catch (error) {
      if (!started) attention.end();
      const failure = error instanceof SpawnError ? error : undefined;
      const { message = String(error), scarce = false } = failure ?? {};
      // Whatever it was: who has no child must not seem to start for ever, and who has one starts no other.
      if (!started) send({ type: "spawnFailed", error: message, scarce });
      if (started || !failure) throw error;
    }
  }

  #spawned(pid: number): void {
    const { world, maker, attention, config, send, spawned } = this.#parts;
    const { stoptree, stdin, socket } = config();
    maker.stdio.started(pid);
    // When a fleet starts, its children come first: until one is noted its stdin gives it away.
    const isKnownAnyway = !stoptree && !socket && stdin === "pipe";
    const start = isKnownAnyway ? undefined : this.#note(pid);
    const child = new LiveChild({ pid, start }, maker, world);
    this.#child = child;
    attention.begin(pid);
    spawned();
    send({ type: "spawned" });
    if (!isKnownAnyway) return;
    world.launcher.afterwards(() => this.#child === child && this.#note(pid));
  }

  /** Takes over a child of an earlier daemon, whose end is to be waited for. */
  adopt(survivor: Entry): void {
    const { world, maker, attention, config } = this.#parts;
    this.#child = new LiveChild(survivor, maker, world);
    maker.stdio.adopted(survivor.pid);
    try {
      maker.stdio.listen();
    } catch (error) {
      world.log("error", `cannot read the output of '${config().name}': ${error}`);
    }
    attention.adopt(survivor.pid);
  }

  /** Notes the child, if there is one, for a later daemon, by what counts for it now. */
  noteAgain(): void {
    if (this.#child) this.#note(this.#child.pid);
  }

  /** @returns when it started, as Identity has it */
  #note(pid: number): string | undefined {
    const { world, config } = this.#parts;
    try {
      return world.ledger.add(config(), pid)?.start;
    } catch (error) {
      world.log("error", `cannot note the child of ${config().name}: ${error}`);
      return undefined;
    }
  }

  #noteCollected(): void {
    this.#collected = true;
    this.#parts.collected();
  }

  /** The child has ended. */
  exited(exit: Exit, usage: End["usage"]): void {
    const { world, maker, history, attention, config, send } = this.#parts;
    this.#collected = false;
    attention.end();
    const child = this.#child;
    if (!child) return;
    const { uptimeMs, pid } = child;
    const leftovers = child.leftovers();
    const event = { type: "exited", exit, uptimeMs, leftovers } as const;
    try {
      // What the child wrote before it died is in its log before its death is told.
      maker.stdio.drain();
      maker.stdio.input?.end();
      if (leftovers === 0) world.ledger.remove(config());
    } finally {
      const record = history.addExit({ event, pid, usage }, config().exitcodes);
      maker.stdio.ended(record);
      send(event);
    }
    if (leftovers > 0) void this.#clear(child);
  }

  /** Waits for what the child has left, which the chart has asked to go. */
  async #clear(child: LiveChild): Promise<void> {
    const { world, config, send } = this.#parts;
    await world.clearing.until(child);
    world.ledger.remove(config());
    send({ type: "cleared" });
  }

  /** Nothing is left of it. */
  bury(): void {
    this.#child?.bury();
    this.#child = undefined;
  }

  signal({ signal, to }: Pick<Extract<Effect, { type: "signal" }>, "signal" | "to">): void {
    // Its pid may be another's by now.
    if (this.#collected && to !== "tree") return;
    try {
      this.#child?.signal(signal, to);
    } catch (error) {
      this.#parts.send({ type: "signalFailed", error: String(error) });
    }
  }

  runStopCommand(command: string): void {
    this.#child?.runStopCommand(command, (error) =>
      this.#parts.send({ type: "commandFailed", error }),
    );
  }

  endStopCommand(): void {
    this.#child?.endStopCommand();
  }
}
