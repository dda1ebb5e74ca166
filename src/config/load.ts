import path from "node:path";
import type { Config, CtlConfig, UnixServerConfig } from "./config.ts";
import type { Names } from "./expand.ts";
import type { Facts } from "./facts.ts";
import { ctlOptions, includeOptions, supervisordOptions, unixServerOptions } from "./options.ts";
import { ConfigError, type Problem } from "./problems.ts";
import { type NamesOf, readGroups } from "./programs.ts";
import {
  problemIn,
  type RawConfig,
  type RawSection,
  readSections,
  type SourceFile,
} from "./raw.ts";
import { type Reading, readOptions, warnUnknown } from "./table.ts";

/** How a configuration reaches its files. */
export interface Reader {
  /** @returns the text, or undefined when the file cannot be read as UTF-8 text */
  read(path: string): string | undefined;
  /** The paths that match a pattern of `*`, `?` and `[...]`, sorted. */
  glob(pattern: string): string[];
}

/**
 * Reads the daemon's configuration: the file, what it includes, everything expanded and checked.
 * @throws ConfigError with every problem found
 */
export function loadConfig(file: string, reader: Reader, facts: Facts): Config {
  const { raw, problems } = readFiles(file, reader, facts, true);
  const { sections } = raw;
  const main = sections.get("supervisord");
  if (!main) {
    const message = "expected a [supervisord] section, which may be empty";
    problems.push({ severity: "error", file, line: 0, message });
  }
  const reading: Reading = { facts, problems };
  const globalNames = namesIn(facts, {});
  const supervisord = readSupervisord(main ?? emptySection(file), globalNames, reading);
  const withRundir = { ...facts, isDirectory: willExist(facts, supervisord.rundir) };
  const inner: Reading = { facts: withRundir, problems };
  const names = namesIn(facts, supervisord.environment, { host_node_name: facts.host });
  const config: Config = {
    supervisord,
    servers: readServers(sections, globalNames, inner),
    groups: readGroups(sections, names, inner),
    warnings: [],
  };
  warnUnknownSections(sections, problems);
  config.warnings = refuseErrors(problems);
  return config;
}

/**
 * Reads what a control program needs: `[supervisorctl]` and where the daemon's sockets are. Other
 * sections may be wrong, and included files are not read, as in supervisorctl.
 * @throws ConfigError
 */
export function loadCtlConfig(file: string, reader: Reader, facts: Facts): CtlConfig {
  const { raw, problems } = readFiles(file, reader, facts, false);
  refuseErrors(problems);
  const names = namesIn(facts, {});
  const reading: Reading = { facts, problems };
  const section = raw.sections.get("supervisorctl") ?? emptySection(file);
  const ctl = readOptions(ctlOptions, section, (_, from) => names(from), reading);
  const servers = readServers(raw.sections, names, reading);
  refuseErrors(problems);
  const main = raw.sections.get("supervisord") ?? emptySection(file);
  const { rundir } = readOptions(
    { rundir: supervisordOptions.rundir },
    main,
    (_, from) => names(from),
    { facts, problems: [] },
  );
  return { ctl, servers, rundir };
}

function refuseErrors(problems: readonly Problem[]): Problem[] {
  if (problems.some(({ severity }) => severity === "error")) throw new ConfigError(problems);
  return [...problems];
}

const emptySection = (file: string): RawSection => ({
  name: "supervisord",
  file,
  line: 0,
  values: new Map(),
});

/** The run folder need not be there yet: the daemon makes it. */
const willExist = (facts: Facts, rundir: string | undefined) => (dir: string) =>
  dir === rundir || facts.isDirectory(dir);

function readSupervisord(section: RawSection, names: NamesOf, reading: Reading) {
  warnUnknown(supervisordOptions, section, reading.problems);
  const namesFor = (option: string, file: string) =>
    names(file, option === "environment" ? { host_node_name: reading.facts.host } : {});
  const { rundir } = readOptions({ rundir: supervisordOptions.rundir }, section, namesFor, {
    ...reading,
    problems: [],
  });
  const facts = { ...reading.facts, isDirectory: willExist(reading.facts, rundir) };
  const values = readOptions(supervisordOptions, section, namesFor, { ...reading, facts });
  return {
    ...values,
    logfile: values.logfile ?? path.resolve(facts.cwd, "supervisord.log"),
    pidfile: values.pidfile ?? path.resolve(facts.cwd, "supervisord.pid"),
  };
}

function readServers(
  sections: ReadonlyMap<string, RawSection>,
  names: NamesOf,
  reading: Reading,
): UnixServerConfig[] {
  const servers: UnixServerConfig[] = [];
  for (const section of sections.values()) {
    if (!section.name.startsWith("unix_http_server")) continue;
    warnUnknown(unixServerOptions, section, reading.problems);
    const values = readOptions(unixServerOptions, section, (_, file) => names(file), reading);
    if (section.values.has("username") !== section.values.has("password")) {
      const message = "a username needs a password and a password needs a username";
      reading.problems.push(problemIn(section, undefined, message));
    }
    servers.push({ section: section.name, ...values });
  }
  return servers;
}

/** Sections that are known, or that supervisord's own tools read. */
const knownSection =
  /^(?:supervisord|supervisorctl|include|rpcinterface:.*|ctlplugin:.*|unix_http_server.*|(?:program|group):.*)$/;

function warnUnknownSections(sections: ReadonlyMap<string, RawSection>, problems: Problem[]): void {
  for (const section of sections.values()) {
    if (knownSection.test(section.name)) continue;
    const message = "drover has no such section, it is ignored";
    problems.push(problemIn(section, undefined, message, "warning"));
  }
}

/** Names known everywhere, with the folder of the file in which they are used as `here`. */
function namesIn(
  facts: Facts,
  environment: Readonly<Record<string, string>>,
  always: Readonly<Record<string, string>> = {},
): NamesOf {
  const shared: [string, string | number][] = [
    ...Object.entries(facts.env).map(
      ([key, value]) => [`ENV_${key}`, value ?? ""] as [string, string],
    ),
    ...Object.entries(environment).map(([key, value]) => [`ENV_${key}`, value] as [string, string]),
    ...Object.entries(always),
  ];
  return (file, extra = {}): Names => {
    const here = path.dirname(path.resolve(facts.cwd, file));
    return new Map([...shared, ["here", here], ...Object.entries(extra)]);
  };
}

function readFiles(
  file: string,
  reader: Reader,
  facts: Facts,
  followIncludes: boolean,
): { raw: RawConfig; problems: Problem[] } {
  const text = reader.read(file);
  if (text === undefined) {
    const message = "this file cannot be read as UTF-8 text";
    throw new ConfigError([{ severity: "error", file, line: 0, message }]);
  }
  const root: SourceFile = { path: file, text };
  const raw = readSections([root]);
  const include = raw.sections.get("include");
  if (!include || !followIncludes) return { raw, problems: [...raw.problems] };
  const problems: Problem[] = [];
  const included = includedFiles(include, reader, facts, problems);
  const all = readSections([root, ...included]);
  return { raw: all, problems: [...all.problems, ...problems] };
}

/** The files that `[include]` names. Patterns are relative to the root file and kept in their order. */
function includedFiles(
  include: RawSection,
  reader: Reader,
  facts: Facts,
  problems: Problem[],
): SourceFile[] {
  const names = namesIn(facts, {}, { host_node_name: facts.host });
  const reading: Reading = { facts, problems };
  const { files } = readOptions(includeOptions, include, (_, from) => names(from), reading);
  const base = path.dirname(path.resolve(facts.cwd, include.file));
  const found: SourceFile[] = [];
  for (const pattern of (files ?? "").split(/\s+/).filter((word) => word !== "")) {
    const warn = (message: string) =>
      problems.push(problemIn(include, "files", message, "warning"));
    const matches = reader.glob(path.resolve(base, pattern));
    if (matches.length === 0) warn(`no file matches ${JSON.stringify(pattern)}`);
    for (const match of matches) {
      const text = reader.read(match);
      if (text === undefined) warn(`${match} cannot be read as UTF-8 text; it is left out`);
      else found.push({ path: match, text });
    }
  }
  return found;
}
