import { padded, type Style, shortened, styled, widthOf } from "./printable.ts";

export interface Cell {
  text: string;
  style?: Style | undefined;
}

export interface Column<Row> {
  title: string;
  side: "left" | "right";
  /** Those with the highest go first where the terminal is too narrow; 0: never. */
  expendable: number;
  /** It may lose its end, and has at least so many columns then. */
  shrinksTo?: number;
  cell(row: Row): Cell;
}

const GAP = 2;

interface Laid<Row> {
  column: Column<Row>;
  cells: Cell[];
  width: number;
}

/** A table that fits a terminal: columns are shortened and left out, and none is wrapped. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string[] {
  const laid = columns.map((column): Laid<Row> => {
    const cells = rows.map((row) => column.cell(row));
    const widths = cells.map(({ text }) => widthOf(text));
    return { column, cells, width: Math.max(column.title.length, ...widths) };
  });
  const shown = narrowed(laid, width);
  const last = shown.at(-1);
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, style }, at) => {
        const { column, width: own } = shown[at] as Laid<Row>;
        const short = shortened(text, own);
        // Nothing is to come after it.
        const isLast = shown[at] === last && column.side === "left";
        return styled(isLast ? short : padded(short, own, column.side), style);
      })
      .join(" ".repeat(GAP));
  const titles = shown.map(({ column: { title } }) => ({ text: title, style: "dim" as const }));
  return [titles, ...rows.map((_, at) => shown.map(({ cells }) => cells[at] as Cell))].map(line);
}

const totalOf = (laid: readonly Laid<never>[]): number =>
  laid.reduce((sum, { width }) => sum + width + GAP, -GAP);

function narrowed<Row>(laid: readonly Laid<Row>[], width: number): Laid<Row>[] {
  let left = laid;
  for (;;) {
    const excess = totalOf(left as readonly Laid<never>[]) - width;
    if (excess <= 0) return [...left];
    const shrunk = shrink(left, excess);
    if (shrunk) return shrunk;
    const rank = Math.max(...left.map(({ column: { expendable } }) => expendable));
    if (rank <= 0) return cut(left, excess);
    left = left.filter(({ column: { expendable } }) => expendable < rank);
  }
}

/** The most expendable gives first. @returns undefined when that is not enough */
function shrink<Row>(laid: readonly Laid<Row>[], excess: number): Laid<Row>[] | undefined {
  let over = excess;
  const widths = new Map<Laid<Row>, number>();
  for (const each of laid.toSorted((a, b) => b.column.expendable - a.column.expendable)) {
    const { shrinksTo = each.width } = each.column;
    const width = Math.max(Math.min(shrinksTo, each.width), each.width - Math.max(0, over));
    over -= each.width - width;
    widths.set(each, width);
  }
  const shrunk = laid.map((each) => ({ ...each, width: widths.get(each) ?? each.width }));
  return over <= 0 ? shrunk : undefined;
}

/** A terminal for which nothing is narrow enough: the first column gives what it has. */
const cut = <Row>(laid: readonly Laid<Row>[], excess: number): Laid<Row>[] =>
  laid.map((each, at) => (at === 0 ? { ...each, width: Math.max(1, each.width - excess) } : each));
