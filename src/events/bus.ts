import { type EventData, type EventType, lineageOf, payloadOf } from "./types.ts";

/** An event as it is sent: made once, for all who want it. */
export interface Notice {
  type: EventType;
  /** The same in every pool. */
  serial: number;
  payload: Buffer;
}

interface Subscription {
  types: ReadonlySet<string>;
  accept(notice: Notice): void;
}

/** supervisord's serials begin anew beyond the largest integer of the platform. */
const LARGEST_SERIAL = Number.MAX_SAFE_INTEGER;

/** Hands events to those who have asked for them; one that nobody wants is not even made. */
export class Bus {
  readonly #subscriptions = new Set<Subscription>();
  /** Those that want a type, once for each of their types that it falls under. */
  readonly #wanting = new Map<EventType, readonly Subscription[]>();
  readonly #serials: { next: number };

  /** @param serials outlive the bus: they go on when the daemon begins anew */
  constructor(serials = { next: 0 }) {
    this.#serials = serials;
  }

  /** @param types of these and all below them. @returns what ends it */
  subscribe(types: readonly string[], accept: (notice: Notice) => void): () => void {
    const subscription = { types: new Set(types), accept };
    this.#subscriptions.add(subscription);
    this.#wanting.clear();
    return () => {
      this.#subscriptions.delete(subscription);
      this.#wanting.clear();
    };
  }

  /** For whom it costs something to know what an event would tell. */
  isWanted(type: EventType): boolean {
    return this.#wantingOf(type).length > 0;
  }

  emit<T extends EventType>(type: T, data: EventData<T>): void {
    const wanting = this.#wantingOf(type);
    if (wanting.length === 0) return;
    const payload = Buffer.from(payloadOf(type, data));
    const serial = this.#serials.next;
    const notice = { type, serial, payload };
    this.#serials.next = serial === LARGEST_SERIAL ? 0 : serial + 1;
    for (const { accept } of wanting) accept(notice);
  }

  #wantingOf(type: EventType): readonly Subscription[] {
    const known = this.#wanting.get(type);
    if (known) return known;
    const lineage = lineageOf(type);
    const wanting = [...this.#subscriptions].flatMap((subscription) =>
      lineage.filter((each) => subscription.types.has(each)).map(() => subscription),
    );
    this.#wanting.set(type, wanting);
    return wanting;
  }
}
