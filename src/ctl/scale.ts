import { formatPlan } from "./plan.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";
import { waitFor } from "./waitfor.ts";

/** `scale PROGRAM=COUNT...`, `scale --reset [PROGRAM...]`, and without words what has been scaled. */
export async function scale(session: Session, words: readonly string[]): Promise<void> {
  if (words.length === 0) await list(session);
  else if (words[0] === "--reset") await reset(session, words.slice(1));
  else for (const [program, count] of readScales(words)) await scaleOne(session, program, count);
}

/** What `scale --json` answers. */
export async function scaleInJson(session: Session, words: readonly string[]): Promise<unknown> {
  if (words.length === 0) return await session.client.call("drover.getScales", {});
  if (words[0] === "--reset") return await resetAll(session, words.slice(1));
  const done = readScales(words).map(([program, count]) =>
    session.client.call("drover.scale", { program, count }),
  );
  return (await Promise.all(done)).flat();
}

/** @throws UsageError */
function readScales(words: readonly string[]): [program: string, count: string][] {
  return words.map((word) => {
    const [, program, count] = /^([^=]+)=([+-]?\d+)$/.exec(word) ?? [];
    if (program !== undefined && count !== undefined) return [program, count];
    const message = `Error: expected program=20, program=+5 or program=-3, got "${word}"`;
    throw new UsageError(message, true, exit.badArguments);
  });
}

async function list(session: Session): Promise<void> {
  const scales = Object.entries(await session.client.call("drover.getScales", {}));
  if (scales.length === 0) session.print("nothing is scaled");
  for (const [program, count] of scales) session.print(`${program}=${count}`);
}

async function scaleOne(session: Session, program: string, count: string): Promise<void> {
  const call = session.client.call("drover.scale", { program, count });
  const isDone = (state: string) => state !== "STOPPING" && state !== "STARTING";
  const plan = await waitFor(session, call, { doing: "scaling", words: [`${program}:*`], isDone });
  if (plan.length === 0) session.print(`${program}: nothing to do`);
  for (const line of formatPlan(plan.map((change) => ({ ...change, because: [] })))) {
    session.print(line);
  }
}

async function resetAll({ client }: Session, names: readonly string[]): Promise<string[]> {
  const programs = await client.call("drover.resetScale", { names });
  const [[, changed]] = await client.call("supervisor.reloadConfig", {});
  const all = await client.call("drover.getAllProcesses", { usage: false });
  const groups = new Set(
    all.filter(({ program }) => programs.includes(program)).map(({ group }) => group),
  );
  // A program that was scaled to nothing has its own group, or none that is known by it.
  for (const program of programs) if (changed.includes(program)) groups.add(program);
  for (const name of changed.filter((group) => groups.has(group))) {
    await client.call("drover.updateProcessGroup", { name });
  }
  return programs;
}

async function reset(session: Session, names: readonly string[]): Promise<void> {
  const programs = await resetAll(session, names);
  if (programs.length === 0) session.print("nothing is scaled");
  for (const program of programs) session.print(`${program}: as configured`);
}
