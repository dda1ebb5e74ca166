import { masked } from "../masking.ts";
import { type CommandLine, findFlag } from "./commandline.ts";
import { departureOf } from "./daemons.ts";
import { eachProgram, type Program, type Rule, shownCommand } from "./rule.ts";
import type { Script } from "./shell.ts";

/** Programs that do one thing and end. */
const brief = /^(?:true|echo|printf|date|touch|mkdir|chown|chmod|cp|mv|rm|ln|alembic)$/;

/** Subcommands that do one thing and end, of the programs that have them. */
const briefSubcommands: readonly { program: RegExp; word: RegExp }[] = [
  {
    program: /^artisan$/,
    word: /^(?:migrate(?::\w+)?|db:seed|schedule:run|storage:link|optimize(?::\w+)?|(?:config|route|view|event|cache):(?:cache|clear)|horizon:terminate|queue:restart)$/,
  },
  {
    program: /^console$/,
    word: /^(?:doctrine:migrations:migrate|doctrine:schema:update|cache:(?:clear|warmup)|assets:install)$/,
  },
  {
    program: /^(?:rails|rake)$/,
    word: /^(?:db:(?:migrate|seed|prepare|setup)|assets:precompile)$/,
  },
  { program: /^manage\.py$/, word: /^(?:migrate|collectstatic|loaddata|clearsessions|check)$/ },
  { program: /^(?:airflow|superset|flask)$/, word: /^(?:upgrade|migrate|initdb|init)$/ },
];

export const startingRules: readonly Rule[] = [
  {
    id: "goes-to-background",
    doc: "A program that goes into the background looks to its supervisor as if it had ended.",
    check: eachProgram((program, command) => {
      const { startsecs, autorestart } = program.first;
      // Whoever writes both knows that it ends, and wants it only set going.
      if (startsecs <= 0 && autorestart === false) return undefined;
      const found = departure(program, command);
      if (!found) return undefined;
      const unless = found.mayStay ? ", unless its own configuration says no" : "";
      return {
        section: program.section,
        option: "command",
        message: `${found.what} goes into the background${unless}`,
        why: "What is started ends at once: the program is FATAL here, and really runs where nobody restarts or stops it.",
        instead: `command=${found.instead}`,
      };
    }),
  },
  {
    id: "ends-before-startsecs",
    doc: "A program that ends before startsecs has failed to start, even when it exits with 0.",
    check: eachProgram((program, command) => {
      const { section, first } = program;
      const life = lifeOf(command);
      if (!life || first.startsecs <= 0 || life.seconds > first.startsecs) return undefined;
      return {
        section,
        option: "startsecs",
        message: `${life.what} ends by itself, and before startsecs=${first.startsecs} that is a failed start`,
        why: "It is run again and again, and shown as FATAL although it did what it should.",
        instead: untilDone(program, life),
      };
    }),
  },
  {
    id: "restarts-forever",
    doc: "With startsecs=0 and autorestart=true a command that ends at once is started again without a pause.",
    check: eachProgram((program, command) => {
      const { section, first } = program;
      if (first.startsecs > 0 || first.autorestart !== true) return undefined;
      const life = lifeOf(command);
      // A command that takes its time makes the pause itself.
      if (!life || life.seconds > 0 || life.again) return undefined;
      return {
        section,
        option: "autorestart",
        message: `${life.what} ends by itself, and autorestart=true with startsecs=0 starts it again at once`,
        why: "It runs hundreds of times a second for ever: a core is lost, and the logs fill the disk.",
        instead: life.what === "schedule:run" ? scheduleWork(program) : "autorestart=false",
      };
    }),
  },
];

const scheduleWork = (program: Program): string =>
  `command=${shownCommand(program).replace("schedule:run", "schedule:work")}`;

function untilDone(program: Program, { what, again }: Life): string {
  if (what === "schedule:run") return scheduleWork(program);
  const forEver = program.first.autorestart === true && !again;
  return forEver ? "startsecs=0\nautorestart=false" : "startsecs=0";
}

function departure(program: Program, command: CommandLine) {
  const shown = shownCommand(program);
  const { shell, launchers } = command;
  if (shell?.script.commands.at(-1)?.end === "&" && !shell.script.compound) {
    const instead = shown.replace(/\s*&\s*(["']?)$/, "$1");
    return { what: `${shell.name} -c "… &"`, mayStay: false, instead };
  }
  const detached = launchers.find(({ name }) => name === "setsid");
  if (detached && findFlag(detached.words, ["-w", "--wait"]) === undefined) {
    const instead = shown.replace(/\bsetsid\s+(?:-\S+\s+)*/, "");
    return { what: "setsid", mayStay: false, instead };
  }
  const script = shell?.script.commands ?? [];
  const inner = script.at(-1);
  if (!shell || !inner) return departureOf(command, shown);
  const found = departureOf(command, masked(inner.text.replace(/^exec\s+/, "")));
  return (
    found && {
      ...found,
      instead: inShell(`${shell.name} ${shell.option}`, script.slice(0, -1), found.instead),
    }
  );
}

/** A command after those that come before it in a script; alone it needs no shell. */
function inShell(shell: string, before: Script["commands"], last: string): string {
  const lead = before.map(({ text, end }) => masked(text) + (end === ";" ? "; " : ` ${end} `));
  const script = `${lead.join("")}exec ${last}`.replaceAll("%", "%%");
  return lead.length === 0 || script.includes("'") ? last : `${shell} '${script}'`;
}

interface Life {
  what: string;
  /** How long it lives, in seconds, at most. */
  seconds: number;
  /** It is meant to be started again and again. */
  again?: boolean;
}

/** How long a command lives that ends by itself; undefined when nothing says that it does. */
export function lifeOf({ program, args, launchers, shell }: CommandLine): Life | undefined {
  const limit = launchers.find(({ name }) => name === "timeout");
  if (limit) {
    const text = limit.words.find((word, at) => at > 0 && /^\d/.test(word)) ?? "";
    const seconds = secondsOf([text]);
    if (seconds !== undefined) return { what: `timeout ${text}`, seconds };
  }
  // What a script did before its last command took its own time.
  if (shell && shell.script.commands.length > 1) return undefined;
  if (program === "sleep") {
    const seconds = secondsOf(args);
    return seconds === undefined ? undefined : { what: `sleep ${args.join(" ")}`, seconds };
  }
  if (brief.test(program)) return { what: program, seconds: 0 };
  const found = briefSubcommands.find((row) => row.program.test(program));
  const word = found && args.find((arg) => found.word.test(arg));
  if (word !== undefined) return { what: word, seconds: 0 };
  if (args.includes("--once")) return { what: `${program} --once`, seconds: 0, again: true };
  return undefined;
}

const units: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** The sum of `1`, `2.5s`, `3m`, as sleep takes them. */
function secondsOf(words: readonly string[]): number | undefined {
  let sum = 0;
  for (const word of words) {
    const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(word) ?? [];
    if (digits === undefined) return undefined;
    sum += Number(digits) * (units[unit] ?? 1);
  }
  return words.length > 0 ? sum : undefined;
}
