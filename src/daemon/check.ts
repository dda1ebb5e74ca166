import { lint } from "../config/lint/lint.ts";
import type { Overrides } from "../config/load.ts";
import {
  ConfigError,
  fileSeenFrom,
  formatProblem,
  inOrder,
  type Problem,
  seenFrom,
} from "../config/problems.ts";
import { commandFault, isWritable, mayBeDirectory, modeOf } from "../os/access.ts";
import { machine } from "../os/machine.ts";
import { defaultRundir } from "../os/rundir.ts";
import type { CommandLine } from "./flags.ts";
import { findSource, readSource, type Source } from "./source.ts";

interface Findings {
  problems: readonly Problem[];
  programs: number;
  processes: number;
}

/** `droverd check`: what is wrong with a configuration, and what in it will hurt one day. */
export function check({ configuration, overrides, strict, json }: CommandLine): {
  output: string;
  exitCode: number;
} {
  const { source, ...findings } = find(configuration, overrides);
  const errors = count(findings, "error");
  const warnings = count(findings, "warning");
  const exitCode = errors > 0 ? 2 : warnings > 0 && strict ? 1 : 0;
  return { output: json ? asJson(findings) : asText(source, findings), exitCode };
}

function find(
  configuration: string | undefined,
  overrides: Overrides,
): Findings & { source: Source } {
  const source = findSource(configuration, overrides);
  try {
    const config = readSource(source);
    const traps = lint(config, {
      uid: machine().uid,
      mode: modeOf,
      isDirectory: mayBeDirectory,
      isWritable,
      commandFault,
      defaultRundir: defaultRundir(),
    });
    const processes = config.groups.flatMap((group) => group.processes);
    return {
      source,
      problems: inOrder([...config.warnings, ...traps]),
      programs: new Set(processes.map(({ section }) => section)).size,
      processes: processes.length,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { source, problems: error.problems, programs: 0, processes: 0 };
  }
}

const count = ({ problems }: Findings, wanted: Problem["severity"]): number =>
  problems.filter(({ severity }) => severity === wanted).length;

function asText({ file, cwd }: Source, findings: Findings): string {
  const lines = findings.problems.flatMap((problem) => [
    `${problem.severity}: ${formatProblem(seenFrom(cwd, problem))}${problem.rule ? ` [${problem.rule}]` : ""}`,
    ...(problem.why ? [`    why: ${problem.why}`] : []),
    ...(problem.instead ? [`    write: ${problem.instead.replaceAll("\n", "\n           ")}`] : []),
  ]);
  const { programs, processes } = findings;
  const counted = [
    plural(count(findings, "error"), "error"),
    plural(count(findings, "warning"), "warning"),
  ];
  const fleet = `${plural(programs, "program")}, ${plural(processes, "process", "processes")}`;
  return [...lines, `${fileSeenFrom(cwd, file)}: ${fleet}; ${counted.join(", ")}`, ""].join("\n");
}

const plural = (n: number, word: string, words = `${word}s`): string =>
  `${n} ${n === 1 ? word : words}`;

/** One object; keys that do not apply are null, so that every problem has the same ones. */
function asJson(findings: Findings): string {
  const { programs, processes } = findings;
  const problems = findings.problems.map((problem) => ({
    severity: problem.severity,
    rule: problem.rule ?? null,
    file: problem.file,
    line: problem.line,
    section: problem.section ?? null,
    option: problem.option ?? null,
    message: problem.message,
    why: problem.why ?? null,
    instead: problem.instead ?? null,
  }));
  const counts = { errors: count(findings, "error"), warnings: count(findings, "warning") };
  return `${JSON.stringify({ programs, processes, ...counts, problems }, undefined, 2)}\n`;
}
