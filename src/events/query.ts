import { suggest } from "../config/problems.ts";
import { Fault } from "../faults.ts";
import { expectKnown, yesOrNo } from "../parameters.ts";
import { concreteTypes, type EventType, eventTypes, isKept, lineageOf } from "./types.ts";

/** What somebody wants to see of the events. */
export interface EventQuery {
  types: ReadonlySet<EventType>;
  /** Numbers from the one after this; undefined: what comes from now on. */
  after: number | undefined;
  /** Go on with what comes. */
  follow: boolean;
}

/**
 * Reads the parameters of a query as they stand in a URL. All types that are kept are wanted when
 * none is named.
 * @throws Fault BAD_ARGUMENTS naming the parameter and what it takes
 */
export function readEventQuery(given: URLSearchParams): EventQuery {
  expectKnown(given, ["types", "after", "follow"]);
  const named = readTypes(given.getAll("types"));
  const isWanted = (type: EventType) =>
    named.size > 0 ? lineageOf(type).some((each) => named.has(each)) : isKept(type);
  return {
    types: new Set(concreteTypes.filter(isWanted)),
    after: readAfter(given.get("after")),
    follow: yesOrNo("follow", given.get("follow") ?? undefined) ?? true,
  };
}

function readTypes(given: readonly string[]): ReadonlySet<string> {
  const names = given.flatMap((part) => part.split(",")).map((name) => name.trim().toUpperCase());
  const named = new Set(names.filter((name) => name !== ""));
  for (const name of named) {
    if (eventTypes.has(name)) continue;
    const expected = "expected types of events such as PROCESS_STATE,PROCESS_GROUP";
    throw new Fault(
      "BAD_ARGUMENTS",
      `types: ${expected}, got "${name}"${suggest(name, eventTypes)}`,
    );
  }
  return named;
}

function readAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new Fault("BAD_ARGUMENTS", `after: expected the number of an event, got "${text}"`);
}
