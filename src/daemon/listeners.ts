import type { ListenerValues } from "../config/options/programs.ts";
import { envelopeOf, type Member, Pool, type Pooled } from "../events/pool.ts";
import { ListenerProtocol, type ListenerState } from "../events/protocol.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

interface PoolConfig extends Pick<ListenerValues, "events" | "buffer_size"> {
  name: string;
}

/** One process of a pool: what it says, and the event that it has. */
class Listener implements Member {
  readonly #process: Supervised;
  readonly #world: World;
  readonly #pool: { name: string; events(): Pool };
  readonly #protocol: ListenerProtocol;
  #event: Pooled | undefined;

  constructor(process: Supervised, world: World, pool: { name: string; events(): Pool }) {
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

  send(event: Pooled): boolean {
    const { serial } = event.notice;
    const { name } = this.#process.config;
    const bytes = envelopeOf(event, this.#world.identifier, this.#pool.name);
    if (!this.#write(bytes)) {
      const what = `epipe occurred while sending event ${serial} to listener ${name}`;
      this.#world.log("debug", `${what}, listener state unchanged`);
      return false;
    }
    this.#event = event;
    this.#protocol.sent();
    this.#world.log("debug", `event ${serial} sent to listener ${name}`);
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

  #reject(): void {
    const event = this.#event;
    this.#event = undefined;
    if (event) this.#pool.events().reject(event);
  }

  #judged(verdict: "processed" | "rejected"): void {
    this.#say(verdict === "processed" ? "debug" : "warn", `event was ${verdict}`);
    if (verdict === "processed") this.#event = undefined;
  }

  #changed(from: ListenerState, to: ListenerState): void {
    this.#say("debug", `${from} -> ${to}`);
    if (to === "BUSY") return;
    if (to === "UNKNOWN") {
      const why = "this usually indicates the process violated the eventlistener protocol";
      const what = "has entered the UNKNOWN state and will no longer receive events";
      this.#say("warn", `${what}, ${why}`);
    }
    this.#reject();
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
    const { name } = config;
    const events = () => pool;
    const members = new Map(
      processes.map((process) => [process, new Listener(process, world, { name, events })]),
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
