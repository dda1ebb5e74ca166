import type { RawConfig, RawSection } from "./raw.ts";
import { kindOf, sections as kinds } from "./sections.ts";

/**
 * Gives sections the values that they do not set themselves: programs those of `[program-default]`,
 * and every section those of `[DEFAULT]`.
 */
export function inheritValues({ sections, defaults }: RawConfig): void {
  const programs = sections.get(kinds.programDefault.title);
  if (!programs && !defaults) return;
  for (const section of sections.values()) {
    const kind = kindOf(section.name);
    if (programs && (kind === kinds.program || kind === kinds.fcgi)) inherit(section, programs);
    if (defaults) inherit(section, defaults);
  }
}

/** Only what the section has options for, or thousands of either would make millions. */
function inherit(section: RawSection, from: RawSection): void {
  const options = kindOf(section.name)?.options;
  for (const [option, value] of from.values) {
    if (section.values.has(option) || (options && !Object.hasOwn(options, option))) continue;
    section.values.set(option, { ...value, inherited: true });
    // A plug-in has no options here; one that it cannot take is as bad as a thousand.
    if (!options) return;
  }
}
