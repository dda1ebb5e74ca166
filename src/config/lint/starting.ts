import { type CommandLine, findFlag } from "./commandline.ts";
import { foregroundOf } from "./daemons.ts";
import { eachProgram, type Finding, type Program, type Rule, shownCommand } from "./rule.ts";

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
      const instead = foreground(program, command);
      if (instead === undefined) return undefined;
      return {
        section: program.section,
        option: "command",
        message: `${command.program || "the command"} goes into the background, unless its own configuration forbids it`,
        why: "What is started ends at once: the program is FATAL here, and really runs where nobody restarts or stops it.",
        instead,
      };
    }),
  },
  {
    id: "ends-before-startsecs",
    doc: "A program that ends before startsecs has failed to start, even when it exits with 0.",
    check: eachProgram((program, command) => {
      const { section, first } = program;
      const life = lifeOf(command);
      if (!life || life.seconds > first.startsecs || first.startsecs <= 0) return undefined;
      const found: Finding = {
        section,
        option: "startsecs",
        message: `${life.what} ends within ${first.startsecs} s, which counts as a failed start`,
        why: "It is run again and again, and shown as FATAL although it did what it should.",
        instead:
          first.autorestart === true && !life.again
            ? "startsecs=0\nautorestart=false"
            : "startsecs=0",
      };
      return found;
    }),
  },
];

function foreground(program: Program, command: CommandLine): string | undefined {
  const shown = shownCommand(program);
  const { shell, launchers } = command;
  const last = shell?.script.commands.at(-1);
  if (last?.end === "&" && !shell?.script.compound) {
    return `command=${shown.replace(/\s*&\s*(["']?)$/, "$1")}`;
  }
  const detached = launchers.find(({ name }) => name === "setsid");
  if (detached && findFlag(detached.words, ["-w", "--wait", "-f"]) === undefined) {
    return `command=${shown.replace(/\bsetsid\s+/, "")}`;
  }
  const written = foregroundOf(command, shown);
  return written === undefined ? undefined : `command=${written}`;
}

interface Life {
  what: string;
  /** How long it lives, in seconds, at most. */
  seconds: number;
  /** It is meant to be started again and again. */
  again?: boolean;
}

/** How long a command lives that ends by itself; undefined when nothing says that it does. */
function lifeOf({ program, args, launchers, shell }: CommandLine): Life | undefined {
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
