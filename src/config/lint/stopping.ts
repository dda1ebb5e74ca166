import { formatMs, PRELUDE, type StopStep, stopAct, stopActs } from "../../process/policy.ts";
import type { SignalName } from "../../process/signals.ts";
import type { ProcessConfig } from "../config.ts";
import { type CommandLine, findFlag, readCommand } from "./commandline.ts";
import { eachProgram, nameOf, type Program, type Rule, shownCommand } from "./rule.ts";
import { lastPipeline, staysInFront } from "./shell.ts";
import { workTime } from "./workers.ts";

/** What a worker may still need once its job has had all its time. */
const MARGIN_SECONDS = 10;
const A_DAY = 86_400;

/** Variables by which programs are told how long a job or a graceful end may take. */
const timeVariables =
  /^(?:(?:JOB|TASK|GRACEFUL|SHUTDOWN|GRACEFUL_SHUTDOWN|CELERYD?_TASK)_(?:TIMEOUT|TIME_LIMIT)|MAX_JOB_TIME)(?:_SECONDS|_SECS|_MS)?$/;

export const stoppingRules: readonly Rule[] = [
  {
    id: "stop-cuts-jobs",
    doc: "A stop that comes to SIGKILL sooner than a job may take ends in the middle of a job.",
    check: eachProgram(({ section, first }, command) => {
      const environment = { ...first.environment, ...command.environment };
      const time = jobTime(first) ?? workTime(command) ?? declaredTime(environment);
      const patience = patienceOf(first);
      // What is killed at once is told of by another rule.
      if (!time || time.seconds <= patience || asksBy(first) === "SIGKILL") return undefined;
      const seconds = Math.ceil(time.seconds);
      const asked = first.stopcommand === undefined ? "signal" : "command";
      const [option, instead] = morePatient(first, seconds + MARGIN_SECONDS - patience);
      return {
        section,
        option,
        message:
          `${time.work} may take ${seconds} seconds (${time.source}), and SIGKILL comes ` +
          `${patience} seconds after the stop ${asked}`,
        why: "A deployment or a restart kills work halfway: it is lost, or done twice.",
        instead: `${option}=${instead}`,
      };
    }),
  },
  {
    id: "user-switch",
    doc: "sudo and su stand between the daemon and the program; user= does the same without them.",
    check: eachProgram((program, command) => {
      const found = command.launchers.find(({ name }) => /^(?:sudo|su|runuser)$/.test(name));
      if (!found) return undefined;
      return {
        section: program.section,
        option: "command",
        message: `${found.name} stays in front of the program and takes the signals meant for it`,
        why: "SIGKILL ends the wrapper only, and the worker goes on unseen next to the one that replaces it.",
        instead: `user=${switchedTo(found.name, found.words)}${unwrapped(program, command)}`,
      };
    }),
  },
  {
    id: "stop-leaves-children",
    doc: "A shell or another wrapper gets the stop signal, and the worker behind it does not.",
    check: eachProgram((program, command) => {
      const { stopasgroup, stoptree, stopcommand } = program.first;
      if (stopasgroup || stoptree || stopcommand !== undefined) return undefined;
      const wrapper = shellInFront(program, command) ?? wrapperInFront(command);
      if (!wrapper) return undefined;
      const group =
        program.first.killasgroup && !wrapper.exec ? "; killasgroup=true only helps SIGKILL" : "";
      return {
        section: program.section,
        option: "command",
        message: `${wrapper.name} stays in front of the worker and keeps the stop signal to itself${group}`,
        why: "Each stop leaves a worker behind that nobody watches, and the next start adds another.",
        instead: wrapper.exec ?? "stopasgroup=true",
      };
    }),
  },
  {
    id: "killed-at-once",
    doc: "A stop that begins with KILL leaves no time to finish anything.",
    check: eachProgram(({ section, first }, command) => {
      if (asksBy(first) !== "SIGKILL" || nothingToFinish.test(command.program)) return undefined;
      const [option, instead] = askingBy(first, "SIGTERM");
      return {
        section,
        option,
        message: `${nameOf(section)} is killed on every stop, and never asked to end`,
        why: "Each deployment breaks a job or a request in the middle, and leaves locks and half-written files.",
        instead: `${option}=${instead}`,
      };
    }),
  },
  {
    id: "reload-on-term",
    doc: "uWSGI reloads on SIGTERM; it ends on SIGQUIT, or on SIGTERM with --die-on-term.",
    check: eachProgram(({ section, first }, { program, args }) => {
      if (asksBy(first) !== "SIGTERM" || !/^uwsgi(?:-core|_python\d*)?$/.test(program))
        return undefined;
      if (args.some((word) => /^-*die-on-term\b/.test(word))) return undefined;
      const configured = args.some((word) => ownFile.test(word));
      // Without a master process there is nothing to reload.
      if (!configured && findFlag(args, ["--master", "-M", "--emperor"]) === undefined) {
        return undefined;
      }
      const unless = configured ? ", unless die-on-term is in its own configuration" : "";
      const [option, instead] = askingBy(first, "SIGQUIT");
      return {
        section,
        option,
        message: `uWSGI reloads on SIGTERM instead of ending${unless}`,
        why: "Every stop takes all its time and ends in SIGKILL, which leaves its workers behind with the port.",
        instead: `${option}=${instead}`,
      };
    }),
  },
];

const nothingToFinish = /^(?:tail|cat|sleep|true|yes|echo)$/;
/** What names a file with more options of uWSGI. */
const ownFile = /^(?:--(?:ini|yaml|json|xml|emperor)\b|-[xyj]$)|\.(?:ini|ya?ml|json|xml)$/;

interface Wrapper {
  name: string;
  /** The command that leaves no wrapper, where one can be written. */
  exec?: string;
}

function shellInFront(program: Program, { shell }: CommandLine): Wrapper | undefined {
  // What ends in `&` has no stop to speak of: another rule tells of it.
  if (!shell || shell.script.commands.at(-1)?.end === "&") return undefined;
  // A listener in shell is a loop around `read`: there is no worker behind it.
  if (program.section.name.startsWith("eventlistener:")) return undefined;
  const inFront = staysInFront(shell.script, shell.name);
  if (inFront === "never") return undefined;
  const name = `${shell.name} -c${inFront === "old" ? " (before bash 5.1)" : ""}`;
  const loop = scheduleLoop(program);
  if (loop !== undefined) return { name, exec: `command=${loop}` };
  const simple = !shell.script.compound && lastPipeline(shell.script).length === 1;
  const exec = simple ? withExec(shownCommand(program)) : undefined;
  return { name, ...(exec !== undefined && { exec: `command=${exec}` }) };
}

/** Laravel's scheduler in a loop with `sleep 60`, which it has a command for. */
function scheduleLoop(program: Program): string | undefined {
  const found = /([^\s("']*php[\d.]*\s+\S*artisan)\s+schedule:run\b/.exec(shownCommand(program));
  return found ? `${found[1]} schedule:work` : undefined;
}

/** `sh -c "cd /srv && php worker"` with `exec` before its last command. */
export function withExec(command: string): string | undefined {
  const script = /^(.*?\s-[a-z]*c\s+["'])(.*)$/s.exec(command);
  const [, before = "", text = ""] = script ?? [];
  if (before === "") return undefined;
  const last = Math.max(...["&&", "||", ";"].map((operator) => text.lastIndexOf(operator)));
  const start = last < 0 ? 0 : last + (text[last] === ";" ? 1 : 2);
  const lead = /^\s*(?:\w+=\S*\s+)*/.exec(text.slice(start))?.[0] ?? "";
  const at = start + lead.length;
  const written = `${before}${text.slice(0, at)}exec ${text.slice(at)}`;
  // An operator may stand inside quotes: what comes out must be what was meant.
  const read = readCommand(written)?.shell;
  return read && staysInFront(read.script, read.name) === "never" ? written : undefined;
}

/** Programs that run the worker as a child and do not hand signals on. */
const launching = /^(?:flock|xvfb-run|conda)$/;
const scriptRunners = /^(?:npm|yarn|pnpm|npx|mysqld_safe)$/;

function wrapperInFront({ program, launchers }: CommandLine): Wrapper | undefined {
  if (scriptRunners.test(program)) return { name: program };
  const launcher = launchers.find(({ name }) => launching.test(name));
  const replaces = launcher?.words.some((word) => word === "-F" || word === "--no-fork");
  return launcher && !replaces ? { name: launcher.name } : undefined;
}

function switchedTo(name: string, words: readonly string[]): string {
  const flag = words.findIndex((word) => word === "-u" || word === "--user");
  if (flag > 0) return words[flag + 1] ?? "NAME";
  if (name === "sudo") return "root";
  const valued = /^(?:-c|-s|-g|-G|-w|--command|--shell|--group)$/;
  const user = words.find(
    (word, at) => at > 0 && !word.startsWith("-") && !valued.test(words[at - 1] ?? ""),
  );
  return user ?? "root";
}

/** The command without the `sudo` that it begins with, as one more line to write. */
function unwrapped(program: Program, { launchers }: CommandLine): string {
  const [first] = launchers;
  const shown = shownCommand(program);
  if (first?.name !== "sudo" || /["'\\]/.test(shown)) return "";
  return `\ncommand=${shown.split(/\s+/).slice(first.words.length).join(" ")}`;
}

/** Seconds from the beginning of a stop to its first SIGKILL. */
function patienceOf(program: ProcessConfig): number {
  const acts = stopActs(program);
  const kill = acts.findIndex((act) => "signal" in act && act.signal === "SIGKILL");
  const asking = kill < 0 ? acts : acts.slice(0, kill);
  const quietMs = program.quietsignal ? stopAct(program, PRELUDE, "quiet").waitMs : 0;
  return asking.reduce((sum, { waitMs }) => sum + waitMs, quietMs) / 1_000;
}

/** The option that gives a stop so many seconds more, and its value: the first act waits longer. */
function morePatient(program: ProcessConfig, seconds: number): [option: string, value: string] {
  const { stopsequence = [], stopcommand, stopwaitsecs } = program;
  const [first, ...others] = stopsequence;
  if (!first || stopcommand !== undefined) {
    return ["stopwaitsecs", String(Math.ceil(stopwaitsecs + seconds))];
  }
  const waitMs = first.waitMs + Math.ceil(seconds) * 1_000;
  return ["stopsequence", written([{ ...first, waitMs }, ...others])];
}

/** A stop sequence as one would write it. */
function written(steps: readonly StopStep[]): string {
  const asking = steps.filter(({ signal }) => signal !== "SIGKILL");
  const words = asking.map(({ signal, waitMs }) => `${shortOf(signal)}:${formatMs(waitMs)}`);
  return [...words, "KILL"].join(" ");
}

const shortOf = (signal: SignalName): string => signal.slice("SIG".length);

/** The signal that a stop begins with; undefined when that is a command. */
function asksBy(program: ProcessConfig): SignalName | undefined {
  const act = stopAct(program, 0);
  return "signal" in act ? act.signal : undefined;
}

/** The option that says which signal a stop begins with, and its value with another one. */
function askingBy(program: ProcessConfig, signal: SignalName): [option: string, value: string] {
  const { stopsequence, stopwaitsecs } = program;
  if (!stopsequence) return ["stopsignal", shortOf(signal)];
  const [{ waitMs } = { waitMs: stopwaitsecs * 1_000 }, ...others] = stopsequence;
  return ["stopsequence", written([{ signal, waitMs }, ...others])];
}

/** What the program's own section says goes before what can be guessed. */
const jobTime = ({ job_time }: ProcessConfig) =>
  job_time === undefined
    ? undefined
    : { source: "job_time", work: "a job", seconds: job_time / 1_000 };

/** A time in the environment; none that nobody would wait for. */
function declaredTime(environment: Readonly<Record<string, string>>) {
  const found = Object.entries(environment)
    .filter(([name]) => timeVariables.test(name))
    .map(([name, value]) => ({ source: name, work: "a job", seconds: secondsOf(name, value) }))
    .filter(({ seconds }) => seconds > 0 && seconds <= A_DAY)
    .sort((a, b) => b.seconds - a.seconds);
  return found[0];
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

function secondsOf(name: string, value: string): number {
  const named = name.endsWith("_MS") ? "ms" : /_SEC(?:OND)?S$/.test(name) ? "s" : undefined;
  const [, digits = "", unit = named] = /^(\d+)(ms|s|m|min|h)?$/.exec(value) ?? [];
  const number = Number(digits);
  // Whole thousands without a unit are rather milliseconds: too little to go by.
  if (unit === undefined && number % 1000 === 0) return 0;
  return number * (unitSeconds[unit ?? "s"] ?? 1);
}
