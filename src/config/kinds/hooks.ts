import { eventTypes, isForHooks } from "../../events/types.ts";
import type { Wanted } from "../../hooks/selection.ts";
import { suggest } from "../problems.ts";
import { splitCommand } from "../shlex.ts";
import { kind } from "./kind.ts";

const qualifiers = ["expected", "unexpected"] as const;

/** `on=` of a hook. */
export const hookEvents = kind(
  "event types such as PROCESS_STATE_FATAL, PROCESS_STATE_EXITED:unexpected",
  (given, _, refuse): readonly Wanted[] =>
    given.split(",").map((word) => {
      const [name = "", qualifier, ...more] = word.trim().split(":");
      const type = name.toUpperCase();
      if (!eventTypes.has(type)) {
        return refuse(
          `; there is no event type ${JSON.stringify(name)}${suggest(type, eventTypes)}`,
        );
      }
      if (!isForHooks(type))
        return refuse(`; a hook is not told of hooks that fail: it would never end`);
      const only = qualifiers.find((each) => each === qualifier);
      if (more.length > 0 || (qualifier !== undefined && !only)) {
        return refuse(`; after a colon comes expected or unexpected`);
      }
      if (only && type !== "PROCESS_STATE_EXITED") {
        return refuse(`; only PROCESS_STATE_EXITED is expected or not`);
      }
      return { type, only };
    }),
);

/** `run=` of a hook: its words, the first of which is the program. */
export const hookCommand = kind(
  "a command line, with shell-like quotes",
  (given, _, refuse): readonly string[] => {
    const words = splitCommand(given);
    return words.length > 0 ? words : refuse();
  },
);

/** Where a hook posts to. */
export const webUrl = kind("a URL such as https://example.com/hook", (given, _, refuse) => {
  const url = URL.canParse(given) ? new URL(given) : refuse();
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : refuse();
});
