import { exit } from "./session.ts";
import { UsageError } from "./usage.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** The value of an option that is a time. @returns milliseconds @throws UsageError */
export function readSpan(option: string, text: string): number {
  const [, number, unit = "s"] = /^(\d{1,9})(ms|s|m|h)?$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * (units[unit] ?? 1_000);
  const message = `Error: ${option}: expected a time such as 30s, 5m or 500ms, got "${text}"`;
  throw new UsageError(message, false, exit.badArguments);
}
