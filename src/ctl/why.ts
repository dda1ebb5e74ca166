import type { EventRecord } from "../events/json.ts";
import { Fault } from "../faults.ts";
import { linesOf } from "../rpc/lines.ts";
import type { ProcessInfo } from "../rpc/results.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";
import { formatWhy, type Why } from "./whypage.ts";

/** `why NAME... [--json]`. */
export async function why(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseOptions(words, { json: { type: "boolean" } });
  if (names.length === 0) {
    throw new UsageError("Error: why requires a process name", true, exit.badArguments);
  }
  for (const [at, name] of names.entries()) {
    const known = await ask(session, name);
    if (!known) continue;
    if (values.json) session.print(JSON.stringify(known));
    else for (const line of [...(at > 0 ? [""] : []), ...formatWhy(known)]) session.print(line);
  }
}

/** @returns undefined when there is none by this name, which has been told */
async function ask(session: Session, name: string): Promise<Why | undefined> {
  try {
    const info = await session.client.call("supervisor.getProcessInfo", { name });
    const config = await session.client.call("drover.getProcessConfig", { name });
    return { info, config, events: await eventsOf(session, info) };
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_NAME" || session.json) throw error;
    session.print(`${name}: ERROR (no such process)`);
    session.exitCode = exit.unreachable;
    return undefined;
  }
}

/** Those of its latest events that are remembered, or in the journal. */
async function eventsOf(session: Session, { group, name }: ProcessInfo): Promise<EventRecord[]> {
  const found: EventRecord[] = [];
  const query = { types: "PROCESS_STATE", after: "0", follow: "no" };
  for await (const line of linesOf(session.client.events(query, () => undefined))) {
    if (!line.includes(JSON.stringify(name))) continue;
    const event = JSON.parse(line) as EventRecord;
    if (event.process !== name || event.group !== group) continue;
    found.push(event);
    if (found.length > MOST_EVENTS) found.shift();
  }
  return found;
}

const MOST_EVENTS = 50;
