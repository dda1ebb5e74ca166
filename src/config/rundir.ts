import { rundirSection } from "./ctlsections.ts";
import type { Facts } from "./facts.ts";
import type { Known } from "./names.ts";
import type { RawSection } from "./raw.ts";
import { type Reading, readOptions } from "./table.ts";

/** `[supervisord] rundir=`, read before all else: other paths may be in it. What is wrong is told elsewhere. */
export function readRundir(section: RawSection, known: Known, facts: Facts): string | undefined {
  const { options, names } = rundirSection;
  const reading: Reading = { facts, problems: [] };
  return readOptions(options, { section, known, names }, reading).rundir;
}
