import type { Program } from "./rule.ts";
import { assignment, operator, variable, variables, writtenWords } from "./writtenwords.ts";

/**
 * A command that was written for a shell, as the lines of options that do the same without one.
 * @param text passwords in it are hidden already
 * @returns undefined when it takes a shell
 */
export function asOptions(text: string, program: Program): string | undefined {
  const words = writtenWords(text);
  if (words.at(-1) === "&") words.pop();
  const directory = takeDirectory(words);
  if (words[0] === "exec") words.shift();
  const environment = takeAssignments(words);
  if (!environment) return undefined;
  if (words[0] === "exec") words.shift();
  const streams = takeRedirections(words);
  if (!streams || words.length === 0) return undefined;
  const lines = [
    ...(directory === undefined ? [] : [`directory=${directory}`]),
    ...(environment.length === 0 ? [] : [environmentLine(environment, program)]),
    `command=${words.join(" ")}`,
    ...streams,
  ].map((line) => withoutVariables(line.replace(/^(\w+=)~\//, `$1${homeOf(program)}/`)));
  return lines.some(needsShell) ? undefined : lines.join("\n");
}

const homeOf = ({ first }: Program): string => first.user?.home ?? "%(ENV_HOME)s";

/** `cd FOLDER &&` and `cd FOLDER;` */
function takeDirectory(words: string[]): string | undefined {
  const [command, folder = "", next] = words;
  if (command !== "cd" || /["'\\]/.test(folder)) return undefined;
  const ended = folder.endsWith(";");
  if (!ended && next !== "&&" && next !== ";") return undefined;
  words.splice(0, ended ? 2 : 3);
  return ended ? folder.slice(0, -1) : folder;
}

/** @returns undefined when a value cannot be written in `environment=` */
function takeAssignments(words: string[]): string[] | undefined {
  const pairs: string[] = [];
  for (let word = words[0]; word !== undefined; word = words[0]) {
    const [, name, value = ""] = assignment.exec(word) ?? [];
    if (name === undefined) break;
    const [, , inner] = /^(["'])([^"'\\]*)\1$/.exec(value) ?? [];
    if (inner === undefined && /["'\\]/.test(value)) return undefined;
    pairs.push(`${name}="${inner ?? value}"`);
    words.shift();
  }
  return pairs;
}

function environmentLine(pairs: readonly string[], { section }: Program): string {
  const others = section.values.has("environment") ? ["…"] : [];
  return `environment=${[...others, ...pairs].join(",")}`;
}

/** @returns the options for the streams; undefined when there is more than redirections */
function takeRedirections(words: string[]): string[] | undefined {
  const lines: string[] = [];
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? "";
    const [, from, joined = ""] = /^(1?>>?|2>>?|&>>?|<)(?!&)(.*)$/.exec(word) ?? [];
    if (word === "2>&1") {
      lines.push("redirect_stderr=true");
      words.splice(at, 1);
    } else if (from !== undefined) {
      const file = joined || (words[at + 1] ?? "");
      const options = redirected(from, file);
      if (!options) return undefined;
      lines.push(...options);
      words.splice(at, joined === "" ? 2 : 1);
    } else if (operator.test(word) || /^[^"'\\]+;$/.test(word)) return undefined;
    else at++;
  }
  return lines;
}

function redirected(from: string, file: string): string[] | undefined {
  if (file === "" || /["'\\]/.test(file)) return undefined;
  // A child has no input but what the daemon is asked to send it.
  if (from === "<") return file === "/dev/null" ? [] : undefined;
  const stream = from.startsWith("2") ? "stderr" : "stdout";
  const log = `${stream}_logfile=${file === "/dev/null" ? "NONE" : file}`;
  return from.startsWith("&") ? [log, "redirect_stderr=true"] : [log];
}

const builtins =
  /^command=(?:cd|source|\.|export|eval|ulimit|umask|while|until|for|if|trap)(?:\s|$)/;

const needsShell = (line: string): boolean => {
  const open = line.replaceAll(/'[^']*'|\\./gs, "");
  const glob = /^command=[^"']*\*/.test(open) && !/%\(/.test(open);
  return builtins.test(line) || variable.test(open) || /\$\(|`/.test(open) || glob;
};

const withoutVariables = (line: string): string =>
  line.replaceAll(/'[^']*'|[^']+/g, (part) =>
    part.startsWith("'")
      ? part
      : part.replaceAll(variables, (_, braced, plain) => `%(ENV_${braced ?? plain})s`),
  );
