import { namespec } from "../process/order.ts";
import type { PlannedChange } from "../rpc/results.ts";
import { exit, type Session } from "./session.ts";

/** What `update` would do; as terraform has it, the exit code tells whether there is anything. */
export async function planned(
  session: Session,
  words: readonly string[],
): Promise<readonly PlannedChange[]> {
  const wanted = new Set(words.filter((word) => word !== "--plan" && word !== "all"));
  const plan = await session.client.call("drover.planUpdate", {});
  const chosen = plan.filter(({ group }) => wanted.size === 0 || wanted.has(group));
  if (chosen.length > 0) session.exitCode = exit.badArguments;
  return chosen;
}

/** `update --plan [GROUP...]`: acts on nothing. */
export async function showPlan(session: Session, words: readonly string[]): Promise<void> {
  const plan = await planned(session, words);
  if (plan.length === 0) session.print("nothing to do");
  for (const line of formatPlan(plan)) session.print(line);
}

/** A line for each process, and one for each option that decides. */
export function formatPlan(plan: readonly PlannedChange[]): string[] {
  const width = Math.max(0, ...plan.map((change) => namespec(change).length));
  return plan.flatMap((change) => [
    `${namespec(change).padEnd(width)}  ${change.action}`,
    ...change.because.map(formatReason),
  ]);
}

function formatReason({ option, from, to, file, line }: PlannedChange["because"][number]): string {
  const was = from === undefined ? "was not set" : `was ${from}`;
  const now = to === undefined ? `${option} is not set any more` : `${option}=${to}`;
  return `    ${now} (${was}), ${file}:${line}`;
}
