import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { readSpan } from "./span.ts";
import { UsageError } from "./usage.ts";

/** `freeze [--for TIME]`. */
export async function freeze(session: Session, words: readonly string[]): Promise<void> {
  const { time, seconds } = readTime(words);
  await session.client.call("drover.freeze", { seconds });
  session.print(`frozen for ${time}: nothing is started by itself until then, or until thaw`);
}

/** `thaw`: code 1 when nothing was frozen. */
export async function thaw(session: Session): Promise<void> {
  const wasFrozen = await session.client.call("drover.thaw", {});
  session.print(wasFrozen ? "thawed" : "it was not frozen");
  if (!wasFrozen) session.exitCode = exit.generic;
}

/** What `freeze --json` answers. */
export async function freezeInJson({ client }: Session, words: readonly string[]) {
  const { seconds } = readTime(words);
  await client.call("drover.freeze", { seconds });
  return { frozen: true, seconds };
}

/** @throws UsageError */
function readTime(words: readonly string[]): { time: string; seconds: number } {
  const { values, positionals } = parseOptions(words, { for: { type: "string", default: "10m" } });
  if (positionals.length > 0) throw new UsageError("Error: freeze takes no names", true);
  return { time: values.for, seconds: Math.ceil(readSpan("--for", values.for) / 1_000) };
}
