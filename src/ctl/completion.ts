import { constants } from "node:os";
import { eventTypes } from "../events/types.ts";
import { Fault } from "../faults.ts";
import { namespec } from "../process/order.ts";
import { type Client, ServerError } from "../rpc/client.ts";
import { commands } from "./commands.ts";

/** What there is to be completed. */
interface Names {
  processes: readonly string[];
  groups: readonly string[];
}

/** As people write them: without SIG. */
const signals = Object.keys(constants.signals).map((name) => name.slice("SIG".length));

/** What may come next on a line, and the word that it would complete. */
export function complete(line: string, { processes, groups }: Names): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  const [command = ""] = words;
  const matching = (candidates: Iterable<string>): [string[], string] => [
    [...candidates].filter((each) => each.startsWith(last)).map((found) => `${found} `),
    last,
  ];
  if (words.length <= 1) return matching(Object.keys(commands));
  const completes = Object.hasOwn(commands, command) ? commands[command]?.completes : undefined;
  switch (completes) {
    case "commands":
      return matching(Object.keys(commands));
    case "groups":
      return matching(groups);
    case "events":
      return matching(eventTypes);
    case "signals":
      return matching(words.length === 2 ? signals : processes);
    case "processes":
      return matching(processes);
    default:
      return [[], last];
  }
}

/** A server that does not answer has no names to complete, and is told of by the command. */
export async function unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ServerError || error instanceof Fault) return undefined;
    throw error;
  }
}

/** Nobody who has pressed TAB waits longer. */
const PATIENCE_MS = 500;

/** Completes with the names that there are now. */
export async function completeNow(
  { client }: { client: Client },
  line: string,
): Promise<[string[], string]> {
  const patience = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), PATIENCE_MS).unref();
  });
  const ask = () => client.call("supervisor.getAllProcessInfo", {});
  const all = (await Promise.race([unlessAway(ask), patience])) ?? [];
  const whole = all.filter(({ group, name }) => group !== name).map(({ group }) => `${group}:*`);
  const names: Names = {
    processes: [...new Set([...whole, ...all.map(namespec)])].sort(),
    groups: [...new Set(all.map(({ group }) => group))].sort(),
  };
  return complete(line, names);
}
