const WIDTH = 79;
const GAP = 2;

/** The topics of `help`, column by column in as few lines as fit a terminal, as supervisorctl has them. */
export function formatTopics(topics: readonly string[]): string[] {
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
