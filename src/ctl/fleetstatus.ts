import { formatFleet, noteOf, rowsOf } from "./fleettable.ts";
import { styled } from "./printable.ts";
import type { Session } from "./session.ts";
import { judge, noteLosses, type StatusFlags, selectAll, showLines } from "./status.ts";
import { verdictOf } from "./verdict.ts";

/** `status` as a table, or judged as a fleet. */
export async function showFleet(session: Session, flags: StatusFlags): Promise<void> {
  const isTable = session.colors && !flags.plain;
  const all = await session.client.call("drover.getAllProcesses", { usage: isTable });
  const listed = selectAll(session, all, flags.names);
  const isComplete = session.exitCode === 0;
  if (isTable && (isComplete || listed.length > 0)) {
    // Who names them wants to see each.
    for (const line of noteOf(listed)) session.print(styled(line, "cyan"));
    const unfold = flags.unfold || flags.names.length > 0;
    for (const line of formatFleet(rowsOf(listed, unfold), session.size().columns)) {
      session.print(line);
    }
  } else showLines(session, listed);
  noteLosses(session, listed);
  if (flags.judgedBy === "supervisor") judge(session, listed);
  else if (isComplete) session.exitCode = verdictOf(listed);
}
