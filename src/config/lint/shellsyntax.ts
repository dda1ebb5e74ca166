import path from "node:path";
import { masked } from "../masking.ts";
import type { RawSection } from "../raw.ts";
import { splitCommand } from "../shlex.ts";
import { readCommand } from "./commandline.ts";
import type { LintFacts } from "./lint.ts";
import { asOptions } from "./rewriting.ts";
import {
  eachProgram,
  type Finding,
  type Fleet,
  type Program,
  type Rule,
  shownCommand,
} from "./rule.ts";
import { staysInFront } from "./shell.ts";
import { withExec } from "./stopping.ts";
import { assignment, operator, variable, variables, writtenWords } from "./writtenwords.ts";

/** Something of the shell's in a command that no shell reads. */
interface ShellSyntax {
  message: string;
  /** It is where the name of the program should be. */
  leads: boolean;
}

export const shellSyntaxRules: readonly Rule[] = [
  {
    id: "shell-syntax",
    doc: "No shell reads a command or an environment=: operators, $VAR, ~ and the like mean nothing in them.",
    check: (fleet) => [...inCommands(fleet), ...inEnvironments(fleet)],
  },
];

const inCommands: Rule["check"] = (fleet) =>
  eachProgram((program) => {
    const found = shellSyntaxOf(program, fleet.facts);
    if (!found) return undefined;
    return {
      section: program.section,
      option: "command",
      message: `${found.message}: no shell reads this command`,
      why: found.leads
        ? "It never starts: there is no program of that name."
        : "The program gets it as it stands, among its arguments: it fails, or does something else than was meant.",
      instead: asOptions(scriptOf(program), program) ?? inShell(scriptOf(program)),
    };
  })(fleet);

export function shellSyntaxOf(program: Program, facts: LintFacts): ShellSyntax | undefined {
  const text = program.section.values.get("command")?.text ?? "";
  const words = writtenWords(text);
  const leading = leadingSyntax(words, program, facts);
  if (leading !== undefined) return { message: leading, leads: true };
  const at = words.findIndex((word) => variableIn(word, words) !== undefined);
  const message = operatorIn(words) ?? variableIn(words[at] ?? "", words) ?? globIn(words, program);
  return message === undefined ? undefined : { message, leads: at === 0 };
}

const builtins = /^(?:cd|source|\.|export|exec|eval|ulimit|umask|while|until|for|if|trap)$/;

function leadingSyntax(
  words: readonly string[],
  program: Program,
  facts: LintFacts,
): string | undefined {
  const [first = ""] = words;
  const [, name] = assignment.exec(first) ?? [];
  if (name !== undefined) return `${name}=… before the program sets no variable`;
  if (builtins.test(first)) return `${first} is a word of the shell's own`;
  if (/^~[\w-]*\//.test(first)) return "~ stands for no folder";
  if (!/^["']/.test(first) && /[*?]/.test(first)) return "* and ? stand for no files";
  const [word = "", ...others] = splitCommand(program.first.command);
  if (others.length > 0 || !/\S\s+\S/.test(word) || !/^["']/.test(first)) return undefined;
  // A path may have spaces in it.
  if (word.includes("/") && facts.mode(word) !== undefined) return undefined;
  return "the quotes make one word of the whole command";
}

function operatorIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word, at) => {
    // What ends the command joins it to nothing, and may well be an argument.
    if (at === 0 || (at === words.length - 1 && /^(?:\|\|?|&&|<|\d?>>?)$/.test(word))) return false;
    return operator.test(word) || (at < words.length - 1 && /^[^"'\\]+;$/.test(word));
  });
  const found = words[at];
  if (found === undefined) return undefined;
  return `${found.endsWith(";") ? ";" : found} is only one more word`;
}

/** What reads a word as a script of its own, or as a text in which $ means something else. */
const evaluators =
  /^(?:su|runuser|ssh|watch|eval|perl|php[\d.]*|ruby|[gm]?awk|parallel|xargs|envsubst|mongo(?:sh)?|make|expect)$/;
const shells = /^(?:sh|bash|dash|ash|zsh|ksh|fish|busybox)$/;

function variableIn(word: string, words: readonly string[]): string | undefined {
  // What looks like a password may well have a $ in it.
  const before = words[words.indexOf(word) - 1] ?? "";
  if (masked(`${before} ${word}`) !== `${before} ${word}` || /^".*\s/s.test(word)) return undefined;
  const open = word.replaceAll(/'[^']*'|\\./gs, "");
  const found = variable.exec(open);
  if (!found && !/\$\((?!\()|`/.test(open)) return undefined;
  const names = words.map((one) => path.posix.basename(one));
  if (names.some((name) => shells.test(name)) && words.some((one) => /^-[a-z]*c$/.test(one))) {
    return undefined;
  }
  if (names.some((name) => evaluators.test(name))) {
    const quoted = /["']/.test(word);
    // An option of an interpreter is no script of its.
    if (quoted || !names.some((name) => /^(?:php[\d.]*|ruby|perl)$/.test(name))) return undefined;
  }
  // Spring and the like read ${...} in their arguments themselves.
  if (found?.[0].startsWith("${") && names.some((name) => name === "java")) return undefined;
  return found ? `${found[0]} stands for no variable` : "$(…) and `…` run no command";
}

/** Programs to which a name with a * in it is a file that is not there. */
const openers = /^(?:tail|cat|multitail|cp|mv|rm|chown|chmod)$/;

function globIn(words: readonly string[], { command }: Program): string | undefined {
  const jar = words.indexOf("-jar") + 1;
  const named = openers.test(command?.program ?? "") ? words : words.slice(jar, jar && jar + 1);
  const found = named.some((word) => !/["'\\]/.test(word) && word.includes("*"));
  return found && !command?.shell ? "* stands for no files" : undefined;
}

/** What was meant as a script: without the quotes around all of it, or the shell before it. */
function scriptOf(program: Program): string {
  const shown = shownCommand(program);
  const words = writtenWords(shown);
  const [, , inner] = /^(["'])(.*)\1$/s.exec(shown) ?? [];
  if (inner !== undefined && words.length === 1) return inner;
  const [shell = "", option = "", script = ""] = words;
  const isBare = shells.test(path.posix.basename(shell)) && /^-[a-z]*c$/.test(option);
  if (!isBare || /^["']/.test(script)) return shown;
  return shown.slice(shown.indexOf(option) + option.length).trim();
}

/** The script as the command of a shell, which gives its place to the program where it can. */
function inShell(script: string): string {
  const quote = ["'", '"'].find((one) => !script.includes(one));
  // In double quotes supervisord, unlike the shell, takes only \" and \\ for something else.
  if (quote === undefined || (quote === '"' && script.includes("\\"))) {
    return "command= the path of a script that has these lines, and exec before the last";
  }
  const shell = /\bsource\s|\[\[|&>/.test(script) ? "bash" : "sh";
  const written = `${shell} -c ${quote}${script}${quote}`;
  const read = readCommand(written)?.shell;
  if (!read) return `command=${written}`;
  if (staysInFront(read.script, read.name) === "never") return `command=${written}`;
  // What is done after a failure is not what the script is there for.
  const isPlain = !read.script.compound && read.script.commands.at(-2)?.end !== "||";
  const replaced = isPlain ? withExec(written) : undefined;
  return replaced ? `command=${replaced}` : `command=${written}\nstopasgroup=true`;
}

function inEnvironments({ config, programs }: Fleet): Finding[] {
  const main = config.sections.get("supervisord");
  const all = programs.map(({ section, first }) => ({ section, of: first.environment }));
  if (main) all.push({ section: main, of: config.supervisord.environment });
  const findings = all.flatMap(({ section, of }) => inEnvironment(section, of) ?? []);
  // What several programs inherit stands in one place.
  const placeOf = ({ section, option }: Finding) => {
    const { file, line } = section.values.get(option) ?? section;
    return `${file}\0${line}`;
  };
  return [...new Map(findings.toReversed().map((found) => [placeOf(found), found])).values()];
}

/** Variables that people add something to, or begin a path with. */
const wellKnown =
  /(?<=^|[:=])\$(?:\{(?:PATH|HOME|PWD|USER|[A-Z_]*PATH)\}|(?:PATH|HOME|PWD|USER|[A-Z_]*PATH)(?![A-Za-z_]))/;

function inEnvironment(
  section: RawSection,
  environment: Readonly<Record<string, string>>,
): Finding | undefined {
  const written = section.values.get("environment");
  if (!written) return undefined;
  for (const [key, value] of Object.entries(environment)) {
    const found = wellKnown.exec(value)?.[0];
    if (found === undefined || !written.text.includes(found)) continue;
    return {
      section,
      option: "environment",
      message: `${found} in ${key} stands for no variable: no shell reads this`,
      why: "The program gets the characters themselves, and finds nothing where they are to lead.",
      instead: `${key}="${masked(`${key}=${value.replaceAll(variables, placeholder)}`).slice(key.length + 1)}"`,
    };
  }
  return undefined;
}

const placeholder = (_: string, braced: string, plain: string): string =>
  `%(ENV_${braced ?? plain})s`;
