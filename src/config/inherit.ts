import type { RawConfig, RawSection } from "./raw.ts";
import type { KindOf } from "./section.ts";

/**
 * Gives sections the values that they do not set themselves: programs those of `[program-default]`,
 * and every section those of `[DEFAULT]`.
 */
export function inheritValues({ sections, defaults }: RawConfig, kindOf: KindOf): void {
  for (const section of sections.values()) {
    const kind = kindOf(section.name);
    const own = kind?.defaults === undefined ? undefined : sections.get(kind.defaults);
    if (own) inherit(section, own, kindOf);
    if (defaults) inherit(section, defaults, kindOf);
  }
}

/** Only what the section has options for, or thousands of either would make millions. */
function inherit(section: RawSection, from: RawSection, kindOf: KindOf): void {
  const options = kindOf(section.name)?.options;
  for (const [option, value] of from.values) {
    if (section.values.has(option) || (options && !Object.hasOwn(options, option))) continue;
    section.values.set(option, { ...value, inherited: true });
    // A plug-in has no options here; one that it cannot take is as bad as a thousand.
    if (!options) return;
  }
}
