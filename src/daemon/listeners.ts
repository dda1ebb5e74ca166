import type { ListenerValues } from "../config/options/programs.ts";
import { envelopeOf, type Member, Pool, type Pooled } from "../events/pool.ts";
import { ListenerProtocol, type ListenerState } from "../events/protocol.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

interface PoolConfig extends Pick<ListenerValues, "events" | "buffer_size" | "prefetch"> {
  name: string;
}

interface OfPool {
  name: string;
  /** Most events that a listener has at once. */
  prefetch: number;
  events(): Pool;
}

/** One process of a pool: what it says, and the events that it has. */
class Listener implements Member {
  readonly #process: Supervised;
  readonly #world: World;
  readonly #pool: OfPool;
  readonly #protocol: ListenerProtocol;
  /** The one that it is at, and with prefetch= those that follow. */
  readonly #events: Pooled[] = [];

  constructor(process: Supervised, world: World, pool: OfPool) {
    this.#process = process;
    this.#world = world;
    this.#pool = pool;
    this.#protocol = new ListenerProtocol({
      changed: (from, to) => this.#changed(from, to),
      result: (verdict) => this.#judged(verdict),
      badResultLine: (line) => this.#say("warn", `bad result line: '${line}'`),
    });
    process.maker.stdio.onProtocol = (chunk) => {
      this.#protocol.push(chunk);
      // Not in between: as in supervisord nothing may follow READY before there is an event.
      pool.events().flush();
    };
  }

  get isFree(): boolean {
    return this.#process.state.name === "RUNNING" && this.#protocol.state === "READY";
  }

  get room(): number {
    if (this.isFree) return this.#pool.prefetch;
    // What follows is for one that keeps to the protocol.
    return this.#events.length > 0 ? this.#pool.prefetch - this.#events.length : 0;
  }

  send(events: readonly Pooled[]): boolean {
    const { name } = this.#process.config;
    const { identifier } = this.#world;
    const bytes = events.map((event) => envelopeOf(event, identifier, this.#pool.name));
    const [first] = bytes;
    const isSent = this.#write(first && bytes.length === 1 ? first : Buffer.concat(bytes));
    for (const { notice } of events) {
      const what = isSent
        ? `event ${notice.serial} sent to listener ${name}`
        : `epipe occurred while sending event ${notice.serial} to listener ${name}, listener state unchanged`;
      this.#world.log("debug", what);
    }
    if (!isSent) return false;
    const isAt = this.#events.length > 0;
    this.#events.push(...events);
    if (!isAt) this.#protocol.sent();
    return true;
  }

  #write(bytes: Buffer): boolean {
    try {
      return this.#process.maker.stdio.input?.send(bytes) === "sent";
    } catch (error) {
      this.#say("warn", `cannot be sent an event: ${error}`);
      return false;
    }
  }

  /** The state of its process has changed. */
  follow(): void {
    const { state } = this.#process;
    if (state.name === "RUNNING") this.#pool.events().flush();
    else if (state.name === "STARTING" ? !state.spawned : state.name !== "STOPPING") this.#reset();
  }

  /** It has no child any more, or none yet: another is given what it had not done. */
  #reset(): void {
    this.#protocol.reset();
    this.#reject();
    this.#pool.events().flush();
  }

  /** It does none of them any more: they come again in their order. */
  #reject(): void {
    for (const event of this.#events.splice(0).toReversed()) this.#pool.events().reject(event);
  }

  #judged(verdict: "processed" | "rejected"): void {
    this.#say(verdict === "processed" ? "debug" : "warn", `event was ${verdict}`);
    const event = this.#events.shift();
    if (event && verdict === "rejected") this.#pool.events().reject(event);
  }

  #changed(from: ListenerState, to: ListenerState): void {
    this.#say("debug", `${from} -> ${to}`);
    // What it has been sent ahead of its turn has its turn now.
    if (to === "READY" && this.#events.length > 0) this.#protocol.sent();
    if (to === "UNKNOWN") {
      const why = "this usually indicates the process violated the eventlistener protocol";
      const what = "has entered the UNKNOWN state and will no longer receive events";
      this.#say("warn", `${what}, ${why}`);
      this.#reject();
    }
  }

  #say(level: "debug" | "warn", text: string): void {
    this.#world.log(level, `${this.#process.config.name}: ${text}`);
  }
}

/** The listeners of an `[eventlistener:x]`, and what waits for them. */
export class ListenerPool {
  readonly #end: () => void;
  readonly #pool: Pool;

  constructor(config: PoolConfig, processes: readonly Supervised[], world: World) {
    const { name, prefetch } = config;
    const events = () => pool;
    const members = new Map(
      processes.map((process) => [
        process,
        new Listener(process, world, { name, prefetch, events }),
      ]),
    );
    const pool = new Pool({
      name,
      bufferSize: config.buffer_size,
      members: [...members.values()],
      log: (level, text) => world.log(level, text),
    });
    this.#pool = pool;
    const follow = (process: Supervised) => members.get(process)?.follow();
    world.watchers.add(follow);
    const unsubscribe = world.events.subscribe(config.events, (notice) => pool.accept(notice));
    this.#end = () => {
      unsubscribe();
      world.watchers.delete(follow);
    };
  }

  /** How many events were dropped for want of room. */
  get overflowed(): number {
    return this.#pool.overflowed;
  }

  /** Nothing is sent to it any more. */
  close(): void {
    this.#end();
  }
}
