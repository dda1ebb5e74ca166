import { byPriority } from "../process/order.ts";
import { formatMs } from "../process/policy.ts";
import type { ProcessConfig, ProgramKind } from "./config.ts";
import { withSharedLayout } from "./layout.ts";
import type { Known } from "./names.ts";
import { type FcgiValues, processOptions, programOptions } from "./options/programs.ts";
import { isHopeless, type Problem, quote } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";
import type { SectionContext } from "./reading.ts";
import { readOptions, type Values } from "./table.ts";

/** More processes than one machine runs; a typo in numprocs must not take the memory. */
const MOST_PROCESSES = 32_768;
/** Of the options that are read anew for each copy, before they are expanded. */
const MOST_CHARACTERS = 16 * 2 ** 20;

/** One section that makes processes, and the group they are made in. */
export interface ProgramSpec {
  kind: ProgramKind;
  /** The program's name. */
  name: string;
  group: string;
  section: RawSection;
  socket?: FcgiValues;
}

/** All copies of one program, in their order. Problems are reported once, not for each copy. */
export function readProgram(spec: ProgramSpec, context: SectionContext): ProcessConfig[] {
  if (isHopeless(context.problems)) return [];
  const { section, name, group } = spec;
  const values = { ...context.known.values, program_name: name, group_name: group };
  const known: Known = { ...context.known, values };
  const given = readOptions(programOptions, { section, known, names: "program" }, context);
  const scale = spec.kind === "program" ? context.scales.get(name) : undefined;
  const scalars = scale === undefined ? given : { ...given, numprocs: scale };
  checkProgram(spec, scalars, context.problems);
  const varying = varyingOptions(section);
  const copies = countCopies(scalars.numprocs, section, varying, context);
  const shared = {
    ...scalars,
    killasgroup: scalars.killasgroup ?? scalars.stopasgroup,
    kind: spec.kind,
    group,
    section,
    socket: spec.socket,
    scaledFrom: scale === undefined ? undefined : given.numprocs,
  };
  const byName = new Map<string, ProcessConfig>();
  const problems: Problem[] = [];
  const readCopy = copyReader(spec, { shared, varying, known }, { ...context, problems });
  for (let copy = 0; copy < copies; copy++) {
    const process = readCopy({
      numprocs: scalars.numprocs,
      process_num: scalars.numprocs_start + copy,
    });
    // What is wrong with one copy is wrong with the others.
    if (problems.some(({ severity }) => severity === "error")) break;
    byName.set(process.name, withSharedLayout(process));
  }
  for (const problem of problems) context.problems.push(problem);
  return [...byName.values()].sort(byPriority);
}

type Scalars = Values<typeof programOptions>;

/** Whether a program may have more copies than one: its process_name makes others of their names. */
export const tellsCopiesApart = ({ values }: RawSection): boolean =>
  values.get("process_name")?.text.includes("%(process_num)") === true;

function checkProgram({ kind, section }: ProgramSpec, scalars: Scalars, problems: Problem[]): void {
  if (scalars.numprocs > 1 && !tellsCopiesApart(section)) {
    const message =
      `numprocs is ${scalars.numprocs}, so process_name must tell the processes apart: ` +
      "expected %(process_num) in it, as in %(program_name)s_%(process_num)02d";
    problems.push(
      problemIn(section, section.values.has("process_name") ? "process_name" : "numprocs", message),
    );
  }
  if (scalars.stopasgroup && scalars.killasgroup === false) {
    const message = "cannot be false while stopasgroup is true";
    problems.push(problemIn(section, "killasgroup", message));
  }
  if (kind === "eventlistener" && scalars.redirect_stderr) {
    const message =
      "cannot be true: stdout is how the listener answers, and stderr would disturb it";
    problems.push(problemIn(section, "redirect_stderr", message));
  }
  if (kind === "eventlistener" && scalars.stdin === "null") {
    problems.push(
      problemIn(section, "stdin", "cannot be null: it is where a listener reads events"),
    );
  }
  const { backoff_min: min, backoff_max: max = Infinity } = scalars;
  if (max < min) {
    const message = `expected at least backoff_min, which is ${formatMs(min)}, got ${formatMs(max)}`;
    problems.push(problemIn(section, "backoff_max", message));
  }
}

/** What is too much is told once: the programs after it are read without their copies. */
function countCopies(
  numprocs: number,
  section: RawSection,
  { only }: Varying,
  context: SectionContext,
): number {
  const wasTooMuch = isTooMuch(context);
  context.processes += Math.max(0, numprocs);
  for (const option of only) {
    context.characters += Math.max(0, numprocs) * (section.values.get(option)?.text.length ?? 0);
  }
  if (!isTooMuch(context)) return numprocs;
  if (!wasTooMuch) {
    const message =
      `expected at most ${MOST_PROCESSES} processes in all, and ${MOST_CHARACTERS / 2 ** 20} MB of ` +
      "what is expanded for each of them; with this there would be more";
    context.problems.push(problemIn(section, "numprocs", message));
  }
  return 0;
}

const isTooMuch = ({ processes, characters }: SectionContext): boolean =>
  processes > MOST_PROCESSES || characters > MOST_CHARACTERS;

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const notInFileNames = /[/\x00-\x1f]/;

/** Read before all others, as these may use the environment. */
const filesOption = { environment_file: processOptions.environment_file };
const environmentOption = { environment: processOptions.environment };
const otherOptions: Omit<typeof processOptions, "environment" | "environment_file"> = (() => {
  const { environment, environment_file, ...others } = processOptions;
  return others;
})();

type Numbers = Readonly<Record<"numprocs" | "process_num", number>>;

/** Reads the copies of a program; what is the same for all of them is read once. */
function copyReader<T extends object>(
  { section, name: program }: ProgramSpec,
  { shared, varying, known }: { shared: T; varying: Varying; known: Known },
  context: SectionContext,
) {
  const { only, hasOneEnvironment } = varying;
  const names = "process";
  let environment: ReturnType<typeof readEnvironment> | undefined;
  let first: (T & Values<typeof otherOptions>) | undefined;
  return (numbers: Numbers) => {
    const numbered: Known = { ...known, values: { ...known.values, ...numbers } };
    if (!environment || !hasOneEnvironment)
      environment = readEnvironment(section, numbered, context);
    const own: Known = { ...numbered, own: environment.environment };
    // One object is copied for each, and not several put together: there may be thousands.
    const values = first
      ? readOptions(
          otherOptions,
          { section, known: own, names, again: { only, onto: first } },
          context,
        )
      : { ...shared, ...readOptions(otherOptions, { section, known: own, names }, context) };
    first ??= values as T & Values<typeof otherOptions>;
    const name = values.process_name?.trim() || program;
    checkName(name, section, context.problems);
    return Object.assign(values as T & Values<typeof otherOptions>, environment, { name });
  };
}

interface Varying {
  /** The options that are not the same for all copies. */
  only: ReadonlySet<string>;
  /** The environment is the same for all of them. */
  hasOneEnvironment: boolean;
}

/** Only process_num is another for each copy, and what is made of it. */
function varyingOptions(section: RawSection): Varying {
  const varies = (option: string) => section.values.get(option)?.text.includes("process_num");
  const hasOneEnvironment = !varies("environment") && !varies("environment_file");
  const only = new Set<string>();
  for (const [option, { text }] of section.values) {
    // What a log's name takes from a variable is expanded once more, and may have anything in it.
    const usesVariables = !hasOneEnvironment || option.endsWith("_logfile");
    if (varies(option) || (usesVariables && text.includes("ENV_"))) only.add(option);
  }
  return { only, hasOneEnvironment };
}

function readEnvironment(section: RawSection, known: Known, context: SectionContext) {
  const names = "process";
  const files = readOptions(filesOption, { section, known, names }, context);
  const fromFiles = context.environmentFiles.read(section, files.environment_file, context);
  const withFiles: Known = { ...known, own: fromFiles };
  const given = readOptions(environmentOption, { section, known: withFiles, names }, context);
  return { ...files, environment: { ...fromFiles, ...given.environment } };
}

/** As in supervisord the form is checked before it is expanded; what comes out must name a file. */
function checkName(name: string, section: RawSection, problems: Problem[]): void {
  const form = section.values.get("process_name")?.text.trim() ?? "";
  if (!/[ :/]/.test(form) && !notInFileNames.test(name)) return;
  const message = `expected a name without spaces, colons and slashes, got ${quote(name)}`;
  problems.push(problemIn(section, "process_name", message));
}
