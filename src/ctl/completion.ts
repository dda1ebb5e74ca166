import { constants } from "node:os";
import { eventTypes } from "../events/types.ts";
import { commands } from "./commands.ts";

/** What there is to be completed. */
export interface Names {
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
