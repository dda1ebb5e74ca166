import type { Config } from "../config.ts";
import { inOrder, type Problem } from "../problems.ts";
import { problemIn } from "../raw.ts";
import { copyRules } from "./copies.ts";
import { logRules } from "./logs.ts";
import { needsRules } from "./needs.ts";
import { portRules } from "./ports.ts";
import { presenceRules } from "./presence.ts";
import { restartingRules } from "./restarting.ts";
import { programsOf, type Rule } from "./rule.ts";
import { securityRules } from "./security.ts";
import { serverRules } from "./servers.ts";
import { shellSyntaxRules } from "./shellsyntax.ts";
import { startingRules } from "./starting.ts";
import { stoppingRules } from "./stopping.ts";

/** What the rules may ask of the machine that the configuration is for. */
export interface LintFacts {
  uid: number;
  /** Permission bits; undefined when there is no such file. */
  mode(path: string): number | undefined;
  /** Also true where it cannot be told, inside a folder of somebody else. */
  isDirectory(path: string): boolean;
  /**
   * Why a command word cannot be run, in supervisord's words; undefined when it can, or when that
   * cannot be told.
   * @param searchPath undefined: that of whoever asks
   */
  commandFault(word: string, searchPath: string | undefined): string | undefined;
  /** The run folder where none is configured; the daemon makes it. */
  defaultRundir: string;
  /** @param as whom to ask for; undefined: the user that asks */
  isWritable(dirOrFile: string, as: { uid: number; gid: number } | undefined): boolean;
}

/** Every rule of `droverd check`. */
export const rules: readonly Rule[] = [
  ...shellSyntaxRules,
  ...presenceRules,
  ...restartingRules,
  ...stoppingRules,
  ...startingRules,
  ...needsRules,
  ...logRules,
  ...portRules,
  ...copyRules,
  ...serverRules,
  ...securityRules,
];

/**
 * What is allowed and will hurt one day, as warnings, in the order of the files. A trap is told once
 * for a program, not for each of its copies.
 */
export function lint(config: Config, facts: LintFacts): Problem[] {
  const fleet = { config, programs: programsOf(config), facts };
  const problems = rules.flatMap(({ id, check }) =>
    check(fleet).map(({ section, option, message, why, instead }) => ({
      ...problemIn(section, option, message, "warning"),
      rule: id,
      why,
      instead,
    })),
  );
  return inOrder(problems);
}
