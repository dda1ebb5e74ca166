import type { Facts } from "./facts.ts";
import type { Known } from "./names.ts";
import { supervisordOptions } from "./options/supervisord.ts";
import type { RawSection } from "./raw.ts";
import { sections as kinds } from "./sections.ts";
import { type Reading, readOptions } from "./table.ts";

/** `[supervisord] rundir=`, read before all else: other paths may be in it. What is wrong is told elsewhere. */
export function readRundir(section: RawSection, known: Known, facts: Facts): string | undefined {
  const { names } = kinds.supervisord;
  const { rundir } = supervisordOptions;
  const reading: Reading = { facts, problems: [] };
  return readOptions({ rundir }, { section, known, names }, reading).rundir;
}
