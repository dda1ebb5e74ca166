import type { EnvironmentFiles } from "./environment.ts";
import type { Known } from "./names.ts";
import type { Reading } from "./table.ts";

/** What reading the sections of one configuration has in common. */
export interface SectionContext extends Reading {
  /** What every section may expand; each adds its own. */
  known: Known;
  environmentFiles: EnvironmentFiles;
  /** The processes that have been configured so far, also those that are too many. */
  processes: number;
  /** How long the options are that each copy of a program reads anew. */
  characters: number;
  /** How many more unknown programs are told the nearest name. */
  hints: number;
  /** Numbers of copies that count in place of `numprocs=`, by the names of programs. */
  scales: ReadonlyMap<string, number>;
}
