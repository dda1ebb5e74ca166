import { byPriority } from "../process/order.ts";
import type { ProcessConfig, ProgramKind } from "./config.ts";
import type { Known } from "./names.ts";
import { type FcgiValues, processOptions, programOptions } from "./options/programs.ts";
import { type Problem, quote } from "./problems.ts";
import { problemIn, type RawSection } from "./raw.ts";
import type { SectionContext } from "./reading.ts";
import { readOptions, type Values } from "./table.ts";

/** More processes than one machine runs; a typo in numprocs must not take the memory. */
const MOST_PROCESSES = 32_768;

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
  const { section, name, group } = spec;
  const { problems } = context;
  const values = { ...context.known.values, program_name: name, group_name: group };
  const known: Known = { ...context.known, values };
  const scalars = readOptions(programOptions, { section, known, names: "program" }, context);
  checkProgram(spec, scalars, problems);
  const copies = countCopies(scalars.numprocs, section, context);
  const shared = {
    ...scalars,
    killasgroup: scalars.killasgroup ?? scalars.stopasgroup,
    kind: spec.kind,
    group,
    section,
    socket: spec.socket,
  };
  const byName = new Map<string, ProcessConfig>();
  const readCopy = copyReader(spec, known, context);
  for (let copy = 0; copy < copies; copy++) {
    const before = problems.length;
    const process = readCopy({
      numprocs: scalars.numprocs,
      process_num: scalars.numprocs_start + copy,
    });
    if (problems.length > before) break;
    byName.set(process.name, { ...shared, ...process });
  }
  return [...byName.values()].sort(byPriority);
}

type Scalars = Values<typeof programOptions>;

function checkProgram({ kind, section }: ProgramSpec, scalars: Scalars, problems: Problem[]): void {
  const template = section.values.get("process_name")?.text ?? "";
  if (scalars.numprocs > 1 && !template.includes("%(process_num)")) {
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
}

function countCopies(numprocs: number, section: RawSection, context: SectionContext): number {
  context.processes += Math.max(0, numprocs);
  if (context.processes <= MOST_PROCESSES) return numprocs;
  // Counted once: what comes after it is read on without its copies.
  context.processes -= numprocs;
  const message = `expected at most ${MOST_PROCESSES} processes in all, and with this there would be more`;
  context.problems.push(problemIn(section, "numprocs", message));
  return 0;
}

/** Read before all others, as these may use the environment. */
const filesOption = { environment_file: processOptions.environment_file };
const environmentOption = { environment: processOptions.environment };
const otherOptions: Omit<typeof processOptions, "environment" | "environment_file"> = (() => {
  const { environment, environment_file, ...others } = processOptions;
  return others;
})();

type Numbers = Readonly<Record<"numprocs" | "process_num", number>>;

/** Reads the copies of a program; what is the same for all of them is read once. */
function copyReader(spec: ProgramSpec, known: Known, context: SectionContext) {
  const { section, name: program } = spec;
  const names = "process";
  const only = new Set<string>();
  for (const [option, { text }] of section.values) if (text.includes("%")) only.add(option);
  let onto: Values<typeof otherOptions> | undefined;
  return (numbers: Numbers) => {
    const numbered: Known = { ...known, values: { ...known.values, ...numbers } };
    const files = readOptions(filesOption, { section, known: numbered, names }, context);
    const fromFiles = context.environmentFiles.read(section, files.environment_file, known.cwd);
    const withFiles: Known = { ...numbered, own: fromFiles };
    const given = readOptions(environmentOption, { section, known: withFiles, names }, context);
    const own = { ...fromFiles, ...given.environment };
    const withOwn: Known = { ...numbered, own };
    const again = onto && { only, onto };
    onto = readOptions(
      otherOptions,
      { section, known: withOwn, names, ...(again && { again }) },
      context,
    );
    const { process_name, ...values } = onto;
    const name = process_name?.trim() || program;
    if (/[ :/\0]/.test(name)) {
      const message = `expected a name without spaces, colons and slashes, got ${quote(name)}`;
      context.problems.push(problemIn(section, "process_name", message));
    }
    return { ...values, ...files, environment: own, name };
  };
}
