import { booleanOf } from "./kinds/words.ts";
import { isEnough, type Problem, quote, suggest } from "./problems.ts";
import { problemIn, type RawConfig, type RawSection } from "./raw.ts";
import type { SectionKind } from "./section.ts";
import { kindOf, pluginSection, sectionKinds } from "./sections.ts";
import { commonOptions, type Table, warnUnknown } from "./table.ts";

/**
 * Warns of what nothing reads, of what is checked only, and of Python plug-ins. As in supervisord
 * none of that keeps a configuration from running.
 */
export function checkSections({ sections, defaults }: RawConfig, problems: Problem[]): void {
  for (const section of sections.values()) {
    const kind = kindOf(section.name);
    if (kind) checkOptions(section, kind, problems);
    else if (pluginSection.test(section.name)) checkPlugin(section, problems);
    else if (!isEnough(problems)) {
      const message = `drover has no such section, it is ignored${nearest(section.name)}`;
      problems.push(problemIn(section, undefined, message, "warning"));
    }
  }
  if (defaults) warnUnknown(everyOption, defaults, problems);
}

const everyOption: Table = Object.assign({}, ...sectionKinds.map(({ options }) => options));

function nearest(name: string): string {
  const [head = "", ...rest] = name.trim().split(":");
  const heads = [...sectionKinds.map(({ title }) => title.split(":")[0] ?? ""), "rpcinterface"];
  const near = suggest(head.toLowerCase(), heads);
  // The same word, but in capitals or without the name it needs.
  const own = rest.join(":").trim();
  return rest.length > 0 ? near.replace(/"\?$/, () => `${quote(`:${own}`).slice(1)}?`) : near;
}

const FACTORY = "supervisor.rpcinterface_factory";
const STOCK_FACTORY = "supervisor.rpcinterface:make_main_rpcinterface";

function checkPlugin(section: RawSection, problems: Problem[]): void {
  const warn = (option: string | undefined, message: string) =>
    problems.push(problemIn(section, option, message, "warning"));
  if (section.name.startsWith("ctlplugin:")) {
    const instead = "for what it did, call droverd's RPC (POST /rpc) from a script";
    warn(undefined, `drover cannot load a Python plug-in, it is ignored; ${instead}`);
    return;
  }
  const factory = section.values.get(FACTORY)?.text.trim();
  if (factory !== undefined && !/^[\w.]+:[\w.]+$/.test(factory)) {
    const message = `expected module:function such as ${STOCK_FACTORY}, got ${quote(factory)}`;
    problems.push(problemIn(section, FACTORY, message));
  } else if (factory === undefined) {
    const message = `this option is required and not set; drover's own is ${STOCK_FACTORY}`;
    problems.push(problemIn(section, FACTORY, message));
  } else if (factory !== STOCK_FACTORY) {
    const instead =
      "take the section out, and call supervisor.* or system.* methods instead of its own";
    warn(FACTORY, `drover cannot load the Python plug-in ${factory}, it is ignored; ${instead}`);
  } else {
    for (const option of section.values.keys()) {
      if (option === FACTORY) continue;
      problems.push(problemIn(section, option, "supervisord's own interface takes no such option"));
    }
  }
}

function checkOptions(section: RawSection, kind: SectionKind, problems: Problem[]): void {
  warnUnknown(kind.options, section, problems);
  for (const [name, { text, inherited }] of section.values) {
    const row = Object.hasOwn(kind.options, name) ? kind.options[name] : undefined;
    if (!row || inherited) continue;
    if (row === commonOptions.expand && booleanOf(text) === undefined) {
      problems.push(problemIn(section, name, `expected ${row.kind.expected}, got ${quote(text)}`));
    }
  }
}
