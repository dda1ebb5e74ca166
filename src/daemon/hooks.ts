import { isDeepStrictEqual } from "node:util";
import type { HookConfig } from "../config/config.ts";
import { type EventRecord, eventLine } from "../events/json.ts";
import type { Recent } from "../events/recent.ts";
import { type EventType, isKept, lineageOf } from "../events/types.ts";
import { MOST_EVENTS, Queue } from "../hooks/batching.ts";
import { isWanted, namesOf, Quiet } from "../hooks/selection.ts";
import { matcher } from "../os/glob.ts";
import type { HookChanges } from "../rpc/results.ts";
import { postHook } from "./hookpost.ts";
import { HookError, type HookWorld, runHook } from "./hookrun.ts";

/** How long the daemon's end waits for what its last events have set off. */
const GRACE_MS = 5_000;

interface Parts {
  world: HookWorld;
  recent: Recent;
}

/** All hooks of the daemon. */
export class Hooks {
  readonly #parts: Parts;
  readonly #hooks = new Map<string, Hook>();
  /** Those that are no more, and have not done all they had been told of. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(configs: readonly HookConfig[], parts: Parts) {
    this.#parts = parts;
    this.takeOver(configs);
  }

  /** From here on the hooks are these. Those that are as they were stay as they are. */
  takeOver(configs: readonly HookConfig[]): HookChanges {
    const changes: HookChanges = { added: [], changed: [], removed: [] };
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, hook] of this.#hooks) {
      const config = wanted.get(name);
      if (config && isSame(config, hook.config)) continue;
      this.#hooks.delete(name);
      this.#leave(hook);
      (config ? changes.changed : changes.removed).push(name);
    }
    for (const config of configs) {
      if (this.#hooks.has(config.name)) continue;
      this.#hooks.set(config.name, new Hook(config, this.#parts));
      if (!changes.changed.includes(config.name)) changes.added.push(config.name);
    }
    return changes;
  }

  #leave(hook: Hook): void {
    const left = hook.close(GRACE_MS);
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
  }

  /** Waits for what has been set off, but not for ever. */
  async close(): Promise<void> {
    for (const hook of this.#hooks.values()) this.#leave(hook);
    this.#hooks.clear();
    await Promise.all(this.#leaving);
  }
}

const isSame = ({ section: _, ...a }: HookConfig, { section: __, ...b }: HookConfig): boolean =>
  isDeepStrictEqual(a, b);

/** One hook: what it waits for, what waits for it, and what it is at. */
class Hook {
  readonly config: HookConfig;
  readonly #parts: Parts;
  readonly #end: () => void;
  readonly #quiet: Quiet;
  readonly #patterns: ((name: string) => boolean)[];
  readonly #queue: Queue<EventRecord>;
  readonly #running = new Set<Promise<void>>();
  readonly #over = new AbortController();
  #batch: EventRecord[] = [];
  #cancelBatch: (() => void) | undefined;

  constructor(config: HookConfig, parts: Parts) {
    this.config = config;
    this.#parts = parts;
    this.#quiet = new Quiet(config.quiet);
    this.#patterns = config.programs.map((pattern) => matcher(pattern));
    this.#queue = new Queue(config.buffer_size);
    const types = topmost(config.on.map(({ type }) => type));
    this.#end = parts.world.events.observe(types, (type, data) => this.#see(type, data));
  }

  #see(type: EventType, data: object): void {
    const { recent, world } = this.#parts;
    const number = isKept(type) ? recent.next - 1 : undefined;
    const nowMs = world.clock.wallMs();
    const event = JSON.parse(eventLine(number, nowMs, type, data).toString()) as EventRecord;
    if (!isWanted(event, this.config.on) || !this.#isOfPrograms(event)) return;
    const silenced = this.#quiet.pass(event, world.clock.monotonicMs());
    if (silenced === undefined) return;
    this.#add(silenced > 0 ? { ...event, silenced } : event);
  }

  #isOfPrograms(event: EventRecord): boolean {
    const names = namesOf(event);
    return names.length === 0 || this.#patterns.some((matches) => names.some(matches));
  }

  #add(event: EventRecord): void {
    const { every } = this.config;
    this.#batch.push(event);
    if (every === 0 || this.#batch.length >= MOST_EVENTS) this.#flush();
    else this.#cancelBatch ??= this.#parts.world.clock.after(every, () => this.#flush());
  }

  #flush(): void {
    this.#cancelBatch?.();
    this.#cancelBatch = undefined;
    const events = this.#batch;
    this.#batch = [];
    if (events.length === 0) return;
    const dropped = this.#queue.add(events);
    if (dropped.length > 0) {
      const why = `more than buffer_size=${this.config.buffer_size} runs wait for it`;
      this.#tellDropped(dropped.length, why);
    }
    // Not in the midst of what the event tells of.
    setImmediate(() => this.#next());
  }

  #next(): void {
    // What was given up is not begun.
    if (this.#over.signal.aborted) this.#dropAll();
    while (this.#running.size < this.config.concurrency) {
      const events = this.#queue.take();
      if (!events) return;
      const running = this.#run(events).then(() => {
        this.#running.delete(running);
        this.#next();
      });
      this.#running.add(running);
    }
  }

  #dropAll(): void {
    let events = 0;
    for (let job = this.#queue.take(); job; job = this.#queue.take()) events += job.length;
    if (events > 0) this.#tellDropped(events, "droverd did not wait for them any longer");
  }

  async #run(events: readonly EventRecord[]): Promise<void> {
    const act = this.config.run ? runHook : postHook;
    try {
      await act(this.config, events, this.#parts.world, this.#over.signal);
    } catch (error) {
      this.#tellFailed(error, events.length);
    }
  }

  #tellFailed(error: unknown, events: number): void {
    const { log, events: bus } = this.#parts.world;
    const { name: hook } = this.config;
    const why = error instanceof HookError ? error.message : String(error);
    log("warn", `hook '${hook}' has failed: ${why}`);
    bus.emit("HOOK_FAILED", { hook, error: why, events });
  }

  #tellDropped(events: number, why: string): void {
    const { log, events: bus } = this.#parts.world;
    const { name: hook } = this.config;
    log("warn", `hook '${hook}': ${events} event${events === 1 ? "" : "s"} dropped: ${why}`);
    bus.emit("HOOK_DROPPED", { hook, events });
  }

  /** It hears of nothing any more. @returns when it has done what it had heard of, or was given up */
  async close(graceMs: number): Promise<void> {
    this.#end();
    this.#flush();
    this.#next();
    const cancel = this.#parts.world.clock.after(graceMs, () => this.#over.abort());
    while (this.#running.size > 0) await Promise.all(this.#running);
    cancel();
  }
}

/** Those that are not below another one: an event is heard of once. */
const topmost = (types: readonly string[]): string[] => {
  const all = new Set(types);
  return [...all].filter(
    (type) =>
      !lineageOf(type as EventType)
        .slice(1)
        .some((each) => all.has(each)),
  );
};
