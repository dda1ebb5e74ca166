import { readEventQuery } from "../events/query.ts";
import { concreteTypes, isKept } from "../events/types.ts";
import type { EventService } from "../rpc/http.ts";
import { type EventPlaces, EventReading } from "./eventstream.ts";
import { LogStream } from "./logstream.ts";
import type { StreamLimits } from "./streamlimits.ts";

/**
 * From here on events have numbers and are remembered, and written down where there is a journal.
 * @returns what ends it
 */
export function keepEvents({ events, recent, journal, clock }: EventPlaces): () => void {
  return events.observe(concreteTypes.filter(isKept), (type, data) => {
    const kept = recent.add(clock.wallMs(), type, data);
    journal?.add(kept.line());
  });
}

/** Gives clients the events they ask for, within bounds. */
export const createEventService = (places: EventPlaces, limits: StreamLimits): EventService => ({
  async read(parameters) {
    const query = readEventQuery(parameters);
    const newest = places.recent.next - 1;
    const content = await limits.within(0, () => {
      const reading = new EventReading(places, query);
      return new LogStream(reading.chunks(), () => reading.close());
    });
    return { content, newest };
  },
});
