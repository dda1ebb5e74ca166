import { type LintFacts, lint } from "../../../src/config/lint/lint.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Problem } from "../../../src/config/problems.ts";
import { inMemory, machine } from "../../support/configuration.ts";

/** A machine of an ordinary user with every command and folder, on which all may be written. */
const ordinary: LintFacts = {
  uid: 1001,
  mode: () => undefined,
  isDirectory: () => true,
  isWritable: () => true,
  commandFault: () => undefined,
  defaultRundir: "/run/drover",
};

/** What the linter says of `[supervisord]` and this text. */
export function problemsOf(body: string, facts: Partial<LintFacts> = {}): Problem[] {
  const file = "/srv/app/drover.conf";
  const reader = inMemory({
    [file]: body.includes("[supervisord]") ? body : `[supervisord]\n${body}`,
  });
  // No folder has a comma in its name: a list of logs is none.
  const isDirectory = (path: string) => path !== file && !path.includes(",");
  const anywhere = { ...machine, isDirectory };
  return lint(loadConfig(file, reader, anywhere), { ...ordinary, ...facts });
}

/** The same as `rule option`, sorted. */
export const rulesFor = (body: string, facts?: Partial<LintFacts>): string[] =>
  problemsOf(body, facts)
    .map(({ rule, option }) => `${rule} ${option}`)
    .sort();

export const program = (command: string, ...lines: string[]): string =>
  ["[program:a]", `command=${command}`, ...lines, ""].join("\n");
