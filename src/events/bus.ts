import { type EventData, type EventType, lineageOf, payloadOf } from "./types.ts";

/** An event as it is sent to listeners: made once, for all who want it. */
export interface Notice {
  type: EventType;
  /** The same in every pool. */
  serial: number;
  payload: Buffer;
}

/** Takes an event as it is. */
export type Observer = (type: EventType, data: object) => void;

interface Subscription {
  types: ReadonlySet<string>;
  accept: ((notice: Notice) => void) | undefined;
  observe: Observer | undefined;
}

/** supervisord's serials begin anew beyond the largest integer of the platform. */
const LARGEST_SERIAL = Number.MAX_SAFE_INTEGER;

/** Hands events to those who have asked for them; one that nobody wants is not even made. */
export class Bus {
  readonly #subscriptions = new Set<Subscription>();
  /** Those that want a type, once for each of their types that it falls under. */
  readonly #wanting = new Map<EventType, readonly Subscription[]>();
  readonly #serials: { next: number };
  /** Is told when other types are wanted than before. */
  onDemand: () => void = () => undefined;

  /** @param serials outlive the bus: they go on when the daemon begins anew */
  constructor(serials = { next: 0 }) {
    this.#serials = serials;
  }

  /** @param types of these and all below them. @returns what ends it */
  subscribe(types: Iterable<string>, accept: (notice: Notice) => void): () => void {
    return this.#add({ types: new Set(types), accept, observe: undefined });
  }

  /** As `subscribe`, for those who are no listeners: no serial is spent on them. */
  observe(types: Iterable<string>, observe: Observer): () => void {
    return this.#add({ types: new Set(types), accept: undefined, observe });
  }

  #add(subscription: Subscription): () => void {
    this.#subscriptions.add(subscription);
    this.#demand();
    return () => {
      this.#subscriptions.delete(subscription);
      this.#demand();
    };
  }

  #demand(): void {
    this.#wanting.clear();
    this.onDemand();
  }

  /** For whom it costs something to know what an event would tell. */
  isWanted(type: EventType): boolean {
    return this.#wantingOf(type).length > 0;
  }

  emit<T extends EventType>(type: T, data: EventData<T>): void {
    let notice: Notice | undefined;
    for (const { accept, observe } of this.#wantingOf(type)) {
      observe?.(type, data as object);
      if (!accept) continue;
      notice ??= this.#notice(type, data);
      accept(notice);
    }
  }

  #notice<T extends EventType>(type: T, data: EventData<T>): Notice {
    const serial = this.#serials.next;
    this.#serials.next = serial === LARGEST_SERIAL ? 0 : serial + 1;
    return { type, serial, payload: Buffer.from(payloadOf(type, data)) };
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
