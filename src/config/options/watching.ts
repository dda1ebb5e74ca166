import { someTime } from "../kinds/policies.ts";
import { watchAction } from "../kinds/watching.ts";
import { names } from "../kinds/words.ts";
import { option } from "../table.ts";

/** What of a program's files is looked after. */
export const watchingOptions = {
  watch: option({
    kind: names,
    default: "",
    change: "live",
    origin: "drover",
    example: "/srv/app/current, tmp/restart.txt",
    doc:
      "Files and folders, with all below them, whose change is acted on; relative to directory=. Of a symbolic " +
      "link it is where it leads to. They need not be there yet.",
  }),
  watch_action: option({
    kind: watchAction,
    default: "restart",
    change: "live",
    origin: "drover",
    doc:
      "What is done then: rollout replaces them one after the other, and stops where one fails; restart the running processes, as many at a time as recycle_at_once= says, and start " +
      "those that had failed; signal:HUP sends it; none only tells (WATCH_CHANGED).",
  }),
  watch_debounce: option({
    kind: someTime,
    default: "500ms",
    change: "live",
    origin: "drover",
    doc: "How long nothing more must change before it is acted on; ten times that at most.",
  }),
  watch_ignore: option({
    kind: names,
    default: ".git, .hg, .svn, node_modules, *.log, *.swp, *~",
    change: "live",
    origin: "drover",
    doc: "Patterns of names below the watched folders that do not count.",
  }),
};
