import path from "node:path";
import leven from "leven";

/** Where a thing stands in the configuration. Lines count from 1; 0 when there is no one line. */
export interface Place {
  file: string;
  line: number;
}

export interface Problem extends Place {
  severity: "error" | "warning";
  section?: string;
  option?: string;
  /** What was expected and what came, as one line. */
  message: string;
  /** The linter's rule that found it. */
  rule?: string;
  /** What it does to those who run it, as one sentence. */
  why?: string;
  /** What to write in its place. */
  instead?: string;
}

/** `conf.d/mail.ini:12 [program:mail] startsecs: expected whole seconds such as 10, got "soon"` */
export function formatProblem({ file, line, section, option, message }: Problem): string {
  const place = line > 0 ? `${file}:${line}` : file;
  const named = [section && `[${section}]`, option].filter(Boolean).join(" ");
  return named ? `${place} ${named}: ${message}` : `${place}: ${message}`;
}

/** The name of a file as one would type it in `cwd`, where that is shorter. */
export function fileSeenFrom(cwd: string, file: string): string {
  const relative = path.relative(cwd, file);
  return path.isAbsolute(file) && relative !== "" && !relative.startsWith("..") ? relative : file;
}

/** A problem with the name of its file as one would type it in `cwd`. */
export const seenFrom = (cwd: string, problem: Problem): Problem => ({
  ...problem,
  file: fileSeenFrom(cwd, problem.file),
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A configuration that cannot be used, with everything that is wrong with it, in its order. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = inOrder(problems);
    super(sorted.map(formatProblem).join("\n"));
    this.problems = sorted;
  }
}

/** Nobody reads more, and a file that is no configuration has a mistake in every line. */
const MOST_PROBLEMS = 1_000;

export const isEnough = (problems: readonly Problem[]): boolean => problems.length >= MOST_PROBLEMS;

const hasError = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === "error");

/** Whether to read no further: what has only warnings, however many, is run, and whole. */
export const isHopeless = (problems: readonly Problem[]): boolean =>
  isEnough(problems) && hasError(problems);

/** By file and line, and each once: a program that is in two groups is read twice. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort((a, b) => compare(a.file, b.file) || a.line - b.line);
}

/** @returns what is not an error @throws ConfigError with everything, when something is */
export function refuseErrors(problems: readonly Problem[]): Problem[] {
  if (hasError(problems)) throw new ConfigError(problems);
  return inOrder(problems);
}

/** Thrown by value kinds: the text is not one of theirs. `expected` reads "expected ..., got ...". */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

export const badValue = (expected: string, given: string): BadValue =>
  new BadValue(`expected ${expected}, got ${quote(given)}`);

const LONGEST_SHOWN = 120;

/** As shown in messages: quoted, on one line, and never longer than a person reads. */
export function quote(text: string): string {
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return JSON.stringify(shown);
}

/** `; did you mean "startsecs"?`, or nothing when no known name is near. */
export function suggest(name: string, known: Iterable<string>): string {
  const farthest = Math.min(3, Math.floor(name.length / 3) + 1);
  const letters = name.length > LONGEST_SHOWN ? "" : sorted(name);
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > farthest) continue;
    const edits = leven(name, candidate, { maxDistance: farthest + 1 });
    // Letters that only swapped places count less than wrong ones.
    const distance = edits > 0 && sorted(candidate) === letters ? edits - 0.5 : edits;
    if (distance <= farthest && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { candidate, distance };
    }
  }
  return best ? `; did you mean ${quote(best.candidate)}?` : "";
}

const sorted = (word: string): string => [...word].sort().join("");
