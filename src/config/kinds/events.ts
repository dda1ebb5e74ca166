import { eventTypes } from "../../events/types.ts";
import { suggest } from "../problems.ts";
import { kind } from "./kind.ts";
import { split } from "./words.ts";

/** Event types that a listener subscribes to. */
export const events = kind("event types such as PROCESS_STATE, TICK_60", (given, _, refuse) =>
  split(given).map((name) => {
    const type = name.toUpperCase();
    return eventTypes.has(type)
      ? type
      : refuse(`; there is no event type ${JSON.stringify(name)}${suggest(type, eventTypes)}`);
  }),
);
