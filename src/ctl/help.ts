import type { Commands } from "./commands.ts";
import { exitCodesHelp } from "./exitcodes.ts";
import type { Session } from "./session.ts";

const WIDTH = 79;
const GAP = 2;

/** The topics of `help`, column by column in as few lines as fit a terminal, as supervisorctl has them. */
function formatTopics(topics: readonly string[]): string[] {
  const header = "default commands (type help <topic>):";
  const sorted = [...topics].sort();
  for (let rows = 1; ; rows++) {
    const columns = inColumns(sorted, rows);
    const widths = columns.map((column) => Math.max(...column.map((topic) => topic.length)));
    const total = widths.reduce((sum, width) => sum + width + GAP, -GAP);
    if (total > WIDTH && rows < sorted.length) continue;
    const lines = Array.from({ length: rows }, (_, row) =>
      columns.map((column, at) => (column[row] ?? "").padEnd(widths[at] ?? 0)).join("  "),
    );
    return ["", header, "=".repeat(header.length), ...lines, ""];
  }
}

function inColumns(topics: readonly string[], rows: number): string[][] {
  const columns: string[][] = [];
  for (let at = 0; at < topics.length; at += rows) columns.push(topics.slice(at, at + rows));
  return columns;
}

/** `help [TOPIC]`. What only drover has comes after supervisorctl's own lines. */
export function help(session: Session, words: readonly string[], all: Commands): void {
  for (const line of linesOn(words.join(" "), session, all)) session.print(line);
}

function linesOn(topic: string, { plain }: Session, all: Commands): readonly string[] {
  if (topic === "") return formatTopics([...Object.keys(all), ...(plain ? [] : otherTopics)]);
  if (topic === "exit-codes" && !plain) return exitCodesHelp();
  const command = Object.hasOwn(all, topic) ? all[topic] : undefined;
  if (!command) return [`*** No help on ${topic}`];
  return [...command.help, ...(plain ? [] : (command.ours ?? []))];
}

const otherTopics = ["exit-codes"];
