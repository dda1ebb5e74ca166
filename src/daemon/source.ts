import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import type { Config } from "../config/config.ts";
import { type Changes, loadConfig, type Overrides } from "../config/load.ts";
import { ConfigError, formatProblem, type Problem, seenFrom } from "../config/problems.ts";
import { searchPaths } from "../config/search.ts";
import { glob } from "../os/glob.ts";
import { machine } from "../os/machine.ts";
import { defaultRundir } from "../os/rundir.ts";
import { readText } from "../os/text.ts";
import { StartError } from "./errors.ts";
import { ScaleFile } from "./scales.ts";

/** Where a configuration comes from. */
export interface Source {
  /** A file or a folder, absolute. */
  file: string;
  overrides: Overrides;
  /** What its relative paths are relative to: the folder droverd was started in. */
  cwd: string;
}

/** Distinguishes daemons that share a run folder. */
export const instanceOf = (file: string): string =>
  createHash("sha256").update(path.resolve(file)).digest("hex").slice(0, 12);

export const scaleFileOf = (file: string, rundir = defaultRundir()): ScaleFile =>
  new ScaleFile(path.join(rundir, `${instanceOf(file)}.scale`));

/** @throws StartError when none is given, and naming where was looked */
export function findSource(given: string | undefined, overrides: Overrides): Source {
  if (given === "") throw new StartError("Error: -c needs the path of a file or a folder", 2);
  const cwd = process.cwd();
  const file = given === undefined ? search(cwd) : path.resolve(cwd, given);
  return { file, overrides, cwd };
}

function search(cwd: string): string {
  const paths = searchPaths(cwd, process.argv[1] ?? "");
  const found = paths.find((candidate) => existsSync(candidate));
  if (found === undefined) {
    throw new StartError(
      `Error: No config file found at default paths (${paths.join(", ")}); ` +
        "use the -c option to specify a config file at a different path\n" +
        "For help, use droverd -h",
      2,
    );
  }
  // Whoever may write to one of those places says what root runs.
  if (process.getuid?.() === 0) {
    console.error(
      "droverd runs as root and has searched for its configuration, also in the working " +
        `directory, and found ${found}; for safety name it: droverd -c ${found}`,
    );
  }
  return found;
}

/** @throws ConfigError */
export const readSource = (source: Source): Config => read(source, {});

function read({ file, overrides, cwd }: Source, changes: Changes): Config {
  const reader = { read: readText, glob };
  return loadConfig(file, reader, { ...machine(), cwd }, { overrides, ...changes });
}

export interface HowToRead {
  /** As `droverctl scale` has scaled it, and not as it is written. */
  isScaled?: boolean;
  /** How many copies programs are to have in any case, by their names. */
  surges?: ReadonlyMap<string, number>;
}

/**
 * @throws StartError with every problem of the configuration, for those who read the terminal or the log
 */
export function loadSource(
  source: Source,
  { isScaled = true, surges = new Map() }: HowToRead = {},
): Config {
  const scaled = (rundir: string | undefined) => {
    const lasting = isScaled ? scaleFileOf(source.file, rundir).read() : new Map();
    return new Map([...lasting, ...surges]);
  };
  try {
    return read(source, { scaled });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new StartError(describe(error.problems, source.cwd), 2, { cause: error });
  }
}

/** A line each; among several the warnings are marked: it is the others that must be mended. */
function describe(problems: readonly Problem[], cwd: string): string {
  const lines = problems.map((problem) => {
    const mark = problem.severity === "warning" ? "warning: " : "";
    return `${mark}${formatProblem(seenFrom(cwd, problem))}`;
  });
  const [first, ...others] = lines;
  return others.length === 0
    ? `Error: ${first}`
    : `Error: the configuration cannot be used:\n${lines.join("\n")}`;
}
