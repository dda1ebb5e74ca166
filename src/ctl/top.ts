import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { formatFleet, rowsOf, type SortKey, sortKeys } from "./fleettable.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { readSpan } from "./span.ts";
import { UsageError } from "./usage.ts";
import { FleetPicture, live, Sampler } from "./watch.ts";

/** `top [NAME...] [--sort KEY] [--every TIME] [--fold] [--once] [--json]`. */
export async function top(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseOptions(words, {
    sort: { type: "string", short: "s", default: "cpu" },
    every: { type: "string", short: "d", default: "1s" },
    fold: { type: "boolean", default: false },
    once: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const sort = readSort(values.sort);
  const everyMs = Math.max(100, readSpan("--every", values.every));
  const unfold = !values.fold;
  if (session.toTerminal && !values.once && !values.json) {
    await live(session, new FleetPicture({ sort, unfold, keys: true }), { names, everyMs });
    return;
  }
  const sampler = new Sampler(session, names);
  await sampler.look();
  if (session.exitCode !== 0) return;
  await sleep(everyMs);
  const processes = await sampler.look();
  if (values.json) session.print(JSON.stringify(processes));
  else {
    const rows = rowsOf(processes, unfold).toSorted(sortKeys[sort]);
    const lines = formatFleet(rows, session.toTerminal ? session.size().columns : UNBOUNDED);
    for (const line of lines) session.print(session.colors ? line : uncolored(line));
  }
}

/** Who reads a pipe gets whole names. */
const UNBOUNDED = 10_000;

const uncolored = (line: string): string => stripVTControlCharacters(line).trimEnd();

/** @throws UsageError */
function readSort(given: string): SortKey {
  if (Object.hasOwn(sortKeys, given)) return given as SortKey;
  const expected = Object.keys(sortKeys).join(", ");
  const message = `Error: --sort: expected ${expected}, got "${given}"`;
  throw new UsageError(message, false, exit.badArguments);
}
