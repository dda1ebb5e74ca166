import type { Scope } from "./names.ts";
import { commonOptions, type Table } from "./table.ts";

/** One kind of section: how it is headed, and the options that may stand in it. */
export interface SectionKind<T extends Table = Table> {
  /** As one would write it, without brackets; `:x` stands for a name. */
  title: string;
  /** Every section whose name begins so is one. */
  several?: true;
  options: T;
  /** The names its options may expand, where their rows name no others. */
  names: Scope;
  /** Has what it does not set itself from this section. */
  defaults?: string;
  doc: string;
  origin?: "drover";
}

/** A kind of section, with the options that every section has. */
export const section = <T extends Table>(
  row: SectionKind<T>,
): SectionKind<T & typeof commonOptions> => ({
  ...row,
  options: { ...row.options, ...commonOptions },
});

/** What kind of section has this name; undefined when none of those known has it. */
export type KindOf = (name: string) => SectionKind | undefined;

/** Tells these kinds apart. */
export function tellApart(kinds: readonly SectionKind[]): KindOf {
  const byTitle = new Map(kinds.map((kind) => [kind.title, kind]));
  return (name) => {
    const colon = name.indexOf(":");
    return (
      byTitle.get(colon < 0 ? name : `${name.slice(0, colon)}:x`) ??
      kinds.find(({ several, title }) => several && name.startsWith(title))
    );
  };
}
