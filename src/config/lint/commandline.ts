import path from "node:path";
import { BadValue } from "../problems.ts";
import { splitCommand } from "../shlex.ts";
import { lastPipeline, readScript, type Script } from "./shell.ts";

/** A `command=` taken apart: what in the end does the work, and what stands before it. */
export interface CommandLine {
  /** Name of the program that does the work, without its folder: `artisan`, `celery`, `nginx`. */
  program: string;
  /** The words after it. */
  args: readonly string[];
  /** Variables that the command line itself sets, as `env A=1 worker` does. */
  environment: Readonly<Record<string, string>>;
  /** Programs that start it and may stay in front of it, outermost first, with words of their own. */
  launchers: readonly { name: string; words: readonly string[] }[];
  /** The outermost shell that runs a script given on the command line. */
  shell?: { name: string; option: string; script: Script };
}

interface LauncherRow {
  /** Its options that take the next word. */
  valued?: readonly string[];
  /** How many words of its own come before the command: the user of `gosu`. */
  own?: number;
  /** The subcommand after which the command begins. */
  after?: string;
}

/** Programs that run the command they are given. */
const launcherRows: Readonly<Record<string, LauncherRow>> = {
  env: { valued: ["-u", "--unset", "-C", "--chdir"] },
  nice: { valued: ["-n", "--adjustment"] },
  ionice: { valued: ["-c", "-n", "--class", "--classdata"] },
  nohup: {},
  exec: { valued: ["-a"] },
  stdbuf: { valued: ["-i", "-o", "-e"] },
  timeout: { valued: ["-s", "-k", "--signal", "--kill-after"], own: 1 },
  setsid: {},
  flock: { valued: ["-w", "-E", "--timeout"], own: 1 },
  taskset: { own: 1 },
  setpriv: { valued: ["--reuid", "--regid", "--groups"] },
  gosu: { own: 1 },
  "su-exec": { own: 1 },
  chpst: { valued: ["-u", "-U", "-e", "-n", "-m", "-o"] },
  tini: { valued: ["-p", "-e"] },
  "dumb-init": {},
  sudo: { valued: ["-u", "-g", "-h", "-p", "-C", "-D", "--user", "--group"] },
  runuser: { valued: ["-u", "-g", "--user", "--group"] },
  bundle: { after: "exec" },
  poetry: { after: "run" },
  pipenv: { after: "run" },
  uv: { after: "run" },
  pdm: { after: "run" },
  conda: { after: "run", valued: ["-n", "-p", "--name", "--prefix"] },
  "newrelic-admin": { after: "run-program" },
  "ddtrace-run": {},
  "opentelemetry-instrument": {},
  "xvfb-run": { valued: ["-s", "-n", "-e", "-f", "--server-args", "--server-num"] },
};

const shells = /^(?:sh|bash|dash|ash|zsh|ksh)$/;
const interpreters = /^(?:python|pypy|ruby|php|node|perl)[\d.]*$/;
const assignment = /^([A-Za-z_]\w*)=(.*)$/s;

/** @returns undefined when the text is no command line */
export function readCommand(text: string): CommandLine | undefined {
  try {
    return unwrap(splitCommand(text));
  } catch (error) {
    if (error instanceof BadValue) return undefined;
    throw error;
  }
}

function unwrap(given: readonly string[]): CommandLine {
  const found = { environment: {} as Record<string, string>, launchers: [] as Launcher[] };
  let shell: CommandLine["shell"];
  let words = given;
  for (;;) {
    words = takeAssignments(words, found.environment);
    const name = baseName(words[0]);
    const script = scriptOf(name, words);
    if (script !== undefined) {
      const read = readScript(script);
      const option = words[scriptOption(words)] ?? "-c";
      if (shells.test(name)) shell ??= { name, option, script: read };
      else found.launchers.push({ name, words });
      // Which command of a loop or a condition does the work cannot be told.
      words = read.compound ? [] : splitCommand(lastPipeline(read)[0]?.text ?? "");
      continue;
    }
    const rest = commandOf(name, words);
    if (rest === undefined) break;
    found.launchers.push({ name, words: words.slice(0, words.length - rest.length) });
    words = rest;
  }
  return { ...programOf(words), ...found, ...(shell && { shell }) };
}

type Launcher = CommandLine["launchers"][number];

const baseName = (word = ""): string => path.posix.basename(word);

function takeAssignments(
  words: readonly string[],
  environment: Record<string, string>,
): readonly string[] {
  const count = words.findIndex((word) => !assignment.test(word));
  const own = count < 0 ? words.length : count;
  for (const word of words.slice(0, own)) {
    const [, key = "", value = ""] = assignment.exec(word) ?? [];
    environment[key] = value;
  }
  return words.slice(own);
}

/** The script of `bash -lc "..."` and `su web -c "..."`. */
function scriptOf(name: string, words: readonly string[]): string | undefined {
  if (shells.test(name)) return words[scriptOption(words) + 1];
  if (name !== "su" && name !== "runuser") return undefined;
  return flagValue(words, "-c", "--command");
}

/** Where the `-c` of a shell is; its number of words when it is given none. */
function scriptOption(words: readonly string[]): number {
  for (let at = 1; /^[-+]./.test(words[at] ?? ""); at++) {
    if (/^-[a-z]*c$/.test(words[at] ?? "")) return at;
    // -o pipefail
    if (/^[-+][a-z]*o$/i.test(words[at] ?? "")) at++;
  }
  return words.length;
}

/** The command that a launcher is given; undefined when the program is none. */
function commandOf(name: string, words: readonly string[]): readonly string[] | undefined {
  const row = Object.hasOwn(launcherRows, name) ? launcherRows[name] : undefined;
  if (!row) return undefined;
  let at = 1;
  if (row.after !== undefined) {
    at = words.indexOf(row.after) + 1;
    if (at === 0) return undefined;
  }
  while (words[at]?.startsWith("-")) {
    const word = words[at++] ?? "";
    if (word === "--") break;
    if (row.valued?.includes(word)) at++;
  }
  return words.slice(at + (row.own ?? 0));
}

/** An interpreter is not what does the work, the script that it runs is. */
function programOf(words: readonly string[]): { program: string; args: readonly string[] } {
  const name = baseName(words[0]);
  if (!interpreters.test(name)) return { program: name, args: words.slice(1) };
  const module = words[1] === "-m" || words[2] === "-m" ? words.indexOf("-m") + 1 : 0;
  const script = words.findIndex((word, at) => at > 0 && !/^-|^[\w.]+=/.test(word));
  const at = module > 0 ? module : script;
  if (at < 0) return { program: name, args: words.slice(1) };
  return { program: baseName(words[at]), args: words.slice(at + 1) };
}

/**
 * The value of the first of the options that is there: `--time=5`, `--time 5`, `-t 5`, `-t5`.
 * @returns "" for an option that stands last and has none
 */
export function flagValue(words: readonly string[], ...flags: string[]): string | undefined {
  for (const [at, word] of words.entries()) {
    for (const flag of flags) {
      if (word === flag) return words[at + 1] ?? "";
      if (word.startsWith(`${flag}=`)) return word.slice(flag.length + 1);
      if (flag.length === 2 && word.startsWith(flag) && /^\d/.test(word.slice(2))) {
        return word.slice(2);
      }
    }
  }
  return undefined;
}

/** The first of the options that is there, as it should be named to people. */
export const findFlag = (words: readonly string[], flags: readonly string[]): string | undefined =>
  flags.find((flag) => flagValue(words, flag) !== undefined);
