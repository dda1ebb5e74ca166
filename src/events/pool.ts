import type { Notice } from "./bus.ts";
import { Queue } from "./queue.ts";

/** An event that a pool has taken. A second delivery has the same serials. */
export interface Pooled {
  notice: Notice;
  poolserial: number;
}

/** One listener of a pool, as the pool needs it. */
export interface Member {
  /** It runs, and has said that it is ready. */
  readonly isFree: boolean;
  /** How many events it may be sent; of one that is not free those that wait in its pipe. */
  readonly room: number;
  /** @returns false when it cannot be reached: it has none of them */
  send(events: readonly Pooled[]): boolean;
}

export interface PoolSpec {
  name: string;
  /** Most events that wait. */
  bufferSize: number;
  /** In the order in which they are asked. */
  members: readonly Member[];
  log(level: "debug" | "error", text: string): void;
}

/** Events on their way to a pool of listeners: each goes to one that is free, the oldest first. */
export class Pool {
  readonly #spec: PoolSpec;
  readonly #waiting = new Queue<Pooled>();
  #latest: Pooled | undefined;
  #poolserial = 0;
  #overflowed = 0;

  constructor(spec: PoolSpec) {
    this.#spec = spec;
  }

  /** How many events were dropped for want of room. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Takes an event; one that comes twice, by two subscriptions, is one with the same serials. */
  accept(notice: Notice): void {
    if (this.#latest?.notice !== notice) {
      this.#latest = { notice, poolserial: this.#poolserial++ };
    } else this.#tellRebuffering(this.#latest);
    this.#makeRoom();
    this.#waiting.push(this.#latest);
    this.flush();
  }

  /** A listener has not done its event: another is given it, before all that wait. */
  reject(event: Pooled): void {
    this.#tellRebuffering(event);
    this.#makeRoom();
    this.#waiting.unshift(event);
  }

  /** Sends what waits to those who are free. */
  flush(): void {
    const unreachable = new Set<Member>();
    while (this.#waiting.length > 0) {
      const member = this.#next(unreachable);
      if (!member) return;
      // Taken out first: a member that cannot be reached may be at its end, and tell so.
      const events = this.#take(member.isFree ? 1 : member.room);
      if (member.send(events)) continue;
      for (const event of events.toReversed()) this.#waiting.unshift(event);
      unreachable.add(member);
    }
  }

  /** One that is free; else one that takes events ahead of its turn. */
  #next(unreachable: ReadonlySet<Member>): Member | undefined {
    const { members } = this.#spec;
    const able = (member: Member) => !unreachable.has(member);
    return (
      members.find((member) => member.isFree && able(member)) ??
      members.find((member) => member.room > 0 && able(member))
    );
  }

  #take(most: number): Pooled[] {
    const events: Pooled[] = [];
    while (events.length < most) {
      const event = this.#waiting.shift();
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  #tellRebuffering({ notice }: Pooled): void {
    const { name, bufferSize, log } = this.#spec;
    const size = `buf size=${this.#waiting.length}, max=${bufferSize}`;
    log("debug", `rebuffering event ${notice.serial} for pool ${name} (${size})`);
  }

  #makeRoom(): void {
    const { name, bufferSize, log } = this.#spec;
    if (this.#waiting.length < bufferSize) return;
    const dropped = this.#waiting.shift();
    if (!dropped) return;
    this.#overflowed += 1;
    const { serial } = dropped.notice;
    log("error", `pool ${name} event buffer overflowed, discarding event ${serial}`);
  }
}

/** What a listener reads: supervisord's header, and the payload with its length in bytes. */
export function envelopeOf({ notice, poolserial }: Pooled, server: string, pool: string): Buffer {
  const { type, serial, payload } = notice;
  const header =
    `ver:3.0 server:${server} serial:${serial} pool:${pool} ` +
    `poolserial:${poolserial} eventname:${type} len:${payload.length}\n`;
  return Buffer.concat([Buffer.from(header), payload]);
}
