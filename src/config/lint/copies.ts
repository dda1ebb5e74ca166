import type { CommandLine } from "./commandline.ts";
import { eachProgram, type Rule } from "./rule.ts";

/** What must run once, because each copy would start the same jobs at the same times. */
interface SchedulerRow {
  title: string;
  is: (command: CommandLine) => boolean;
  /** What to do besides `numprocs=1`. */
  instead?: string;
}

const hasWord = (pattern: RegExp) => (command: CommandLine) =>
  command.args.some((word) => pattern.test(word));
/** RedBeat has a lock: its copies wait for each other. */
const locks = hasWord(/redbeat/i);

const schedulerRows: readonly SchedulerRow[] = [
  {
    title: "celery beat",
    is: (command) => isCelery(command, "beat") && !locks(command),
  },
  {
    title: "celery worker with -B",
    is: (command) =>
      isCelery(command, "worker") && hasWord(/^(?:-B|--beat)$/)(command) && !locks(command),
    instead: "command=… without -B, and celery beat in a program of its own",
  },
  {
    title: "Laravel's scheduler",
    is: (command) => command.program === "artisan" && hasWord(/^schedule:(?:work|run)$/)(command),
  },
  { title: "clockwork", is: ({ program }) => program === "clockwork" },
  { title: "cron", is: ({ program }) => /^(?:crond?|supercronic)$/.test(program) },
];

const isCelery = ({ program, args }: CommandLine, word: string): boolean =>
  program === "celery" && args.includes(word);

export const copyRules: readonly Rule[] = [
  {
    id: "scheduler-copies",
    doc: "A scheduler with numprocs over 1 starts every job as often as it has copies.",
    check: eachProgram(({ section, processes }, command) => {
      if (processes.length < 2) return undefined;
      const row = schedulerRows.find(({ is }) => is(command));
      if (!row) return undefined;
      return {
        section,
        option: "numprocs",
        message: `${row.title} must run once, and here are ${processes.length} copies`,
        why: "Each copy starts every job at its time: mails go out twice, and invoices are made twice.",
        instead: row.instead ?? "numprocs=1",
      };
    }),
  },
];
