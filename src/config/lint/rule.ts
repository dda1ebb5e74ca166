import type { Config, ProcessConfig } from "../config.ts";
import { masked } from "../masking.ts";
import type { RawSection } from "../raw.ts";
import { type CommandLine, readCommand } from "./commandline.ts";
import type { LintFacts } from "./lint.ts";

/** Something that runs, and will hurt one day. */
export interface Finding {
  section: RawSection;
  /** The option to change; it need not be set. */
  option: string;
  message: string;
  /** One sentence: what goes wrong in production. */
  why: string;
  /** The line or lines to write. */
  instead: string;
}

/** A program: its copies differ only in what `%(process_num)d` gives. */
export interface Program {
  section: RawSection;
  /** The copy that stands for all of them. */
  first: ProcessConfig;
  processes: readonly ProcessConfig[];
  /** undefined when the command cannot be split into words. */
  command: CommandLine | undefined;
}

/** What the rules look at. */
export interface Fleet {
  config: Config;
  programs: readonly Program[];
  facts: LintFacts;
}

/** One trap. */
export interface Rule {
  id: string;
  doc: string;
  check(fleet: Fleet): readonly Finding[];
}

/** A rule that looks at one program at a time, and never at one without a readable command. */
export const eachProgram =
  (check: (program: Program, command: CommandLine) => Finding | undefined): Rule["check"] =>
  ({ programs }) =>
    programs.flatMap((program) => (program.command && check(program, program.command)) ?? []);

/** Every program once, in the order of the files, also one in several groups, with all its copies. */
export function programsOf(config: Config): Program[] {
  const copies = new Map<RawSection, Map<string, ProcessConfig>>();
  for (const process of config.groups.flatMap(({ processes }) => processes)) {
    const known = copies.get(process.section) ?? new Map<string, ProcessConfig>();
    copies.set(process.section, known);
    if (!known.has(process.name)) known.set(process.name, process);
  }
  return [...config.sections.values()].flatMap((section) => {
    const processes = [...(copies.get(section)?.values() ?? [])];
    const [first] = processes;
    return first ? [{ section, first, processes, command: readCommand(first.command) }] : [];
  });
}

/** `[program:mail]` without the kind: what people call it. */
export const nameOf = ({ name }: RawSection): string => name.slice(name.indexOf(":") + 1);

/** The command as its file has it, for a line to write: no password is shown. */
export const shownCommand = ({ section }: Pick<Program, "section">): string =>
  masked((section.values.get("command")?.text ?? "").replaceAll(/\s*\n\s*/g, " ").trim());
