import type { EventRecord } from "../events/json.ts";
import { Fault } from "../faults.ts";
import { namespec } from "../process/order.ts";
import type { RolloutStatus } from "../rpc/results.ts";
import { startFeed } from "./eventfeed.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { readSpan } from "./span.ts";
import { UsageError } from "./usage.ts";

const controls = ["pause", "resume", "abort"] as const;

interface Asked {
  names: string[];
  options: Record<string, string>;
  wait: boolean;
}

/** `rollout NAME... [--wait] [--parallel N] [--settle TIME]`, `rollout status|pause|resume|abort`. */
export async function rollout(session: Session, words: readonly string[]): Promise<void> {
  const [verb = "", ...rest] = words;
  const control = controls.find((each) => each === verb);
  if (verb === "status") await showStatus(session, rest);
  else if (control) await steer(session, control, rest);
  else await begin(session, readWords(words));
}

/** What `rollout --json` answers; with --wait how it has ended. */
export async function rolloutInJson(
  session: Session,
  words: readonly string[],
): Promise<RolloutStatus | readonly RolloutStatus[]> {
  const { client } = session;
  const [verb = "", ...groups] = words;
  const control = controls.find((each) => each === verb);
  if (verb === "status") return await client.call("drover.getRollouts", {});
  if (control) {
    const steered = groups.map((name) =>
      client.call("drover.controlRollout", { group: groupOf(name), action: control }),
    );
    return await Promise.all(steered);
  }
  const { names, options, wait } = readWords(words);
  if (!wait) return await client.call("drover.rollout", { names, options });
  return await follow(session, { names, options }, () => undefined);
}

/** @throws UsageError */
function readWords(words: readonly string[]): Asked {
  const { values, positionals: names } = parseOptions(words, {
    wait: { type: "boolean", short: "w", default: false },
    parallel: { type: "string" },
    settle: { type: "string" },
    "max-unavailable": { type: "string" },
    surge: { type: "string" },
  });
  if (names.length === 0) {
    throw new UsageError("Error: rollout requires a process name", true, exit.badArguments);
  }
  const { wait, parallel, settle, surge, "max-unavailable": max_unavailable } = values;
  const options = {
    ...(parallel !== undefined && { parallel }),
    ...(max_unavailable !== undefined && { max_unavailable }),
    ...(surge !== undefined && { surge }),
    ...(settle !== undefined && { settle: String(readSpan("--settle", settle)) }),
  };
  return { names, options, wait };
}

const groupOf = (name: string): string => name.replace(/:\*?$/, "");

async function begin(session: Session, { names, options, wait }: Asked): Promise<void> {
  if (!wait) {
    const { group, total } = await session.client.call("drover.rollout", { names, options });
    session.print(`${group}: rollout of ${total} begun (rollout status tells how far it is)`);
    return;
  }
  const tell = ({ process = "", group = "", done, total }: EventRecord) =>
    session.print(`${namespec({ name: process, group })}: replaced (${done}/${total})`);
  const status = await follow(session, { names, options }, tell);
  for (const line of formatRollout(status)) session.print(line);
}

/** Begins one, and waits for its end. @param tell of each process that was replaced */
async function follow(
  session: Session,
  asked: Pick<Asked, "names" | "options">,
  tell: (step: EventRecord) => void,
): Promise<RolloutStatus> {
  const { client } = session;
  const ours = new AbortController();
  const signal = AbortSignal.any([ours.signal, session.interrupted()]);
  // The first process may be replaced before the answer is here.
  const feed = await startFeed(client, "ROLLOUT", signal);
  try {
    const { group } = await client.call("drover.rollout", asked);
    for await (const event of feed) {
      if (event.group !== group) continue;
      if (event.type === "ROLLOUT_STEP") tell(event);
      else if (event.type !== "ROLLOUT_STARTED") break;
    }
    const status = (await client.call("drover.getRollouts", {})).find(
      (each) => each.group === group,
    );
    if (!status) throw new Fault("BAD_NAME", group);
    if (status.state !== "done") session.exitCode = exit.generic;
    return status;
  } finally {
    ours.abort();
    await feed.return();
  }
}

async function showStatus(session: Session, groups: readonly string[]): Promise<void> {
  const all = await session.client.call("drover.getRollouts", {});
  const wanted = groups.map(groupOf);
  const shown = all.filter(({ group }) => wanted.length === 0 || wanted.includes(group));
  if (shown.length === 0) session.print("no rollouts");
  for (const status of shown) for (const line of formatRollout(status)) session.print(line);
  if (shown.some(({ state }) => state === "failed" || state === "interrupted"))
    session.exitCode = exit.generic;
}

async function steer(
  session: Session,
  action: (typeof controls)[number],
  groups: readonly string[],
): Promise<void> {
  if (groups.length === 0) throw new UsageError(`Error: rollout ${action} requires a group`, true);
  for (const name of groups) {
    const group = groupOf(name);
    const status = await session.client.call("drover.controlRollout", { group, action });
    for (const line of formatRollout(status)) session.print(line);
  }
}

/** One line, and of one that has failed what the fresh process said last. */
export function formatRollout({
  group,
  state,
  done,
  total,
  left,
  failure,
}: RolloutStatus): string[] {
  const head = `${group}: rollout ${state}, ${done.length} of ${total} replaced`;
  if (state === "interrupted") return [head, "  droverd has ended meanwhile, and started all anew"];
  if (!failure) return [head];
  const others = left.filter((name) => name !== failure.process);
  return [
    head,
    `  ${failure.error}`,
    ...failure.last_lines.map((line) => `    ${line}`),
    ...(others.length > 0 ? [`  left as they were: ${others.join(" ")}`] : []),
  ];
}
