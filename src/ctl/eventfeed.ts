import type { EventRecord } from "../events/json.ts";
import type { Client } from "../rpc/client.ts";
import { linesOf } from "../rpc/lines.ts";

/**
 * Events from now on. Once there is an answer nothing that happens is missed: whoever looks at the
 * fleet after that learns of all that comes later.
 * @param signal ends it
 * @throws ServerError, Fault
 */
export async function startFeed(
  client: Client,
  types: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<EventRecord, void>> {
  let begun: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const lines = linesOf(client.events({ types }, begun, signal));
  // Nothing is asked for before the first is.
  const first = lines.next();
  await Promise.race([hasBegun, first]);
  return rest(first, lines);
}

async function* rest(
  first: Promise<IteratorResult<string, void>>,
  lines: AsyncGenerator<string, void>,
): AsyncGenerator<EventRecord, void> {
  try {
    for (let next = first; ; next = lines.next()) {
      const { value, done } = await next;
      if (done) return;
      yield JSON.parse(value) as EventRecord;
    }
  } finally {
    await lines.return();
  }
}
