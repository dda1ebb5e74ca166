import type { EventRecord } from "../events/json.ts";
import { namespec } from "../process/order.ts";
import { type StateName, stateCodes } from "../process/states.ts";

/** The process that an event is of, and its state then; undefined: it tells of no state. */
export function stateOf({
  type,
  process,
  group = "",
}: EventRecord): [string, StateName | undefined] {
  const name = process === undefined ? "" : namespec({ group, name: process });
  const state = type.replace("PROCESS_STATE_", "");
  return [name, isState(state) ? state : undefined];
}

const isState = (text: string): text is StateName => Object.hasOwn(stateCodes, text);
