import { namespec } from "../process/order.ts";
import type { Config, GroupConfig } from "./config.ts";
import { EnvironmentFiles } from "./environment.ts";
import type { Facts } from "./facts.ts";
import { remembering } from "./facts.ts";
import { readSources } from "./files.ts";
import { readGroups } from "./groups.ts";
import { readHooks } from "./hooks.ts";
import { atEvent, type Known } from "./names.ts";
import { checkNeeds } from "./needs.ts";
import { type Problem, quote, refuseErrors, suggest } from "./problems.ts";
import { emptySection, problemIn, type RawSection } from "./raw.ts";
import type { Reader } from "./reader.ts";
import type { SectionContext } from "./reading.ts";
import { readRundir } from "./rundir.ts";
import { kindOf, sections as kinds } from "./sections.ts";
import { readServers } from "./servers.ts";
import { type Reading, readOptions } from "./table.ts";
import { checkSections } from "./warnings.ts";

/** Options of `[supervisord]` as given on the command line: they win, and nothing in them is expanded. */
export type Overrides = Readonly<Record<string, string>>;

/** A suggestion looks at every name there is; a broken file could ask for one on every line. */
const MOST_HINTS = 50;

/** What is otherwise than the files say. */
export interface Changes {
  overrides?: Overrides;
  /** How many copies programs have by now, by their names; asked with `rundir=`. */
  scaled?: (rundir: string | undefined) => ReadonlyMap<string, number>;
}

const COMMAND_LINE = "command line";

/**
 * Reads the daemon's configuration: a file or a folder, what it includes, everything expanded and
 * checked.
 * @throws ConfigError with every problem found
 */
export function loadConfig(
  source: string,
  reader: Reader,
  machine: Facts,
  { overrides = {}, scaled = () => new Map() }: Changes = {},
): Config {
  const facts = remembering(machine);
  const sources = readSources(source, reader, facts, { kindOf, includes: true });
  const { sections, problems, hereEverywhere } = sources;
  const main = mainSection(sections, source, overrides, problems);
  const known: Known = { env: facts.env, values: {}, hereEverywhere, cwd: facts.cwd };
  const environmentFiles = new EnvironmentFiles(reader);
  const supervisord = readSupervisord(main, { facts, problems, known, environmentFiles });
  const context: SectionContext = {
    facts: withRundir(facts, supervisord.rundir),
    problems,
    known: {
      ...known,
      env: { ...facts.env, ...supervisord.environment },
      values: { host_node_name: facts.host },
    },
    environmentFiles,
    processes: 0,
    characters: 0,
    hints: MOST_HINTS,
    scales: scaled(supervisord.rundir),
  };
  const servers = readServers(sections, known, { facts: context.facts, problems });
  const groups = readGroups(sections, context);
  const hooks = readHooks(
    sections,
    { ...context.known, values: { ...context.known.values, ...atEvent } },
    context,
  );
  checkNeeds(groups, sections, problems);
  checkExitCodeFrom(main, supervisord.exit_code_from, groups, problems);
  checkSections(sources, problems);
  return { supervisord, servers, groups, hooks, sections, warnings: refuseErrors(problems) };
}

function mainSection(
  sections: Map<string, RawSection>,
  source: string,
  overrides: Overrides,
  problems: Problem[],
): RawSection {
  const main = sections.get("supervisord") ?? emptySection("supervisord", source);
  // A file that could not be read to its end may well have one.
  if (!sections.has("supervisord") && problems.every(({ severity }) => severity !== "error")) {
    const message = "expected a [supervisord] section, which may be empty";
    problems.push({ severity: "error", file: source, line: 0, message });
  }
  for (const [option, text] of Object.entries(overrides)) {
    const section = main.name;
    main.values.set(option, { text, section, file: COMMAND_LINE, line: 0, literal: true });
  }
  return main;
}

/** `exit_code_from=` must name a process that there is. */
function checkExitCodeFrom(
  section: RawSection,
  wanted: string | undefined,
  groups: readonly GroupConfig[],
  problems: Problem[],
): void {
  if (wanted === undefined) return;
  const names = groups.flatMap(({ processes }) => processes.map(namespec));
  if (names.includes(wanted)) return;
  const message = `there is no process ${quote(wanted)}${suggest(wanted, names)}`;
  problems.push(problemIn(section, "exit_code_from", message));
}

/** The run folder need not be there yet: the daemon makes it. */
const withRundir = (facts: Facts, rundir: string | undefined): Facts => ({
  ...facts,
  isDirectory: (dir) => dir === rundir || facts.isDirectory(dir),
});

function readSupervisord(
  section: RawSection,
  {
    facts,
    problems,
    known,
    environmentFiles,
  }: Omit<SectionContext, "processes" | "characters" | "hints" | "scales">,
) {
  const { options, names } = kinds.supervisord;
  const reading: Reading = {
    facts: withRundir(facts, readRundir(section, known, facts)),
    problems,
  };
  const withHost: Known = { ...known, values: { host_node_name: facts.host } };
  const { environment, ...values } = readOptions(
    options,
    { section, known: withHost, names },
    reading,
  );
  const fromFiles = environmentFiles.read(section, values.environment_file, reading);
  return { ...values, environment: { ...fromFiles, ...environment } };
}
